"""From an answer with an error status to an error of the tree: what failed, what the server said, what to do."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from celigo_pandas.client.addresses import REGIONS
from celigo_pandas.client.history import redact_path
from celigo_pandas.client.json_bodies import decode
from celigo_pandas.client.messages import Request, Response
from celigo_pandas.errors import ApiError, Problem, error_for_status, problems_from_body

__all__ = ["error_of", "retry_after_s"]

_HINTS: dict[int, str] = {
    402: "The account's licence or a limit of its subscription may not allow this.",
    403: "The token's scope does not allow this, or the resource belongs to another account.",
    404: "It does not exist, or this token cannot see it.",
    405: "The server does not know this method here; is the base URL right?",
    413: "Send or ask for less at once: a smaller page_size or batch_size.",
    429: "Slow down, or try again later: the limit is per account.",
}
_SHOWN_PROBLEMS = 5


def error_of(request: Request, response: Response, base_url: str) -> ApiError:
    """Build the error for an answer that is not 2xx."""
    status = response.status
    problems = _problems(response)
    where = f"{request.method} {redact_path(request.path)}"
    if 300 <= status < 400:
        message = (
            f"{where}: the server redirected ({status}); redirects are not followed, so that the token stays here."
        )
        hint: str | None = f"Is {base_url} the API's own address?"
    else:
        said = "; ".join(str(problem) for problem in problems[:_SHOWN_PROBLEMS])
        more = len(problems) - _SHOWN_PROBLEMS
        said += f"; and {more} more" if more > 0 else ""
        message = f"{where} was answered with {status}: {said or _described(response)}."
        hint = _token_hint(base_url) if status == 401 else _HINTS.get(status)
    return error_for_status(status)(
        message,
        hint=hint,
        problems=problems,
        status=status,
        method=request.method,
        path=redact_path(request.path),
        retry_after_s=retry_after_s(response),
    )


def retry_after_s(response: Response) -> float | None:
    """Read ``Retry-After``: seconds, or a date; None when it is absent or neither."""
    text = response.headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())


def _problems(response: Response) -> tuple[Problem, ...]:
    try:
        return problems_from_body(decode(response.content, is_lenient=True))
    except ValueError:
        return ()


def _described(response: Response) -> str:
    kind = response.headers.get("content-type", "").partition(";")[0].strip() or "no content type"
    return f"no error list in the body ({kind}, {len(response.content):,} bytes)"


def _token_hint(base_url: str) -> str:
    """Ask the question that is most often the answer."""
    here = next((region for region, url in REGIONS.items() if url == base_url), None)
    if here is None:
        return "The token is wrong, expired or deleted, or belongs to another host (a US token on the EU host?)."
    others = ["na"] if here != "na" else [region for region in REGIONS if region != here]
    question = f"{'A US token' if here != 'na' else 'A token of another region'} on the {_PLACES[here]} host?"
    instead = " or ".join(f'region="{region}"' for region in others)
    return f"{question} Then use {instead}. Otherwise the token is wrong or expired: celigo.login()."


_PLACES = {"na": "US", "eu": "EU", "au": "AU", "ca": "CA"}
