"""One call to an outer system: the context its templates see, what it may reach, and where its log goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from threading import Event
from typing import Any

from celigo_pandas.engine.adaptors.protocol import Adaptor, Call, SourceFailure
from celigo_pandas.engine.adaptors.registry import adaptor_for, adaptor_name, names
from celigo_pandas.engine.choices import Choices
from celigo_pandas.engine.refusals import Refusal, invalid
from celigo_pandas.engine.safety.masking import Redactor
from celigo_pandas.engine.safety.reach import Reach
from celigo_pandas.engine.storage.access import SavedAccess, VirtualAccess
from celigo_pandas.engine.storage.document_service import wire_time
from celigo_pandas.errors import Problem
from celigo_pandas.handlebars.contexts import surroundings

__all__ = ["Access", "CallFactory", "built_adaptor", "failed_source", "not_built"]

Access = SavedAccess | VirtualAccess


class CallFactory:
    """Makes :class:`Call` objects."""

    def __init__(
        self,
        reach: Reach,
        choices: Choices,
        now: Callable[[], datetime],
        debug: Callable[[Access, str, Mapping[str, Any]], Callable[[str, Mapping[str, Any]], None]],
        timeout_s: float,
        is_debugging: Callable[[Access, Mapping[str, Any]], bool],
        writing: Callable[[str], AbstractContextManager[None]],
        readers: Callable[[str], list[str]],
        progress: Callable[[str], int],
    ) -> None:
        self._reach = reach
        self._choices = choices
        self._now = now
        self._debug = debug
        self._timeout_s = timeout_s
        self._is_debugging = is_debugging
        self._writing = writing
        self._readers = readers
        self._progress = progress

    def make(self, access: Access, kind: str, doc: Mapping[str, Any]) -> Call:
        """Return the call of one ``export``, ``import`` or ``connection`` (ping) document."""
        return Call(
            connection=access,
            reach=self._reach,
            context=self._context(access, kind, doc),
            debug=self._debug(access, kind, doc),
            stop=Event(),
            deadline=time.monotonic() + self._timeout_s,
            now=self._now,
            choices=self._choices,
            is_debugging=self._is_debugging(access, doc),
            writing=self._writing,
            readers=self._readers,
            progress=self._progress,
        )

    def extend(self, call: Call) -> None:
        """Give a call its full time again (the next page of a walk)."""
        call.deadline = time.monotonic() + self._timeout_s

    def _context(self, access: Access, kind: str, doc: Mapping[str, Any]) -> dict[str, Any]:
        context = surroundings(kind, doc, access.masked)
        if kind == "export":
            context |= self._delta(doc)
        return context

    def _delta(self, doc: Mapping[str, Any]) -> dict[str, str]:
        delta = doc.get("delta")
        delta = delta if isinstance(delta, Mapping) else {}
        current = self._now()
        last = _read_date(delta.get("startDate") or self._choices.last_export_epoch)
        lag = delta.get("lagOffset")
        if isinstance(lag, (int, float)) and not isinstance(lag, bool):
            try:
                last -= timedelta(milliseconds=lag)
            except OverflowError:
                raise invalid("invalid_field", f"delta.lagOffset {lag!r} is out of range.", "delta.lagOffset") from None
        write = _writer(delta.get("dateFormat"))
        return {
            "lastExportDateTime": write(last),
            "lastExportDateTimeUTC": write(last.astimezone(timezone.utc)),
            "currentExportDateTime": write(current),
            "currentExportDateTimeUTC": write(current.astimezone(timezone.utc)),
        }


def built_adaptor(connection: Mapping[str, Any], capability: str) -> Adaptor | None:
    """Return the adaptor of a connection if it is built and can do this.

    Raises
    ------
    MissingExtraError
        It needs an extra that is not installed.
    """
    adaptor = adaptor_for(connection)
    return adaptor if adaptor is not None and capability in adaptor.capabilities else None


def not_built(connection: Mapping[str, Any], what: str, instead: str) -> Refusal:
    """Return the 422 of a system that the engine cannot reach."""
    name = adaptor_name(connection)
    text = f"The local engine has no {what} for {name!r} connections; it has them for {', '.join(names())}. {instead}"
    return invalid("adaptor_not_built", text.strip(), "type")


def failed_source(failure: SourceFailure, access: Access, redactor: Redactor, choices: Choices) -> Refusal:
    """Return what a failure of the source is answered with; marks the connection offline if it asks for that."""
    if failure.offline:
        access.set_offline(True)
    problem = Problem(failure.code, redactor.text(failure.message), failure.field, "application")
    return Refusal(choices.source_failure_status, [problem])


def _read_date(text: object) -> datetime:
    from celigo_pandas.javascript.dates import DateError, compile_reader

    try:
        return compile_reader(None, None)(text)
    except DateError as error:
        raise invalid("invalid_field", f"delta.startDate: {error}", "delta.startDate") from None


def _writer(form: object) -> Callable[[datetime], str]:
    if not isinstance(form, str) or not form:
        return wire_time
    from celigo_pandas.javascript.dates import compile_writer

    return compile_writer(form, None)
