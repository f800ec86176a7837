"""The state of an ExportForm: one export document, its preview, and a pull that can be stopped."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

from celigo_pandas.documents.connection_fields import ConnectionField, is_empty, read
from celigo_pandas.documents.dotted import with_member, without_member
from celigo_pandas.documents.export_documents import consuming_member
from celigo_pandas.errors import ConfigError, DocumentError, ExportInterrupted, Problem, PullCancelled
from celigo_pandas.forms.export_fields import export_fields, starting_export
from celigo_pandas.forms.field_values import parsed
from celigo_pandas.forms.state import FormState, History
from celigo_pandas.forms.work import Stopped, Task

__all__ = ["ExportState", "read_pages", "stopping_progress"]

Reader = Callable[[Any, Mapping[str, Any], Task, Mapping[str, Any]], Any]
"""``read(connection, export_doc, task, options)`` gives a frame; stopped, it raises :class:`PullCancelled`."""


def stopping_progress(task: Task) -> Callable[[int, int | None], None]:
    """Make the progress function of a pull or push that ends it, once, when somebody presses Stop.

    The end is that of Ctrl-C: the rows so far are kept, nothing in flight is cut in two.
    """
    told = False

    def show(done: int, total: int | None) -> None:
        nonlocal told
        task.show(done, total)
        if task.stop_requested and not told:
            told = True
            raise KeyboardInterrupt

    return show


def read_pages(connection: Any, doc: Mapping[str, Any], task: Task, options: Mapping[str, Any]) -> object:
    """Read all pages as :func:`celigo_pandas.read_export` does; Stop is looked at before each request."""
    from celigo_pandas.accessors.pulls.page_source import PullOptions
    from celigo_pandas.accessors.pulls.resumable import Pull

    def show(rows: int, total: int | None) -> None:
        task.show(rows, total, f"page {pull.pages}")

    pull = Pull(connection, doc, PullOptions(progress=show, **options))
    pull.stop_on(task.stop_event)
    return pull.run()


class ExportState(FormState):
    """What an ExportForm holds.

    Parameters
    ----------
    con : Connection
        Read through.
    export : mapping, optional
        The document to start from.
    consume : bool, default False
        Allow an export that changes its source; otherwise preview and pull are refused.
    read : callable, optional
        How Pull reads; :func:`read_pages` by default.
    """

    title = "Export"
    marks_problems = True

    def __init__(
        self,
        con: Any,
        export: Mapping[str, Any] | None = None,
        *,
        consume: bool = False,
        read: Reader = read_pages,
    ) -> None:
        super().__init__()
        self._read = read
        self.connection = con
        self.consume = consume
        self.preview_rows = 20
        self.page_size: int | str = "auto"
        self.max_rows: int | None = None
        self.previewed: Any = None
        self.df: Any = None
        self.partial = False
        self.unread: dict[str, str] = {}
        start = starting_export(con.type) if export is None else copy.deepcopy(dict(export))
        self._history = History(start)
        self._tried = False

    @property
    def api(self) -> Any:
        """The low-level client of the connection."""
        return self.connection.client.api

    @property
    def export(self) -> dict[str, Any]:
        """A copy of the export document."""
        return copy.deepcopy(self._history.now)

    @property
    def fields(self) -> tuple[ConnectionField, ...]:
        """The fields that apply."""
        return export_fields(self.connection.type, self._history.now)

    @property
    def consuming(self) -> str | None:
        """The member by which this export changes its source, or None."""
        return consuming_member(self._history.now)

    @property
    def problems(self) -> list[Problem]:
        """What keeps the export from running; missing members only once it was tried."""
        doc = self._history.now
        found = [Problem("invalid_field", "This cannot be read.", path) for path in self.unread]
        if self._tried:
            found += [
                Problem("missing_required_field", f"{row.label} is needed.", row.path)
                for row in self.fields
                if row.is_required(doc) and is_empty(read(doc, row.path))
            ]
        return found

    def value(self, path: str) -> Any:
        """Return what the field at `path` shows: the document's value, or text that could not be read."""
        return self.unread.get(path, read(self._history.now, path))

    def set_text(self, path: str, value: object) -> None:
        """Take over what was typed or chosen; ``page_size``, ``max_rows`` and ``document`` are the form's own."""
        if path == "document":
            self.set_document(str(value))
        elif path in ("page_size", "max_rows"):
            self._set_number(path, value)
        else:
            self._set_member(path, value)

    def _set_number(self, name: str, value: object) -> None:
        number = parsed("number", value)
        empty = "auto" if name == "page_size" else None
        if number in (None, "auto"):
            setattr(self, name, empty)
        elif isinstance(number, int) and number >= 1:
            setattr(self, name, number)
        else:
            raise ConfigError(f"{name}: got {value!r}; expected a whole number of 1 or more, or nothing.")
        self.changed()

    def _set_member(self, path: str, value: object) -> None:
        row = next((row for row in self.fields if row.path == path), None)
        if row is None:
            raise ConfigError(f"This export has no field {path!r} as it stands.")
        try:
            typed = parsed(row.kind, value)
        except ValueError:
            self.unread[path] = str(value)
            self.changed()
            return
        self.unread.pop(path, None)
        doc = self._history.now
        nothing = typed is None or (isinstance(typed, list) and not typed)
        self._push(without_member(doc, path) if nothing else with_member(doc, path, typed))

    def set_document(self, text: str) -> None:
        """Replace the whole document by JSON text; text that cannot be read stays in its field as a problem."""
        try:
            doc = json.loads(text)
        except ValueError:
            doc = None
        if not isinstance(doc, dict):
            self.unread["document"] = text
            self.changed()
            return
        self.unread.clear()
        self._push(doc)

    def _push(self, doc: dict[str, Any]) -> None:
        if doc != self._history.now:
            self._history.push(doc)
        self.notices = ()
        self.changed()

    def undo(self) -> None:
        """Go one edit back."""
        self.unread.clear()
        self._history.undo()
        self.changed()

    def redo(self) -> None:
        """Take one undo back."""
        self._history.redo()
        self.changed()

    @property
    def actions(self) -> dict[str, bool]:
        """Names of the buttons and whether each can be pressed now."""
        free = not self.busy
        return {
            "preview": free,
            "pull": free,
            "stop": not free,
            "undo": free and self._history.can_undo,
            "redo": free and self._history.can_redo,
        }

    def _check(self) -> dict[str, Any]:
        self._tried = True
        found = self.problems
        if found:
            raise DocumentError(f"{len(found)} field{'s' if len(found) > 1 else ''} to mend first.",
                                hint="Each is marked below.", problems=found)  # fmt: skip
        member = self.consuming
        if member is not None and not self.consume:
            raise DocumentError(
                f"This export changes its source: its member {member!r} marks or deletes what was read.",
                hint="The form was opened without consume=True, so it does not run."
                + (" Tick Keep the files." if member == "file.skipDelete" else ""),
                problems=[Problem("consuming_export", "changes its source", member)],
            )
        return self.export

    def preview(self) -> None:
        """Run the export once and show its first rows; a consuming export is refused."""
        doc, connection, rows = self._check(), self.connection, self.preview_rows
        more = {"consume": True} if self.consuming is not None else {}

        def done(frame: Any) -> None:
            self.previewed = frame
            self.say("good", f"{len(frame):,} row{'' if len(frame) == 1 else 's'} shown.")

        self.run_long("Preview", lambda task: connection.preview_export(doc, rows=rows, **more), done)

    def pull(self) -> None:
        """Read all rows into ``df`` on the form's thread, with progress; Stop keeps the rows so far."""
        doc, connection = self._check(), self.connection
        options: dict[str, Any] = {"page_size": self.page_size, "max_rows": self.max_rows}
        if self.consuming is not None:
            options["consume"] = True

        # The rows of an earlier pull are not what this one reads, whatever becomes of it.
        self.df, self.partial = None, False

        def run(task: Task) -> Any:
            try:
                return self._read(connection, doc, task, options)
            except PullCancelled as stopped:
                if not task.stop_requested:
                    raise
                self._keep(stopped.partial, partial=True)
                raise Stopped from None
            except ExportInterrupted as error:
                self._keep(error.partial, partial=True)
                raise

        def done(frame: Any) -> None:
            self._keep(frame, partial=False)
            self.say("good", f"{len(frame):,} rows, {len(frame.columns)} columns. They are in form.df.")

        self.run_long("Pull", run, done)

    def _keep(self, frame: Any, *, partial: bool) -> None:
        with self.lock:
            self.df, self.partial = frame, partial
            if frame is not None:
                self.previewed = frame.head(self.preview_rows)
