"""A request before it is sent: what the document says (`Spec`), and the same rendered (`Draft`).

The rule kept here: the real connection is seen by templates only when the request goes to the connection's own origin.
A URI that leads elsewhere is rendered with masks, and gets neither the connection's headers nor its credentials.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from requests.structures import CaseInsensitiveDict

from celigo_pandas.engine.adaptors.http.empty_nodes import without_empty_text
from celigo_pandas.engine.adaptors.http.media import MediaError, encode
from celigo_pandas.engine.adaptors.http.origins import is_absolute, join, origin_of, same_origin
from celigo_pandas.engine.adaptors.http.templates import Chance, DynamicLookup, render
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.errors import shown
from celigo_pandas.handlebars.contexts import connection_context

__all__ = ["Draft", "Spec", "check_header_name", "draft_request"]

_METHOD = re.compile(r"[A-Z]+(?:-[A-Z]+)*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
"""Source: RFC 9110, section 5.6.2."""
_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Spec:
    """One request as its document says it.

    Parameters
    ----------
    method : str
    uri : str
        Template, below ``baseURI`` or absolute.
    url : str, optional
        A ready URL that an answer named (next page, redirect); wins over `uri` and is no template.
    shown_url : str, optional
        The same for logs: relative to what they show of the URL at which that answer stood.
    headers : sequence of mapping
        ``{name, value}`` with template values; they win over the connection's of the same name.
    body : str, optional
        Template; or `content`, a record (or records) to be encoded as `media` says.
    drops_empty : bool
        Whether the rendered body goes without its empty nodes.
    context, body_context : mapping
        What the templates see; ``connection`` in them is masked.
    is_own : bool
        False for a request that must not carry credentials whatever its origin (a token endpoint).
    """

    method: str
    uri: str = ""
    url: str | None = None
    shown_url: str | None = None
    headers: Sequence[Mapping[str, Any]] = ()
    body: str | None = None
    content: Any = None
    media: str = "json"
    accept: str = "json"
    context: Mapping[str, Any] = field(default_factory=dict, repr=False)
    body_context: Mapping[str, Any] | None = field(default=None, repr=False)
    lookups: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    dynamic_lookups: DynamicLookup | None = field(default=None, repr=False)
    strict: bool = False
    drops_empty: bool = False


@dataclass(slots=True)
class Draft:
    """One request, rendered; credentials are put on it next. It shows no header and no body."""

    method: str
    url: str = field(repr=False)
    headers: CaseInsensitiveDict[str] = field(repr=False)
    body: bytes | None = field(repr=False)
    media: str
    is_own: bool
    token: str = field(default="", repr=False)


_ACCEPT = {
    "json": "application/json, */*;q=0.5",
    "xml": "application/xml, text/xml, */*;q=0.5",
    "csv": "text/csv, */*;q=0.5",
}


def draft_request(spec: Spec, real: Mapping[str, Any], chance: Chance | None = None) -> Draft:
    """Render a request.

    Parameters
    ----------
    real : mapping
        The connection in the ``http`` form with its secrets; leave this function's frame before anything is raised
        to others (see ``sealed``).
    chance : Chance, optional
        The clock and random numbers of its templates, for a second rendering that differs in nothing else.

    Raises
    ------
    SourceFailure
        A URL, a header or a body that cannot be sent.
    TemplateError
        A template cannot be rendered.
    """
    method = spec.method.strip().upper()
    if not _METHOD.fullmatch(method):
        raise SourceFailure("The method is no HTTP method: expected letters only.", code="invalid_field", sent=False)
    http = real["http"]
    chance = chance or Chance()
    seeing = {**spec.context, **connection_context(real)}
    base = render(str(http.get("baseURI") or ""), connection_context(real, spec.context.get("settings")))
    url, is_own = _target(spec, base, seeing, chance)
    context = seeing if is_own else spec.context
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    if is_own:
        sources = [*(http.get("headers") or ()), *spec.headers]
    else:
        # Where the document itself names the other server, its headers are meant for it; where an answer does, not.
        sources = list(spec.headers) if spec.url is None else []
    for header in sources:
        name, value = str(header.get("name") or "").strip(), str(header.get("value") or "")
        if name:
            headers[name] = _header(name, _render(spec, value, context, chance))
    body, content_type = _body(spec, real if is_own else None, chance)
    if content_type:
        headers.setdefault("Content-Type", content_type)
        if content_type.startswith("multipart/"):
            # The boundary is part of it, so a configured one cannot be right.
            headers["Content-Type"] = content_type
    headers.setdefault("Accept", _ACCEPT.get(spec.accept, "*/*"))
    headers.setdefault("Accept-Encoding", "gzip, deflate")
    headers.setdefault("User-Agent", "celigo-pandas-engine")
    return Draft(method, url, headers, body, spec.media, is_own)


def _target(spec: Spec, base: str, seeing: Mapping[str, Any], chance: Chance) -> tuple[str, bool]:
    """Return the URL and whether it is the connection's own."""
    try:
        origin_of(base)
    except ValueError:
        raise SourceFailure(
            "The connection's http.baseURI is no http(s) URL.", code="invalid_base_uri", field="http.baseURI"
        ) from None
    if spec.url is not None:
        return spec.url, same_origin(base, spec.url)
    # First with masks: what decides where the request goes may not hold a secret unless it goes home.
    masked = _render(spec, spec.uri, spec.context, chance, escape="url")
    if is_absolute(masked) and not same_origin(base, masked):
        return masked.strip(), False
    rendered = _render(spec, spec.uri, seeing, chance, escape="url")
    url = rendered.strip() if is_absolute(rendered) else join(base, rendered)
    if not same_origin(base, url):
        raise SourceFailure(
            "The URI leads to another origin only when the connection's secrets are filled in; that is refused.",
            code="other_origin",
            field="http.relativeURI",
        )
    return url, True


def _body(spec: Spec, real: Mapping[str, Any] | None, chance: Chance) -> tuple[bytes | None, str | None]:
    value = spec.content
    if spec.body:
        context = spec.context if spec.body_context is None else spec.body_context
        value = _render(spec, spec.body, context if real is None else {**context, **connection_context(real)}, chance)
        value = without_empty_text(value, spec.media) if spec.drops_empty else value
        if not value.strip():
            value = None
    if value is None or (spec.body is None and spec.method.upper() in _BODILESS):
        return None, None
    try:
        return encode(value, spec.media)
    except MediaError as error:
        raise SourceFailure(f"The request body cannot be built: {error}.", code="invalid_body") from None


def _render(
    spec: Spec, text: str, context: Mapping[str, Any], chance: Chance, escape: Literal["none", "url"] = "none"
) -> str:
    return render(
        text,
        context,
        escape=escape,
        lookups=spec.lookups,
        dynamic_lookups=spec.dynamic_lookups,
        strict=spec.strict,
        chance=chance,
    )


def check_header_name(name: str) -> None:
    """Refuse a name that is none, and the two that say where the body ends.

    Raises
    ------
    SourceFailure
        The request would be read otherwise than it was meant.
    """
    if not _HEADER_NAME.fullmatch(name):
        text = f"{shown(name)} is no name of a header: letters, digits and !#$%&'*+-.^_`|~ only."
        raise SourceFailure(text, code="invalid_header", sent=False)
    if name.lower() in {"content-length", "transfer-encoding"}:
        text = f"A document may not set the header {name}: the engine says how long the body is."
        raise SourceFailure(text, code="invalid_header", sent=False)


def _header(name: str, value: str) -> str:
    check_header_name(name)
    value = value.strip()
    if any(character in value for character in "\r\n\0"):
        raise SourceFailure(
            f"Header {name!r} would hold a line break after rendering; that is refused.", code="invalid_header"
        )
    return value if value.isascii() else value.encode("utf-8").decode("latin-1")
