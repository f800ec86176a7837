"""Connections, scripts, saved exports and imports: made, replaced, patched, deleted; each change with an audit record.

A connection's secrets are stored in one sealed copy of the whole document; beside it lies the masked form, which is
all that answers, templates, audit records and logs ever see.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from celigo_pandas.documents.canonical import canonical
from celigo_pandas.documents.connection_documents import validate_connection
from celigo_pandas.documents.dotted import put_member, remove_member
from celigo_pandas.documents.patching import READ_ONLY_MEMBERS
from celigo_pandas.documents.saved_documents import check_saved, needs_connection
from celigo_pandas.documents.script_documents import check_debug_until, check_script
from celigo_pandas.documents.secret import MASK
from celigo_pandas.engine.choices import Choices
from celigo_pandas.engine.oauth import needs_authorization
from celigo_pandas.engine.refusals import Refusal, invalid, not_found
from celigo_pandas.engine.safety.masking import mask
from celigo_pandas.engine.storage.audit import change_records
from celigo_pandas.engine.storage.json_patch import apply_patch
from celigo_pandas.engine.storage.references import reference_paths, with_connections
from celigo_pandas.engine.storage.store import Row, Store
from celigo_pandas.engine.storage.vault import Vault
from celigo_pandas.errors import Problem

__all__ = ["DocumentService", "Person", "new_id", "wire_time"]

Person = Mapping[str, str]


def new_id() -> str:
    """Return a fresh 24-digit id: seconds since 1970, then random digits, as a MongoDB ObjectId."""
    return f"{int(time.time()) & 0xFFFFFFFF:08x}{os.urandom(8).hex()}"


def wire_time(moment: datetime) -> str:
    """Write a time as the API does: UTC, milliseconds, ``Z``."""
    utc = moment.astimezone(timezone.utc)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def api_identifier(kind: str, id: str) -> str:
    """Return the ``apiIdentifier`` of an export or import: its kind's letter and nine hexadecimal digits."""
    return kind[0] + hashlib.sha256(id.encode("utf-8", "replace")).hexdigest()[:9]


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
        elif row.kind != "scripts":
            doc["apiIdentifier"] = api_identifier(row.kind, row.id)
        return doc

    def listed(self, row: Row) -> dict[str, Any]:
        """Return the document as lists show it: of a script without its code."""
        doc = self.shown(row)
        return {name: value for name, value in doc.items() if row.kind != "scripts" or name != "content"}

    def secrets(self, row: Row) -> dict[str, Any]:
        """Return a connection's document with its real secrets."""
        whole = self._vault.unseal(row.sealed) if row.sealed else dict(row.doc)
        return dict(whole)

    # changing ----------------------------------------------------------------------------------------------------

    def create(self, kind: str, doc: Mapping[str, Any]) -> Row:
        """Store a new document."""
        clean, says_offline = _as_kept(kind, doc)
        stamp = wire_time(self._now())
        whole = {"_id": new_id(), "createdAt": stamp, "lastModified": stamp, **clean}
        with self.store.changing():
            # A placeholder is stored as it is, and waits for its credentials off line.
            self._check(kind, {**whole, "offline": says_offline}, None)
            row = replace(self._seal(kind, whole), offline=says_offline)
            self.store.put(row, self._records(row, "create", {}, {}))
        return row

    def replace(self, kind: str, id: str, doc: Mapping[str, Any]) -> Row:
        """Replace a document whole; members that are left out are erased."""
        with self.store.changing():
            old = self.row(kind, id)
            clean, says_offline = _as_kept(kind, doc)
            clean |= _kept(old)
            # New credentials deserve a try: a connection that was offline is not, once its document is another.
            offline = says_offline and _is_unfinished(clean)
            return self._change(old, clean, version=old.version + 1, offline=offline)

    def patch(self, kind: str, id: str, operations: object) -> Row:
        """Apply a JSON Patch of whitelisted paths."""
        with self.store.changing():
            old = self.row(kind, id)
            whole = {name: value for name, value in self.secrets(old).items() if name not in READ_ONLY_MEMBERS}
            # What can be patched decides neither where requests go nor with what credentials, so that running calls
            # go on, and a connection that is offline waits for its ping.
            if kind == "connections":
                whole["offline"] = old.offline
            changed = canonical(kind, apply_patch(kind, whole, operations))
            offline = changed.pop("offline", False) is True
            return self._change(old, changed, version=old.version, offline=offline)

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
                if value is None:
                    remove_member(whole, path)
                else:
                    put_member(whole, path, value)
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
            users = self.dependencies(id)
            if users and self._choices.delete_in_use_refused:
                named = "; ".join(f"{name} {', '.join(one['_id'] for one in ones)}" for name, ones in users.items())
                raise invalid(
                    "resource_in_use", f"The {_SINGULAR[kind]} is in use by {named}. Delete those first.", "_id"
                )
            self.store.delete(kind, id, self._records(row, "delete", row.doc, {}))

    def dependencies(self, id: str) -> dict[str, list[dict[str, Any]]]:
        """Return the stored documents that name this one, by kind; empty when none does."""
        found: dict[str, list[dict[str, Any]]] = {}
        for kind in ("exports", "imports", "connections"):
            users = [(row, reference_paths(row.doc, id)) for row in self.store.rows_with(kind, id) if row.id != id]
            used = [_user(row, paths) for row, paths in users if paths]
            if used:
                found[kind] = used
        return found

    def clone(self, kind: str, id: str, order: Mapping[str, Any]) -> Row:
        """Store a copy of an export or import; `order` may hold its ``name`` and a ``connectionMap``."""
        old = self.row(kind, id).doc
        name, connections = order.get("name"), order.get("connectionMap")
        if connections is not None and not (
            isinstance(connections, Mapping) and all(isinstance(one, str) for one in connections.values())
        ):
            text = "connectionMap is an object: the id of a connection, and of the one that takes its place."
            raise invalid("invalid_field", text, "connectionMap")
        copy = with_connections(old, connections or {})
        copy["name"] = f"Clone - {old.get('name', '')}"[:100] if name is None else name
        copy.pop("externalId", None)  # it names the original
        return self.create(kind, copy)

    def replace_connection(self, kind: str, id: str, connection_id: object) -> Row:
        """Let an export or import work through another connection."""
        if not isinstance(connection_id, str) or not connection_id:
            text = "Expected field: _newConnectionId to be present."
            raise invalid("missing_required_field", text, "_newConnectionId")
        with self.store.changing():
            old = self.row(kind, id)
            clean = {name: value for name, value in old.doc.items() if name not in READ_ONLY_MEMBERS}
            return self._change(old, {**clean, "_connectionId": connection_id}, version=old.version + 1, offline=False)

    # ----------------------------------------------------------------------------------------------------------

    def _change(self, old: Row, clean: dict[str, Any], *, version: int, offline: bool) -> Row:
        whole = {
            "_id": old.id,
            "createdAt": old.doc.get("createdAt"),
            "lastModified": wire_time(self._now()),
            **clean,
        }
        self._check(old.kind, {**whole, "offline": offline}, old)
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
        elif kind == "scripts":
            problems = _name_problems(whole) + check_script(whole, is_new=old is None)
            if old is None or old.doc.get("debugUntil") != whole.get("debugUntil"):
                problems += check_debug_until(whole.get("debugUntil"), self._now())
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
        problems = _name_problems(whole)
        connection_id = whole.get("_connectionId")
        connection = self.store.get("connections", connection_id) if isinstance(connection_id, str) else None
        if connection_id is None and needs_connection(whole):
            text = "Expected field: _connectionId to be present."
            problems.append(Problem("missing_required_field", text, "_connectionId"))
        elif connection_id is not None and connection is None:
            problems.append(Problem("invalid_ref", "Invalid reference: _connectionId", "_connectionId"))
        return problems + check_saved(kind, whole, None if connection is None else str(connection.doc.get("type")))


def _user(row: Row, paths: list[str]) -> dict[str, Any]:
    name = row.doc.get("name", "")
    return {"id": row.id, "_id": row.id, "name": name, "paths": paths, "accessLevel": "owner"}


def _name_problems(whole: Mapping[str, Any]) -> list[Problem]:
    name = whole.get("name")
    if not isinstance(name, str) or not name:
        return [Problem("missing_required_field", "Expected field: name to be present.", "name")]
    return [Problem("invalid_field", "name has more than 100 characters.", "name")] if len(name) > 100 else []


def _as_kept(kind: str, doc: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return what a client may write of a document, as it is kept, and whether a connection says it is off line."""
    whole = canonical(kind, doc)
    unwritten = READ_ONLY_MEMBERS | ({"debugUntil"} if kind == "scripts" else set())
    clean = {name: value for name, value in whole.items() if name not in unwritten}
    return clean, kind == "connections" and whole.get("offline") is True


def _kept(old: Row) -> dict[str, Any]:
    """Return what a PUT can neither write nor erase: how long a script is debugged."""
    return {name: old.doc[name] for name in ("debugUntil",) if old.kind == "scripts" and name in old.doc}


def _is_unfinished(connection: Mapping[str, Any]) -> bool:
    return any(problem.code == "missing_required_field" for problem in validate_connection(connection, masks=True))


_SINGULAR: Mapping[str, str] = {
    "connections": "connection", "exports": "export", "imports": "import", "scripts": "script",
}  # fmt: skip
