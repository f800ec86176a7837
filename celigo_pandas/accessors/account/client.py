"""The client of a notebook: connections, saved documents, history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import pandas as pd

from celigo_pandas.accessors.account.collections import Connections, SavedExports, SavedImports, Scripts
from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.targets import forget_account, note_account
from celigo_pandas.client.addresses import BaseUrl
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.pacing import bucket_for
from celigo_pandas.errors import CeligoError, TransportError
from celigo_pandas.markup import Markup, table, tag

__all__ = ["Client"]


class Client:
    """A connected account. Made by :func:`~celigo_pandas.connect` or :func:`~celigo_pandas.local`.

    Parameters
    ----------
    api : ApiClient
        The low-level client, one method per endpoint.
    progress : "auto", "notebook", "text", False or callable
        Default of the progress bars.
    on_close : callable, optional
        Called once by :meth:`close`, after the connections are closed.

    Attributes
    ----------
    last_pull, last_push : object
        What the last pull or push left, also after it failed or was stopped; None at first.
    completions : dict
        Names that tab completion offers, by kind, with the time of their list: a key press asks no server twice.
    """

    def __init__(
        self, api: ApiClient, *, progress: ProgressSetting = "auto", on_close: Callable[[], None] | None = None
    ) -> None:
        self.api = api
        self.progress = progress
        self.last_pull: Any = None
        self.last_push: Any = None
        self.completions: dict[str, tuple[float, list[str]]] = {}
        self._on_close = on_close
        self._token_info: dict[str, Any] | None = None
        note_account(self)

    @property
    def connections(self) -> Connections:
        """The connections of the account."""
        return Connections(self)

    @property
    def exports(self) -> SavedExports:
        """The saved exports of the account (read only)."""
        return SavedExports(self)

    @property
    def imports(self) -> SavedImports:
        """The saved imports of the account (read only)."""
        return SavedImports(self)

    @property
    def scripts(self) -> Scripts:
        """The scripts of the account."""
        return Scripts(self)

    @property
    def base_url(self) -> str:
        """Scheme, host and port, without ``/v1``."""
        return self.api.base_url

    @property
    def host(self) -> str:
        """Host, with its port where it is not the usual one."""
        return BaseUrl.parse(self.api.base_url).netloc

    @property
    def account(self) -> str | None:
        """Id of the token's user; None until a call told it (:meth:`check`, or the first look at ``connections``)."""
        found = (self._token_info or {}).get("_userId")
        return found if isinstance(found, str) else None

    @property
    def read_only(self) -> bool:
        """Whether everything that could write is refused."""
        return self.api.read_only

    @property
    def is_local_engine(self) -> bool:
        """Whether the server is the engine of this package; False until a call told it."""
        return (self._token_info or {}).get("engine") == "celigo_pandas"

    @property
    def history(self) -> pd.DataFrame:
        """The calls made by this client, oldest first (the last 10,000).

        Columns: ``time`` (UTC), ``method``, ``path`` (redacted), ``status`` (nullable; missing when there was no
        answer), ``attempts``, ``bytes`` (of the answer), ``seconds``. RangeIndex.
        """
        calls = list(self.api.history)
        columns = {
            "time": pd.Series([call.time for call in calls], dtype="datetime64[us, UTC]"),
            "method": pd.Series([call.method for call in calls], dtype="object"),
            "path": pd.Series([call.path for call in calls], dtype="object"),
            "status": pd.Series([call.status for call in calls], dtype="Int64"),
            "attempts": pd.Series([call.attempts for call in calls], dtype="int64"),
            "bytes": pd.Series([call.bytes for call in calls], dtype="int64"),
            "seconds": pd.Series([call.seconds for call in calls], dtype="float64"),
        }
        return pd.DataFrame(columns)

    def check(self) -> dict[str, Any]:
        """Ask the server about the token: ``{"_userId", "scope"}``. One request.

        Raises
        ------
        AuthError
            The token is refused; the text asks the question that is most often the answer.

        Examples
        --------
        >>> "_userId" in client.check()
        True
        """
        info = self.api.token_info()
        self._learn(info)
        return dict(info)

    def ask_account_once(self) -> None:
        """Learn the account if it is not known yet. A token that may not ask is no failure. At most one request.

        Examples
        --------
        >>> client.ask_account_once()
        >>> client.account is None
        False
        """
        if self._token_info is None:
            try:
                self._learn(self.api.token_info())
            except TransportError:
                return
            except CeligoError:
                self._learn({})

    def close(self) -> None:
        """Close the pooled connections (and stop the engine of a local client). The client can be closed twice.

        Examples
        --------
        >>> with celigo.connect(token="a", base_url="http://127.0.0.1:9") as other:
        ...     other.read_only
        False
        """
        forget_account(self)
        self.api.close()
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            on_close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("A client holds a token and cannot be pickled. Call celigo.connect() in the other process.")

    def __repr__(self) -> str:
        notes = [self.host, f"account {self.account or 'not asked yet'}"]
        notes += ["local engine"] if self.is_local_engine else []
        notes += ["read-only"] if self.read_only else []
        return f"<celigo Client {', '.join(notes)}>"

    def _repr_html_(self) -> Markup:
        return tag("div", tag("b", "Client"), table(("", ""), self._facts()))

    def _facts(self) -> list[tuple[str, str]]:
        return [
            ("host", self.host),
            ("account", self.account or "not asked yet: client.check()"),
            ("server", "local engine" if self.is_local_engine else "integrator.io API"),
            ("writes", "refused (read-only)" if self.read_only else "allowed"),
        ]

    def _learn(self, info: dict[str, Any]) -> None:
        self._token_info = info
        if self.is_local_engine:
            self.api.bucket = None
        elif self.account is not None and self.api.bucket is not None:
            self.api.bucket = bucket_for(self.api.base_url, self.account, self.api.bucket)
