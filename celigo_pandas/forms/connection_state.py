"""The state of a ConnectionForm: a connection document under edit, and what can be done with it at the server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from celigo_pandas.documents.connection_documents import masked_secrets
from celigo_pandas.documents.connection_fields import read
from celigo_pandas.documents.dotted import leaves
from celigo_pandas.documents.patching import is_patchable, merged, writable
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import CeligoError, ConfigError, DocumentError, Problem
from celigo_pandas.forms.connection_draft import Draft
from celigo_pandas.forms.connection_editing import ConnectionEditing
from celigo_pandas.forms.work import Task

__all__ = ["ConnectionState"]

_POLL_S = 3.0
_URL_MEMBERS = ("authorizationURL", "authorizationUrl", "authorize_url", "url")


class ConnectionState(ConnectionEditing):
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

    def __init__(self, target: Any, kind: str = "http", document: Mapping[str, Any] | None = None) -> None:
        is_connection = hasattr(target, "client")
        super().__init__(target.doc if is_connection else {}, kind, document)
        self.client = target.client if is_connection else target
        self.connection: Any = target if is_connection else None
        self.last_ping: Any = None
        self.authorize_url = ""
        self.deleted = False

    @property
    def api(self) -> Any:
        """The low-level client."""
        return self.client.api

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
        hint = "Check address and credentials; the debug log shows the request."
        if result.checked:
            self.say("error", f"Ping failed: {said}.", hint)
        else:
            self.say("warning", f"Ping {result.outcome}: {said}.", hint if result.reached else "")

    def save(self) -> None:
        """Create the connection, or update it without ever writing a mask back.

        An update within the PATCH list is a PATCH; any other is a PUT of the whole document, for which each stored
        secret must be typed again. If the connection was changed elsewhere meanwhile, nothing is written. What is
        typed while it runs is kept, for the next Save.

        Raises
        ------
        DocumentError
            The document has problems, or a stored secret has to be typed again; each shows at its field.
        """
        self._tried = True
        self.deleting = False
        if not self.is_new and not self.dirty:
            self.say("info", "There is nothing to save.")
            return
        self._refuse_problems()
        sent, document = self._history.now, self.document()
        if self.is_new:
            self.run_long("Save", lambda task: self._sending(lambda: self.client.connections.create(document)),
                          lambda connection: self._created(connection, sent))  # fmt: skip
            return
        patch = self._patch()
        if patch is None:
            self._refuse_masks("This change rewrites the whole document")
        self.run_long("Save", lambda task: self._sending(lambda: self._update(patch, document)),
                      lambda _: self._saved(sent))  # fmt: skip

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

    def _update(self, patch: dict[str, Any] | None, document: dict[str, Any]) -> None:
        connection = self.connection
        fresh = self.client.api.get_connection(connection.id)
        if fresh.get("lastModified") != self.stored.get("lastModified"):
            raise CeligoError(
                "The connection was changed elsewhere since this form read it; nothing was written.",
                hint="Press Revert to read it again, then make your change.",
            )
        if patch is None:
            connection.replace(document)
        else:
            connection.patch(patch)

    def _sending(self, send: Any) -> object:
        try:
            return send()
        except CeligoError as error:
            self.server_problems = tuple(problem for problem in error.problems if problem.field)
            raise

    def _created(self, connection: object, sent: Draft) -> None:
        self.connection = connection
        self._saved(sent)

    def _take(self, sent: Draft) -> None:
        with self.lock:
            self.stored = self.connection.doc
            self._rebase(writable(self.stored), sent)

    def _saved(self, sent: Draft) -> None:
        self._take(sent)
        more = " Authorize it next." if self.stored.get("needsAuthorization") else ""
        more += " What was typed meanwhile is not saved yet." if self.dirty else ""
        self.say("good", f"Saved {self.connection.name!r} ({self.connection.id}).{more}")

    def revert(self) -> None:
        """Throw the edits away; of a saved connection the document is read again, and what is typed meanwhile stays."""
        self.deleting = False
        if self.is_new:
            self._reset(self._first.doc, self._first.secrets)
            self._tried = False
            self.say("info", "The form is as it was at first.")
            return
        connection, given_up = self.connection, self._history.now
        self.map_names, self.extra_path, self.extra_value = {}, "", Secret("")

        def done(value: object) -> None:
            self._take(given_up)
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
        connection, client, before_it = self.connection, self.client, self._history.now

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
                self._take(before_it)
                self.say("good", "The connection is authorized.")
            else:
                self.say("warning", "Nobody finished the authorization in time.", "Press Authorize again.")

        self.authorize_url = ""
        self.run_long("Authorize", wait, done)

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
