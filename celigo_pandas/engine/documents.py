"""Connections and saved exports and imports: made, replaced, patched, deleted, each change with its audit record.

A connection's secrets are stored in one sealed copy of the whole document; beside it lies the masked form, which is
all that answers, templates, audit records and logs ever see.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from celigo_pandas.engine.audit import change_records
from celigo_pandas.engine.choices import Choices
from celigo_pandas.engine.masking import mask
from celigo_pandas.engine.oauth import needs_authorization
from celigo_pandas.engine.patching import apply_patch
from celigo_pandas.engine.refusals import Refusal, invalid, not_found
from celigo_pandas.engine.store import Row, Store
from celigo_pandas.engine.vault import Vault
from celigo_pandas.errors import Problem
from celigo_pandas.resources.connections import validate_connection
from celigo_pandas.resources.patching import READ_ONLY_MEMBERS
from celigo_pandas.resources.secret import MASK

__all__ = ["DocumentService", "Person", "new_id", "wire_time"]

Person = Mapping[str, str]


def new_id() -> str:
    """Return a fresh 24-digit id: seconds since 1970, then random digits, as a MongoDB ObjectId."""
    return f"{int(time.time()) & 0xFFFFFFFF:08x}{os.urandom(8).hex()}"


def wire_time(moment: datetime) -> str:
    """Write a time as the API does: UTC, milliseconds, ``Z``."""
    utc = moment.astimezone(timezone.utc)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


class DocumentService:
    """All changes of documents go through here.

    Parameters
    ----------
    store, vault, choices
        Where documents are, what seals their secrets, and what is decided.
    person : mapping
        ``_id``, ``email``, ``name`` of the one user there is; appears in audit records.
    now : callable
        The clock, aware datetimes.
    """

    def __init__(
        self, store: Store, vault: Vault, choices: Choices, *, person: Person, now: Callable[[], datetime]
    ) -> None:
        self.store = store
        self._vault = vault
        self._choices = choices
        self._person = person
        self._now = now

    # reading -----------------------------------------------------------------------------------------------------

    def row(self, kind: str, id: str) -> Row:
        """Return the stored row, or refuse with 404."""
        found = self.store.get(kind, id)
        if found is None:
            raise not_found(_SINGULAR[kind], id)
        return found

    def shown(self, row: Row, *, whole: bool = False) -> dict[str, Any]:
        """Return the document as the API shows it; `whole` adds the members of get-by-id."""
        doc = dict(row.doc)
        if row.kind == "connections":
            doc["offline"] = row.offline
            if needs_authorization(doc):
                doc["needsAuthorization"] = True
            if whole:
                doc["queues"] = [{"name": row.id, "size": 0}]
        return doc

    def secrets(self, row: Row) -> dict[str, Any]:
        """Return a connection's document with its real secrets."""
        whole = self._vault.unseal(row.sealed) if row.sealed else dict(row.doc)
        return dict(whole)

    # changing ----------------------------------------------------------------------------------------------------

    def create(self, kind: str, doc: Mapping[str, Any]) -> Row:
        """Store a new document."""
        clean = {name: value for name, value in doc.items() if name not in READ_ONLY_MEMBERS}
        stamp = wire_time(self._now())
        whole = {"_id": new_id(), "createdAt": stamp, "lastModified": stamp, **clean}
        with self.store.changing():
            self._check(kind, whole, None)
            row = self._seal(kind, whole)
            self.store.put(row, self._records(row, "create", {}, {}))
        return row

    def replace(self, kind: str, id: str, doc: Mapping[str, Any]) -> Row:
        """Replace a document whole; members that are left out are erased."""
        with self.store.changing():
            old = self.row(kind, id)
            clean = {name: value for name, value in doc.items() if name not in READ_ONLY_MEMBERS}
            # New credentials deserve a try: a connection that was offline is not, once its document is another.
            return self._change(old, clean, version=old.version + 1, offline=False)

    def patch(self, kind: str, id: str, operations: Any) -> Row:
        """Apply a JSON Patch of whitelisted paths."""
        with self.store.changing():
            old = self.row(kind, id)
            whole = {name: value for name, value in self.secrets(old).items() if name not in READ_ONLY_MEMBERS}
            # What can be patched decides neither where requests go nor with what credentials, so that running calls
            # go on, and a connection that is offline waits for its ping.
            changed = apply_patch(kind, whole, operations)
            return self._change(old, changed, version=old.version, offline=old.offline)

    def store_secrets(self, id: str, changes: Mapping[str, Any], version: int) -> bool:
        """Store new values at dotted paths of a connection (refreshed tokens); not an audited change.

        Returns
        -------
        bool
            False, and nothing is stored, when the document is not of that `version` any more: the values belong to
            another system than the one it may name now.
        """
        with self.store.changing():
            old = self.row("connections", id)
            if old.version != version:
                return False
            whole = self.secrets(old)
            for path, value in changes.items():
                _set(whole, path, value)
            self.store.put(replace(self._seal(old.kind, whole), version=old.version, offline=old.offline))
        return True

    def note_authorized(self, id: str) -> None:
        """Record that a person consented to an OAuth connection; it is on line again."""
        path = "http.auth.token.token"
        change = {"fieldPath": path, "oldValue": MASK, "newValue": MASK}
        changes = {"fieldChanges": [change]} if self._choices.audit_lists_changes else {"fieldChange": change}
        record = {
            "_id": new_id(),
            "resourceType": "connection",
            "_resourceId": id,
            "event": "update",
            "source": "system",
            "time": wire_time(self._now()),
            "byUser": dict(self._person),
            **changes,
        }
        with self.store.changing():
            self.store.put(replace(self.row("connections", id), offline=False), [record])

    def delete(self, kind: str, id: str) -> None:
        """Remove a document, unless others need it."""
        with self.store.changing():
            row = self.row(kind, id)
            users = self.dependencies(id) if kind == "connections" else {}
            if users and self._choices.delete_in_use_refused:
                named = "; ".join(f"{name} {', '.join(one['_id'] for one in ones)}" for name, ones in users.items())
                raise invalid("resource_in_use", f"The connection is in use by {named}. Delete those first.", "_id")
            self.store.delete(kind, id, self._records(row, "delete", row.doc, {}))

    def dependencies(self, id: str) -> dict[str, list[dict[str, Any]]]:
        """Return the saved documents that use a connection, by kind; empty when none does."""
        found: dict[str, list[dict[str, Any]]] = {}
        for kind in ("exports", "imports"):
            rows = self.store.rows(kind, connection_id=id)
            if rows:
                found[kind] = [{"id": row.id, "_id": row.id, "name": row.doc.get("name", "")} for row in rows]
        borrowing = [
            row for row in self.store.rows("connections")
            if row.doc.get("_borrowConcurrencyFromConnectionId") == id and row.id != id
        ]  # fmt: skip
        if borrowing:
            found["connections"] = [{"id": r.id, "_id": r.id, "name": r.doc.get("name", "")} for r in borrowing]
        return found

    # ----------------------------------------------------------------------------------------------------------

    def _change(self, old: Row, clean: dict[str, Any], *, version: int, offline: bool) -> Row:
        whole = {
            "_id": old.id,
            "createdAt": old.doc.get("createdAt"),
            "lastModified": wire_time(self._now()),
            **clean,
        }
        self._check(old.kind, whole, old)
        row = replace(self._seal(old.kind, whole), version=version, offline=offline)
        self.store.put(row, self._records(row, "update", self.secrets(old), whole, old.doc))
        return row

    def _seal(self, kind: str, whole: dict[str, Any]) -> Row:
        if kind != "connections":
            return Row(kind, whole["_id"], whole)
        return Row(kind, whole["_id"], mask(whole), self._vault.seal(whole))

    def _records(
        self, row: Row, event: str, old: Mapping[str, Any], new: Mapping[str, Any], old_masked: Any = None
    ) -> list[dict[str, Any]]:
        return change_records(
            event,
            _SINGULAR[row.kind],
            row.id,
            old=old,
            new=new,
            masked_old=old_masked if old_masked is not None else old,
            masked_new=row.doc if event != "delete" else {},
            person=self._person,
            time=wire_time(self._now()),
            new_id=new_id,
            as_list=self._choices.audit_lists_changes,
        )

    def _check(self, kind: str, whole: Mapping[str, Any], old: Row | None) -> None:
        if kind == "connections":
            problems = validate_connection(whole, masks=not self._choices.mask_written_is_refused)
        else:
            problems = self._document_problems(kind, whole)
        if problems:
            raise Refusal(422, problems)
        external = whole.get("externalId")
        if isinstance(external, str) and external and self._choices.conflict_on_external_id:
            twins = [row.id for row in self.store.rows(kind, external_id=external) if old is None or row.id != old.id]
            if twins:
                text = f"externalId {external[:80]!r} is taken by {twins[0]}."
                raise Refusal(409, [Problem("duplicate_external_id", text, "externalId")])

    def _document_problems(self, kind: str, whole: Mapping[str, Any]) -> list[Problem]:
        problems = []
        name, connection_id = whole.get("name"), whole.get("_connectionId")
        if not isinstance(name, str) or not name:
            problems.append(Problem("missing_required_field", "Expected field: name to be present.", "name"))
        elif len(name) > 100:
            problems.append(Problem("invalid_field", "name has more than 100 characters.", "name"))
        if connection_id is None and whole.get("type") not in {"webhook", "simple"}:
            text = "Expected field: _connectionId to be present."
            problems.append(Problem("missing_required_field", text, "_connectionId"))
        elif connection_id is not None and (
            not isinstance(connection_id, str) or self.store.get("connections", connection_id) is None
        ):
            problems.append(Problem("invalid_ref", "Invalid reference: _connectionId", "_connectionId"))
        return problems


_SINGULAR: Mapping[str, str] = {"connections": "connection", "exports": "export", "imports": "import"}


def _set(doc: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    here = doc
    for name in parents:
        below = here.get(name)
        if not isinstance(below, dict):
            below = here[name] = {}
        here = below
    if value is None:
        here.pop(last, None)
    else:
        here[last] = value
