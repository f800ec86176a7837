"""Editing one connection document and its typed secrets: fields, problems, undo. Sends nothing.

Secrets that were typed are :class:`~celigo_pandas.documents.secret.Secret` objects beside the document, never in it.
The document holds the mask where the server has one stored; a mask is never sent.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from celigo_pandas.documents.connection_documents import secret_paths, validate_connection
from celigo_pandas.documents.connection_fields import TYPES, ConnectionField, fields_for, is_empty, read
from celigo_pandas.documents.dotted import leaves, with_member, without_member
from celigo_pandas.documents.patching import READ_ONLY_MEMBERS, writable
from celigo_pandas.documents.secret import MASK, Secret
from celigo_pandas.errors import ConfigError, DocumentError, Problem
from celigo_pandas.forms.connection_draft import (
    Draft,
    FieldView,
    at_first_part,
    filled,
    is_missing,
    is_nothing,
    is_parent,
    lifted,
    map_of,
    may_hold_secret,
    rebased,
    secrets_in,
)
from celigo_pandas.forms.field_values import parsed
from celigo_pandas.forms.state import FormState, History, NotKept

__all__ = ["ConnectionEditing"]


class ConnectionEditing(FormState):
    """A connection document under edit.

    Parameters
    ----------
    stored : dict
        The document as the server has it; empty for a new connection.
    kind : str
        Type of a new connection.
    document : mapping, optional
        What a new connection starts from; its secrets are taken out of it. Not modified.
    """

    title = "Connection"
    marks_problems = True

    def __init__(self, stored: dict[str, Any], kind: str, document: Mapping[str, Any] | None) -> None:
        super().__init__()
        self.stored = stored
        self.server_problems: tuple[Problem, ...] = ()
        self.deleting = False
        self._tried = bool(stored) or document is not None
        self._looked_at: frozenset[str] = frozenset()
        self._first = Draft(*(lifted(document) if document is not None else (self._start(kind), {})), {})
        shown = {row.path for row in fields_for(self._first.doc)}
        # Secrets that the given document has although they do not apply: they are kept, and shown with what has no
        # field.
        self._kept = tuple(path for path in self._first.secrets if path not in shown and map_of(path, shown) is None)
        self._base = self._first.doc
        self._history = History(self._first)
        self.map_names: dict[str, tuple[str, ...]] = {}
        self.extra_path = ""
        self.extra_value = Secret("")

    def _start(self, kind: str) -> dict[str, Any]:
        if self.stored:
            return writable(self.stored)
        return filled({"name": "", "type": kind, kind: {}}, {})

    def _reset(self, doc: dict[str, Any], secrets: Mapping[str, Secret] | None = None) -> None:
        self._base = doc
        self._history = History(Draft(doc, secrets or {}, {}))
        self.server_problems, self.map_names = (), {}
        self.extra_path, self.extra_value = "", Secret("")

    def _rebase(self, doc: dict[str, Any], sent: Draft) -> None:
        """Take over what the server has now; edits made since `sent` stay, as one step that can be undone."""
        now = self._history.now
        self._base, self.server_problems = doc, ()
        self._history = History(Draft(doc, {}, {}))
        if now is not sent:
            self._history.push(rebased(doc, sent, now))

    # What it holds

    @property
    def doc(self) -> dict[str, Any]:
        """A copy of the document as edited: masks for stored secrets, nothing for typed ones."""
        return copy.deepcopy(self._history.now.doc)

    @property
    def secrets(self) -> Mapping[str, Secret]:
        """The secrets that were typed, by path."""
        return dict(self._history.now.secrets)

    @property
    def is_new(self) -> bool:
        """Whether Save creates a connection."""
        return not self.stored

    @property
    def dirty(self) -> bool:
        """Whether there is something to save."""
        now = self._history.now
        return bool(now.secrets or now.unread) or now.doc != self._base

    @property
    def kind(self) -> str:
        """The connection's type."""
        return str(self._history.now.doc.get("type", ""))

    @property
    def uses_oauth(self) -> bool:
        """Whether the connection is authorized in a browser."""
        doc = self._history.now.doc
        grants = [read(doc, f"{at}.auth.oauth.grantType") for at in ("http", "mcp.http")]
        code = any(grant == "authorizecode" for grant in grants) and "oauth" in (
            read(doc, "http.auth.type"),
            read(doc, "mcp.http.auth.type"),
        )
        flow = read(doc, "salesforce.oauth2FlowType") or "refreshToken"
        return (
            code
            or (self.kind == "salesforce" and flow == "refreshToken")
            or bool(self.stored.get("needsAuthorization"))
        )

    def document(self) -> dict[str, Any]:
        """Return what would be sent: typed secrets in place as :class:`Secret` objects.

        A typed secret whose field does not apply any more is left out.
        """
        now = self._history.now
        result = copy.deepcopy(now.doc)
        shown = {row.path for row in fields_for(now.doc)}
        for path, secret in now.secrets.items():
            if path in shown or path in self._kept or map_of(path, shown) is not None:
                result = with_member(result, path, secret)
        for name in self._looked_at - {self.kind}:
            result.pop(name, None)
        return result

    @property
    def problems(self) -> list[Problem]:
        """What the API would refuse, what could not be read, and what the server said to the last try."""
        now = self._history.now
        found = [Problem("invalid_field", self._unread_text(path, text), path) for path, text in now.unread.items()]
        found += [*validate_connection(self.document(), masks=not self.is_new), *self.server_problems]
        return list({(problem.field, problem.message): problem for problem in found}.values())

    def _unread_text(self, path: str, text: str) -> str:
        kinds = {row.path: row.kind for row in fields_for(self._history.now.doc)}
        if kinds.get(path) == "pairs" and not text.lstrip().startswith("["):
            line = next(line for line in text.splitlines() if line.strip() and ":" not in line)
            return f"Expected name: value, one a line; this line has no colon: {line.strip()[:40]!r}."
        return f"This is not JSON: {text[:40]!r}."

    @property
    def fields(self) -> list[FieldView]:
        """The fields that apply, in order, with their values and problems; then every member no field covers."""
        now = self._history.now
        found = self.problems
        # What the server keeps shows only once it is there.
        rows = [
            row
            for row in fields_for(now.doc)
            if not is_parent(row, now.doc) and not (row.read_only and is_empty(read(now.doc, row.path)))
        ]
        rows += self._extra_rows(now.doc, {row.path for row in rows})
        views = [self._view(row, now, found) for row in rows]
        placed = {view.row.path for view in views}
        # A problem of something that is drawn in parts shows at its first part.
        for problem in found:
            if problem.field and problem.field not in placed:
                views = at_first_part(views, problem)
        return views

    def _view(self, row: ConnectionField, now: Draft, found: list[Problem]) -> FieldView:
        value = now.unread.get(row.path, read(now.doc, row.path))
        texts = tuple(p.message for p in found if p.field == row.path and (self._tried or not is_missing(p)))
        if not row.secret:
            return FieldView(row, value, row.is_wanted(now.doc), texts)
        given = row.path in now.secrets or any(path.startswith(f"{row.path}.") for path in now.secrets)
        stored = not is_empty(value)
        return FieldView(row, None, row.is_wanted(now.doc), texts, stored=stored, given=given)

    def _extra_rows(self, doc: Mapping[str, Any], covered: set[str]) -> list[ConnectionField]:
        secret = set(secret_paths(doc))
        rows = []
        for path in leaves(doc, covered):
            kind = "secret" if path in secret else "json"
            rows.append(ConnectionField(path, path, kind, group="Everything else"))  # type: ignore[arg-type]
        taken = covered | {row.path for row in rows}
        rows += [ConnectionField(p, p, "secret", group="Everything else") for p in self._kept if p not in taken]
        return rows

    def loose_problems(self) -> list[str]:
        """Texts of the problems that no field of the form shows."""
        placed = {text for view in self.fields for text in view.problems}
        return [str(p) for p in self.problems if p.message not in placed and (self._tried or not is_missing(p))]

    # Editing

    def set_text(self, path: str, value: object) -> None:
        """Take over what was typed or chosen in the field at `path`.

        Text becomes what the field holds: a number, a list of lines, pairs ``name: value``, JSON. What cannot be read
        stays in the field as a problem. Empty text removes the member.
        """
        now = self._history.now
        if path == "type":
            self._set_type(str(value))
            return
        row = self._row(path)
        if row.secret:
            raise ConfigError(f"{path} is a secret: use set_secret().")
        if row.read_only:
            raise ConfigError(f"{path} is kept by the server.")
        unread = {key: text for key, text in now.unread.items() if key != path}
        try:
            typed = parsed(row.kind, value, keep_blanks="elimiter" in row.path)
        except ValueError:
            if may_hold_secret(path):
                raise NotKept(f"{path}: this is not JSON. It was not taken, since it may hold a secret.") from None
            self._push(replace(now, unread={**unread, path: str(value)}))
            return
        refused = secrets_in(path, typed)
        if refused:
            raise NotKept(
                f"{', '.join(refused)} is a secret and was not taken from this field.",
                hint="Type it into its own field, where it is not kept as text.",
            )
        doc = without_member(now.doc, path) if is_nothing(typed) else with_member(now.doc, path, typed)
        self._push(replace(now, doc=filled(doc, now.doc), unread=unread))

    def set_json(self, path: str, text: str) -> None:
        """Set a member that the form has no field for, from JSON; the path is dotted."""
        if not re.fullmatch(r"[^.\s]+(\.[^.\s]+)*", path or ""):
            raise ConfigError(f"Not a path: {path!r}.", hint="Write dotted names, such as http.formType.")
        if path in READ_ONLY_MEMBERS:
            raise ConfigError(f"{path} is kept by the server.")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        refused = secrets_in(path, value)
        if refused:
            raise NotKept(f"{', '.join(refused)} is a secret.", hint="Type it into its own field.")
        if may_hold_secret(path) and not isinstance(value, Mapping):
            raise NotKept(f"{path} takes a JSON object; this text was not taken, since it may hold a secret.")
        now = self._history.now
        self._push(replace(now, doc=with_member(now.doc, path, value)))

    def set_secret(self, path: str, secret: Secret) -> None:
        """Keep a typed secret for the next Save or Ping; an empty one forgets it."""
        now = self._history.now
        row = self._row(path, parents=True)
        if not row.secret:
            raise ConfigError(f"{path} is no secret.")
        if secret == Secret(MASK):
            raise DocumentError(f"Refused the mask as the value of {path}.", hint="Type the secret itself.")
        if not secret:
            self._push(replace(now, secrets={key: value for key, value in now.secrets.items() if key != path}))
            return
        doc = now.doc
        if row.kind == "secret_map" and not isinstance(read(doc, row.path), Mapping):
            # The stored map is one mask: what is typed replaces the whole of it.
            doc = without_member(doc, row.path)
        elif row.kind == "secret":
            doc = without_member(doc, path)
        self._push(replace(now, doc=doc, secrets={**now.secrets, path: secret}))

    def add_member(self) -> None:
        """Add the member typed under *Everything else*; what was refused is not kept."""
        try:
            self.set_json(self.extra_path.strip(), self.extra_value.reveal())
        except NotKept:
            self.extra_value = Secret("")
            raise
        self.extra_path, self.extra_value = "", Secret("")
        self.changed()

    def name_secret(self, path: str, name: str) -> None:
        """Offer a field for one more value of a free-form map of secrets, e.g. ``http.encrypted``."""
        name = name.strip()
        if not re.fullmatch(r"[^.\s]+", name):
            raise ConfigError(f"Not a name: {name!r}.", hint="A name has no blanks and no dots.")
        names = self.map_names.get(path, ())
        if name not in names:
            self.map_names = {**self.map_names, path: (*names, name)}
        self.changed()

    def secret_names(self, path: str) -> list[str]:
        """Names of a free-form map of secrets: those the document describes, those typed, those offered."""
        now = self._history.now
        described = read(now.doc, f"{path}Fields")
        listed = (
            [str(entry["id"]) for entry in described if isinstance(entry, Mapping) and entry.get("id")]
            if (isinstance(described, list))
            else []
        )
        inside = read(now.doc, path)
        listed += list(inside) if isinstance(inside, Mapping) else []
        listed += [key.removeprefix(f"{path}.") for key in now.secrets if key.startswith(f"{path}.")]
        return list(dict.fromkeys([*listed, *self.map_names.get(path, ())]))

    def forget_secret(self, path: str) -> None:
        """Forget what was typed at `path` (and below it), and go back to what is stored."""
        now = self._history.now
        secrets = {key: value for key, value in now.secrets.items() if not (key + ".").startswith(path + ".")}
        stored = read(self.stored, path)
        doc = now.doc if is_empty(stored) else with_member(now.doc, path, stored)
        self._push(replace(now, doc=doc, secrets=secrets))

    def _row(self, path: str, parents: bool = False) -> ConnectionField:
        doc = self._history.now.doc
        rows = {row.path: row for row in fields_for(doc)}
        if path in rows:
            return rows[path]
        holder = map_of(path, rows)
        if parents and holder is not None and rows[holder].kind == "secret_map":
            return rows[holder]
        for row in self._extra_rows(doc, set(rows)):
            if row.path == path:
                return row
        raise ConfigError(f"This connection has no field {path!r} as it stands.")

    def _set_type(self, kind: str) -> None:
        if self.busy == "Save":
            raise ConfigError("The connection is being saved; its type stays until that is done.")
        if kind not in TYPES:
            raise ConfigError(f"Unknown type {kind!r}; expected one of {', '.join(TYPES)}.")
        if not self.is_new and kind != self.stored.get("type"):
            raise ConfigError("The type of a saved connection stays.", hint="Create a new connection.")
        now = self._history.now
        doc = {**now.doc, "type": kind}
        # The block of a type that was only looked at is not sent.
        self._looked_at |= {name for name in (kind, self.kind) if name in TYPES}
        doc.setdefault(kind, {})
        self._tried = False
        self._push(replace(now, doc=filled(doc, now.doc)))

    def _push(self, draft: Draft) -> None:
        with self.lock:
            self._history.push(draft)
            self.server_problems = ()
            self.deleting = False
            self.notices = ()
        self.changed()

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to go back."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone step."""
        return self._history.can_redo

    def undo(self) -> None:
        """Go one edit back."""
        self._history.undo()
        self.changed()

    def redo(self) -> None:
        """Take one undo back."""
        self._history.redo()
        self.changed()
