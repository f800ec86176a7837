"""Scripts of an account: read, changed without losing their code, debugged."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pandas as pd

from celigo_pandas.accessors.account.logs import audit_frame, dependencies_frame, script_log_frame
from celigo_pandas.accessors.targets import Account
from celigo_pandas.documents.counts import as_number, whole_number
from celigo_pandas.documents.patching import patch_operations
from celigo_pandas.documents.script_documents import DEBUG_MINUTES, LEVELS, new_content
from celigo_pandas.documents.script_sources import ScriptLike, read_source
from celigo_pandas.errors import ConfigError, DocumentError, shown
from celigo_pandas.markup import Markup, table, tag

__all__ = ["SavedScript"]


class SavedScript:
    """A script of the account; taken wherever a script is, and by :class:`~celigo_pandas.Script`.

    Parameters
    ----------
    client : Client
    doc : mapping
        As the server answered it; a list's entry has no ``content``, which is then read when it is asked for.
    """

    def __init__(self, client: Account, doc: Mapping[str, Any]) -> None:
        self.client = client
        self._doc = dict(doc)
        self._is_whole = "content" in doc

    @property
    def id(self) -> str:
        """The ``_id``."""
        return str(self._doc.get("_id", ""))

    @property
    def name(self) -> str:
        """The name, or the id where there is none."""
        return str(self._doc.get("name") or self.id)

    @property
    def content(self) -> str:
        """The JavaScript; empty where it was erased. One request where the document came from a list.

        Raises
        ------
        DocumentError
            The server answers something else than text.
        """
        content = self.doc.get("content")
        if not isinstance(content, (str, type(None))):
            raise DocumentError(f"The content of the script {self.name!r} is {shown(content)}; expected text.")
        return content or ""

    @property
    def doc(self) -> dict[str, Any]:
        """A copy of the whole document. One request where it came from a list."""
        if not self._is_whole:
            self.refresh()
        return copy.deepcopy(self._doc)

    def refresh(self) -> SavedScript:
        """Read the document anew (one request) and return the script.

        Examples
        --------
        >>> script.refresh().name
        'Orders'
        """
        self._doc, self._is_whole = self.client.api.get_script(self.id), True
        return self

    def update(
        self, *, content: ScriptLike | None = None, name: str | None = None, description: str | None = None
    ) -> SavedScript:
        """Change what is given, and leave the rest; the code is never erased.

        Parameters
        ----------
        content : str, path or saved script, optional
            The new code, as :class:`~celigo_pandas.Script` takes it.
        name, description : str, optional

        Returns
        -------
        SavedScript
            This one, with the new document.

        Raises
        ------
        ConfigError
            Nothing is given, or the client is read-only.
        DocumentError
            The new code is empty; or none is given, and the server did not answer the present one, so that a
            replacement could erase it.

        Notes
        -----
        Requests: a GET of the present document and a PUT of the changed one, which holds its code. Where the server
        answers nothing to the PUT, one more GET.

        Examples
        --------
        >>> script.update(description="Before the mapping.").doc["description"]
        'Before the mapping.'
        """
        given = {"name": name, "description": description}
        changes: dict[str, Any] = {member: value for member, value in given.items() if value is not None}
        if content is not None:
            changes["content"] = read_source(content).text
        if not changes:
            raise ConfigError("Nothing to change; expected content=, name= or description=.")
        doc = new_content(self.client.api.get_script(self.id), changes)
        answer = self.client.api.replace_script(self.id, doc)
        if answer is None or "content" not in answer:
            return self.refresh()
        self._doc, self._is_whole = answer, True
        return self

    def delete(self) -> None:
        """Delete the script (one request); the server may refuse while documents refer to it.

        Examples
        --------
        >>> made = client.scripts.create("To go", "function filter(options) { return true }")
        >>> made.delete()
        """
        self.client.api.delete_script(self.id)
        self.client.completions.pop("scripts", None)

    def enable_debug(self, minutes: float = 15) -> datetime:
        """Keep what the script logs for the next minutes (0 stops) and return until when, in UTC. One request.

        Parameters
        ----------
        minutes : float, default 15
            An hour at most, as the platform has it.

        Raises
        ------
        ConfigError
            More than an hour, or no number.

        Examples
        --------
        >>> script.enable_debug(5) > pd.Timestamp.now("UTC")
        True
        """
        number = as_number(minutes)
        if number is None or not 0 <= number <= DEBUG_MINUTES:
            raise ConfigError(f"Bad minutes {shown(minutes)}; expected a number from 0 to {DEBUG_MINUTES}.")
        until = datetime.now(timezone.utc) + timedelta(minutes=number)
        text = until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.client.api.patch_document("scripts", self.id, patch_operations({"debugUntil": text}))
        self._doc["debugUntil"] = text
        return until

    def logs(
        self,
        *,
        level: str | None = None,
        function: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """What the script logged on the server while it was debugged, the newest first.

        Parameters
        ----------
        level : {"debug", "info", "warn", "error"}, optional
            Only lines of this level.
        function : str, optional
            Only of calls of this kind: ``"preMap"``, ``"filter"``, ….
        since : datetime, optional
            Only later lines; without a zone it is UTC.
        limit : int, optional
            At most so many lines. Every line without it.

        Returns
        -------
        DataFrame
            RangeIndex; ``time`` (UTC), ``level``, ``function``, ``resource_id``, ``message``.

        Notes
        -----
        Requests: one a page of the log.

        Examples
        --------
        >>> script.logs(level="error").message.tolist()
        []
        """
        if level is not None and level not in LEVELS:
            raise ConfigError(f"level: got {shown(level)}; expected one of {', '.join(LEVELS)}.")
        most = None if limit is None else whole_number("limit", limit, 0, otherwise="None")
        filters: dict[str, str | int] = {} if function is None else {"functionType": function}
        if since is not None:
            filters["time_gt"] = _milliseconds(since)
        entries: Iterator[dict[str, Any]] = self.client.api.script_log(self.id, **filters)
        # The platform leaves the level to whoever asks.
        chosen = (entry for entry in entries if level is None or str(entry.get("logLevel")).lower() == level)
        return script_log_frame(itertools.islice(chosen, most))

    def audit_log(self, **filters: str) -> pd.DataFrame:
        """Who changed what: one row per changed field.

        Parameters
        ----------
        **filters : str
            Query parameters, as the server knows them (``source``, ``limit``, …).

        Examples
        --------
        >>> len(script.audit_log()) > 0
        True
        """
        return audit_frame(self.client.api.audit_log_of("scripts", self.id, **filters))

    def dependencies(self) -> pd.DataFrame:
        """What refers to the script: ``kind, id, name, paths, access_level, dependency_ids``. One request.

        Examples
        --------
        >>> script.dependencies().kind.tolist()
        []
        """
        return dependencies_frame(self.client.api.dependencies_of("scripts", self.id))

    def __repr__(self) -> str:
        return f"<celigo saved script {self.name!r}, {self.id}, at {self.client.host}>"

    def _repr_html_(self) -> Markup:
        rows = [
            ("id", self.id),
            ("host", self.client.host),
            ("description", self._doc.get("description") or ""),
            ("last modified", self._doc.get("lastModified") or ""),
        ]
        parts = [tag("b", self.name), table(("", ""), rows)]
        content = self._doc.get("content")
        if isinstance(content, str):
            parts.append(tag("pre", content))
        return tag("div", *parts)


def _milliseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return int(aware.timestamp() * 1000)
