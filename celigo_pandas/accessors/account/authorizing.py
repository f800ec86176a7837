"""OAuth 2.0 authorization of a connection: show the link, open it, wait until it is done."""

from __future__ import annotations

import re
import sys
import time
import webbrowser
from collections.abc import Callable
from typing import Any, Protocol

from celigo_pandas.accessors.targets import Account
from celigo_pandas.errors import ApiError, ConfigError, RequestTimeoutError, shown
from celigo_pandas.markup import link, tag

__all__ = ["authorize"]

_URL_MEMBERS = ("authorizationURL", "authorizationUrl", "authorize_url", "url")


class Refreshable(Protocol):
    """A connection that can be read again."""

    @property
    def client(self) -> Account:
        """The client."""

    @property
    def id(self) -> str:
        """The ``_id``."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def doc(self) -> dict[str, Any]:
        """The document as last read."""

    def refresh(self) -> Refreshable:
        """Read the document again."""


def authorize(
    connection: Refreshable,
    *,
    timeout: float = 180,
    every: float = 3,
    open_browser: bool = True,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Show and open the provider's page and poll the connection until ``needsAuthorization`` is false.

    Raises
    ------
    ApiError
        The connection does not use OAuth, or the server's link is not http(s).
    RequestTimeoutError
        Nobody finished the authorization in time.
    """
    if timeout <= 0 or every <= 0:
        raise ConfigError(f"Bad timeout {shown(timeout)} or interval {shown(every)}; expected seconds above 0.")
    before = connection.refresh().doc
    answer = connection.client.api.oauth2(connection.id)
    url = next((answer[name] for name in _URL_MEMBERS if isinstance(answer.get(name), str)), None)
    if url is None or not re.match(r"https?://[^\s]+\Z", url, re.IGNORECASE):
        raise ApiError(
            f"Connection {connection.name!r}: the server gave no http(s) link for its authorization; got {shown(url)}.",
            hint="It was not opened.",
        )
    _show(connection.name, url)
    if open_browser:
        webbrowser.open(url)
    deadline = monotonic() + timeout
    while True:
        doc = connection.refresh().doc
        if not doc.get("needsAuthorization", False) and (before.get("needsAuthorization") or _differs(before, doc)):
            return
        if monotonic() + every > deadline:
            raise RequestTimeoutError(
                f"Connection {connection.name!r} was not authorized within {timeout:g} s.",
                hint="Call authorize() again, and finish the page of the provider before that.",
                timeout_s=timeout,
            )
        sleep(every)


def _differs(before: dict[str, object], after: dict[str, object]) -> bool:
    """Whether a connection that was authorized already has been changed since."""
    return before.get("lastModified") != after.get("lastModified")


def _show(name: str, url: str) -> None:
    interactive = sys.modules.get("IPython")
    if interactive is not None and interactive.get_ipython() is not None:
        from IPython.display import HTML, display

        display(HTML(tag("div", "Authorize ", tag("b", name), ": ", link(url))))
    else:
        sys.stdout.write(f"Authorize {name!r} at {url}\n")
