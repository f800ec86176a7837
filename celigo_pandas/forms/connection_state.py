"""The state of a ConnectionForm: one connection document, its typed secrets, and what can be done with them.

Secrets that were typed are :class:`~celigo_pandas.resources.secret.Secret` objects beside the document, never in it.
The document holds the mask where the server has one stored; a mask is never sent.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from celigo_pandas.errors import CeligoError, ConfigError, DocumentError, Problem
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
    secrets_in,
)
from celigo_pandas.forms.paths import leaves, put, removed
from celigo_pandas.forms.state import FormState, History
from celigo_pandas.forms.values import parsed
from celigo_pandas.forms.work import Task
from celigo_pandas.resources.connection_fields import TYPES, ConnectionField, fields_for, is_empty, read
from celigo_pandas.resources.connections import ALL_SECRETS, masked_secrets, secret_paths, validate_connection
from celigo_pandas.resources.patching import READ_ONLY_MEMBERS, is_patchable, merged, writable
from celigo_pandas.resources.secret import MASK, Secret

__all__ = ["ConnectionState", "FieldView"]

_POLL_S = 3.0
_URL_MEMBERS = ("authorizationURL", "authorizationUrl", "authorize_url", "url")


class ConnectionState(FormState):
    """What a ConnectionForm holds.

    Parameters
    ----------
    target : Connection or Client
        A connection to edit, or a client to create one with.
    kind : str, optional
        Type of a new connection.
    document : mapping, optional
        What a new connection starts from; its secrets are taken out of it. Not modified.
    """

    title = "Connection"
    marks_problems = True

    def __init__(self, target: Any, kind: str = "http", document: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        is_connection = hasattr(target, "client")
        self.client = target.client if is_connection else target
        self.connection: Any = target if is_connection else None
        self.stored: dict[str, Any] = target.doc if is_connection else {}
        self.server_problems: tuple[Problem, ...] = ()
        self.last_ping: Any = None
        self.authorize_url = ""
        self.deleting = False
        self.deleted = False
        self._tried = is_connection
        self._looked_at: frozenset[str] = frozenset()
        self._first = Draft(*(lifted(document) if document is not None else (self._start(kind), {})), {})
        shown = {row.path for row in fields_for(self._first.doc)}
        # Secrets that the given document has although they do not apply: they are kept, and shown with what has no
        # field.
        self._kept = tuple(path for path in self._first.secrets if path not in shown and map_of(path, shown) is None)
        self._tried = self._tried or document is not None
        self._base = self._first.doc
        self._history = History(self._first)
        self.map_names: dict[str, tuple[str, ...]] = {}
        self.extra = {"path": "", "value": ""}

    def _start(self, kind: str) -> dict[str, Any]:
        if self.stored:
            return writable(self.stored)
        return filled({"name": "", "type": kind, kind: {}}, {})

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
        return self.connection is None

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
                result = put(result, path, secret)
        for name in self._looked_at - {self.kind}:
            result.pop(name, None)
        return result

    @property
    def problems(self) -> list[Problem]:
        """What the API would refuse, what could not be read, and what the server said to the last try."""
        now = self._history.now
        found = [Problem("invalid_field", f"This is not JSON: {text[:40]!r}.", path) for path, text in
                 now.unread.items()]  # fmt: skip
        found += [*validate_connection(self.document(), masks=not self.is_new), *self.server_problems]
        return list({(problem.field, problem.message): problem for problem in found}.values())

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

    def set_text(self, path: str, value: Any) -> None:
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
            self._push(replace(now, unread={**unread, path: str(value)}))
            return
        refused = secrets_in(path, typed)
        if refused:
            raise DocumentError(
                f"{', '.join(refused)} is a secret and was not taken from this field.",
                hint="Type it into its own field, where it is not kept as text.",
            )
        doc = removed(now.doc, path) if is_nothing(typed) else put(now.doc, path, typed)
        self._push(replace(now, doc=filled(doc, now.doc), unread=unread))

    def set_json(self, path: str, text: str) -> None:
        """Set a member that the form has no field for, from JSON; the path is dotted."""
        if not re.fullmatch(r"[^.\s]+(\.[^.\s]+)*", path or ""):
            raise ConfigError(f"Not a path: {path!r}.", hint="Write dotted names, such as http.formType.")
        if path in READ_ONLY_MEMBERS:
            raise ConfigError(f"{path} is kept by the server.")
        if path in ALL_SECRETS:
            raise DocumentError(f"{path} is a secret.", hint="Type it into its own field.")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        refused = secrets_in(path, value)
        if refused:
            raise DocumentError(f"{', '.join(refused)} is a secret.", hint="Type it into its own field.")
        now = self._history.now
        self._push(replace(now, doc=put(now.doc, path, value)))

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
            doc = removed(doc, row.path)
        elif row.kind == "secret":
            doc = removed(doc, path)
        self._push(replace(now, doc=doc, secrets={**now.secrets, path: secret}))

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
        doc = now.doc if is_empty(stored) else put(now.doc, path, stored)
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

    # Doing

    @property
    def actions(self) -> dict[str, bool]:
        """Names of the buttons and whether each can be pressed now."""
        free = not self.busy and not self.deleted
        return {
            "ping": free,
            "save": free and (self.dirty or self.is_new),
            "revert": free and self.dirty,
            "delete": free and not self.is_new,
            "authorize": free and not self.is_new and self.uses_oauth,
            "undo": free and self.can_undo,
            "redo": free and self.can_redo,
            "stop": bool(self.busy),
        }

    def ping(self) -> None:
        """Check the connection: the saved one, or, when there are edits, the document as it stands.

        With edits every stored secret would have to be typed again, since the server does not give it back.
        """
        self._tried = True
        self.deleting = False
        if not self.is_new and not self.dirty:
            connection = self.connection
            self.run_long("Ping", lambda task: connection.ping(), self._pinged)
            return
        self._refuse_problems()
        self._refuse_masks("A ping of unsaved changes sends the whole document")
        document = self.document()
        self.run_long("Ping", lambda task: self.client.connections.ping(document), self._pinged)

    def _pinged(self, result: Any) -> None:
        self.last_ping = result
        if result:
            self.say("good", "Ping: the connection works.")
            return
        self.server_problems = tuple(problem for problem in result.errors if problem.field)
        said = "; ".join(str(problem) for problem in result.errors) or f"code {result.code}"
        self.say("error", f"Ping failed: {said}.", "Check address and credentials; the debug log shows the request.")

    def save(self) -> None:
        """Create the connection, or update it without ever writing a mask back.

        An update within the PATCH list is a PATCH; any other is a PUT of the whole document, for which each stored
        secret must be typed again. If the connection was changed elsewhere meanwhile, nothing is written.

        Raises
        ------
        DocumentError
            The document has problems, or a stored secret has to be typed again; each shows at its field.
        """
        self._tried = True
        self.deleting = False
        self._refuse_problems()
        if self.is_new:
            document = self.document()
            self.run_long("Save", lambda task: self._sending(lambda: self.client.connections.create(document)),
                          self._created)  # fmt: skip
            return
        patch = self._patch()
        if patch is not None:
            self.run_long("Save", lambda task: self._sending(lambda: self._update(patch)), self._saved)
            return
        self._refuse_masks("This change rewrites the whole document")
        document = self.document()
        self.run_long("Save", lambda task: self._sending(lambda: self._update(None, document)), self._saved)

    def _patch(self) -> dict[str, Any] | None:
        """Return the changes if PATCH can make them all, else None."""
        now, before = self._history.now, writable(self.stored)
        if now.secrets:
            return None
        paths = [path for path in {*leaves(now.doc, set()), *leaves(before, set())}
                 if read(now.doc, path) != read(before, path)]  # fmt: skip
        if not paths or not all(is_patchable(path) and read(now.doc, path) is not None for path in paths):
            return None
        changes = {path: read(now.doc, path) for path in sorted(paths)}
        # An emptied parent or a list that became an object is not seen by its leaves.
        return changes if merged(before, changes) == now.doc else None

    def _update(self, patch: dict[str, Any] | None, document: dict[str, Any] | None = None) -> None:
        connection = self.connection
        if document is None:
            connection.patch(patch)
            return
        fresh = self.client.api.get_connection(connection.id)
        if fresh.get("lastModified") != self.stored.get("lastModified"):
            raise CeligoError(
                "The connection was changed elsewhere since this form read it; nothing was written.",
                hint="Press Revert to read it again, then make your change.",
            )
        connection.replace(document)

    def _sending(self, send: Any) -> Any:
        try:
            return send()
        except CeligoError as error:
            self.server_problems = tuple(problem for problem in error.problems if problem.field)
            raise

    def _created(self, connection: Any) -> None:
        self.connection = connection
        self._saved(None)

    def _saved(self, value: object) -> None:
        with self.lock:
            self.stored = self.connection.doc
            self._reset(writable(self.stored))
        more = " Authorize it next." if self.stored.get("needsAuthorization") else ""
        self.say("good", f"Saved {self.connection.name!r} ({self.connection.id}).{more}")

    def revert(self) -> None:
        """Throw the edits away; of a saved connection the document is read again."""
        self.deleting = False
        if self.is_new:
            self._reset(self._first.doc, self._first.secrets)
            self._tried = False
            self.say("info", "The form is as it was at first.")
            return
        connection = self.connection

        def done(value: object) -> None:
            with self.lock:
                self.stored = connection.doc
                self._reset(writable(self.stored))
            self.say("info", "The form shows what is stored.")

        self.run_long("Revert", lambda task: connection.refresh(), done)

    def delete(self) -> None:
        """Delete the connection: the first call asks, the second does it."""
        if self.is_new:
            raise ConfigError("There is no saved connection to delete.")
        if not self.deleting:
            self.deleting = True
            self.say("warning", f"Delete {self.connection.name!r}? Press Delete once more.",
                     "Exports and imports that use it stop working.")  # fmt: skip
            return
        connection, self.deleting = self.connection, False

        def done(value: object) -> None:
            self.deleted = True
            self.say("good", f"Deleted {connection.name!r}.")

        self.run_long("Delete", lambda task: connection.delete(), done)

    def authorize(self, every_s: float = _POLL_S, timeout_s: float = 180) -> None:
        """Show the provider's link and wait, on the form's thread, until the authorization is done."""
        if self.is_new or self.dirty:
            raise ConfigError("Save the connection first.")
        connection, client = self.connection, self.client

        def wait(task: Task) -> bool:
            answer = client.api.oauth2(connection.id)
            url = next((answer[name] for name in _URL_MEMBERS if isinstance(answer.get(name), str)), "")
            if not re.match(r"https?://\S+\Z", url, re.IGNORECASE):
                raise CeligoError("The server gave no http(s) link for this authorization; nothing was opened.")
            self.authorize_url = url
            self.changed()
            before = connection.doc
            for _ in range(max(1, int(timeout_s / every_s))):
                task.sleep(every_s)
                doc = connection.refresh().doc
                if not doc.get("needsAuthorization") and (
                    before.get("needsAuthorization") or doc.get("lastModified") != before.get("lastModified")
                ):
                    return True
            return False

        def done(authorized: bool) -> None:
            self.authorize_url = ""
            if authorized:
                self._saved(None)
                self.say("good", "The connection is authorized.")
            else:
                self.say("warning", "Nobody finished the authorization in time.", "Press Authorize again.")

        self.authorize_url = ""
        self.run_long("Authorize", wait, done)

    def _reset(self, doc: dict[str, Any], secrets: Mapping[str, Secret] | None = None) -> None:
        self._base = doc
        self._history = History(Draft(doc, secrets or {}, {}))
        self.server_problems, self.map_names, self.extra = (), {}, {"path": "", "value": ""}

    def _refuse_problems(self) -> None:
        self.server_problems = ()
        found = self.problems
        if found:
            raise DocumentError(
                f"{len(found)} field{'s' if len(found) > 1 else ''} to mend before this can be sent.",
                hint="Each is marked below.",
                problems=found,
            )

    def _refuse_masks(self, why: str) -> None:
        missing = masked_secrets(self.document())
        if not missing:
            return
        text = f"{why}, and the server does not give secrets back: type this one again."
        self.server_problems = tuple(Problem("masked_secret", text, path) for path in missing)
        raise DocumentError(
            f"{why}, and the server does not give secrets back.",
            hint=f"Press replace and type again: {', '.join(missing)}.",
        )
