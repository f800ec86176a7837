"""Whether a system can be reached with a connection's credentials, and what there is in it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from celigo_pandas.documents.canonical import canonical
from celigo_pandas.documents.connection_documents import validate_connection
from celigo_pandas.engine.adaptors.protocol import Describing, PingOutcome, SourceFailure
from celigo_pandas.engine.choices import Choices
from celigo_pandas.engine.refusals import Refusal, invalid, refusal_of
from celigo_pandas.engine.runs.calls import Access, built_adaptor, failed_source, not_built
from celigo_pandas.engine.runs.sources import Sources
from celigo_pandas.engine.storage.access import VirtualAccess
from celigo_pandas.errors import MissingExtraError, Problem

__all__ = ["PingService"]

_REFUSED = frozenset({401, 403})
"""What tells by itself that the credentials were looked at."""


class PingService:
    """Pings connections, and asks their systems what they hold."""

    def __init__(self, sources: Sources, choices: Choices) -> None:
        self._sources = sources
        self._choices = choices

    async def ping_document(self, doc: Mapping[str, Any]) -> dict[str, Any]:
        """Ping a connection document that is not stored; :class:`Refusal` 422 for one that cannot be read."""
        doc = canonical("connections", doc)
        problems = validate_connection({"name": "virtual", **doc})
        if problems:
            raise Refusal(422, problems)
        access = VirtualAccess(doc)
        try:
            return await self.ping(access)
        finally:
            access.close()

    async def ping(self, access: Access) -> dict[str, Any]:
        """Ping, note whether the connection is offline, and return what is answered.

        Raises
        ------
        Refusal
            422: the system failed in a way that is no answer to a ping; any failure, where the choice is so.
        """
        try:
            adaptor = built_adaptor(access.masked, "ping")
            if adaptor is None:
                again = "It can be stored, and its exports answer from their mockOutput."
                return self._untried(not_built(access.masked, "ping", again))
            call = self._sources.call(access, "connection", access.masked)
            outcome = await self._sources.work(access, call, partial(adaptor.ping, call))
        except MissingExtraError as error:
            return self._untried(refusal_of(error))
        except SourceFailure as failure:
            raise invalid(failure.code, access.redactor().text(failure.message), failure.field) from None
        is_good = outcome.code == 200 and not outcome.errors
        if outcome.checked and outcome.lasting and is_good == access.is_offline:
            await self._sources.mark(access, offline=not is_good)
        return {"code": 200} if is_good else self._failed(access, outcome)

    def _failed(self, access: Access, outcome: PingOutcome) -> dict[str, Any]:
        errors = [access.redactor().value(error) for error in outcome.errors]
        if self._choices.ping_failure_in_body:
            notes = {} if outcome.code in _REFUSED else {"checked": outcome.checked}
            return {"code": outcome.code, "errors": errors, **notes}
        problems = [
            Problem(str(one.get("code", "")), str(one.get("message", "")), source="connection") for one in errors
        ]
        raise Refusal(422, problems or [Problem("ping_failed", f"The system answered {outcome.code}.")])

    def _untried(self, refusal: Refusal) -> dict[str, Any]:
        """Answer a ping that could not be sent: nothing is known of the system, so the connection stays as it was."""
        if not self._choices.ping_failure_in_body:
            raise refusal
        errors = [problem.to_dict() for problem in refusal.problems]
        return {"code": 422, "errors": errors, "checked": False, "reached": False}

    async def metadata(self, access: Access, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what there is in a connection's system (tables, columns of a database).

        Parameters
        ----------
        access : SavedAccess or VirtualAccess
        asked : mapping
            The body of the request: a block that bears the connection type's name, ``refreshCache``.

        Raises
        ------
        Refusal
            422: the order cannot be read, nothing is built for the system, or it failed.
        """
        order = asked.get(access.type)
        if not isinstance(order, dict):
            text = f"Expected field: {access.type} to be present."
            raise invalid("missing_required_field", text, access.type)
        if not isinstance(asked.get("refreshCache", False), bool):
            raise invalid("invalid_field", "refreshCache is neither true nor false.", "refreshCache")
        adaptor = built_adaptor(access.masked, "metadata")
        if adaptor is None:
            raise not_built(access.masked, "metadata", "SQL databases have it.")
        if access.is_offline:
            raise invalid("connection_offline", "The connection is offline. Correct it, then ping it.", "_connectionId")
        call = self._sources.call(access, "connection", access.masked)
        try:
            return await self._sources.work(access, call, partial(cast(Describing, adaptor).metadata, call, order))
        except SourceFailure as failure:
            raise failed_source(failure, access, access.redactor(), self._choices) from None
