"""The MappingEditor of a notebook."""

from __future__ import annotations

from typing import Any

import pandas as pd

from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.forms.elements import Element
from celigo_pandas.forms.mapping_layout import mapping_layout
from celigo_pandas.forms.mapping_state import MappingState
from celigo_pandas.forms.views.arguments import connection_of, document_of
from celigo_pandas.forms.views.form import FormView
from celigo_pandas.resources.counts import whole_number

__all__ = ["MappingEditor"]


class MappingEditor(FormView):
    """Edit the rules of an import and see at once what they make of every row.

    Every button has a method of the same name. Called from code, a method waits until it is done and raises what
    went wrong; pressed, it runs beside the kernel and shows it.

    Parameters
    ----------
    df : DataFrame
        The rows to map. Not modified.
    import_doc : dict, builder or saved import
        Where the rules start from. Not modified.
    con : Connection, name or id, optional
        Where *Push* and *Dry run on server* go.
    sample : int, default 1000
        Rows of the live preview; *All rows* counts the others.

    Attributes
    ----------
    import_doc : dict
        The document as edited.
    mapping : celigo.Mapping
        The same, as a mapping.
    result : ImportResult or None
        Of the last push or retry.

    Notes
    -----
    Requests: none while rules are edited. *Dry run on server*: one per 100 rows. *Push* shows what would be sent;
    *Send* sends it.
    """

    state: MappingState

    def __init__(self, df: Any, import_doc: Any, con: Any = None, *, sample: int = 1000) -> None:
        if not isinstance(df, pd.DataFrame):
            raise ConfigError(f"MappingEditor takes a DataFrame first, got {shown(df)}.")
        document = document_of("MappingEditor", "import_doc", import_doc)
        if con is None and document is not import_doc:
            con = getattr(import_doc, "connection", None)
        if con is not None:
            con = connection_of("MappingEditor", con, import_doc, df)
        sample = whole_number("MappingEditor: sample", sample)
        super().__init__(MappingState(df, document, con, sample=sample))

    def layout(self) -> Element:
        """Describe what the editor shows now."""
        return mapping_layout(self.state)

    @property
    def import_doc(self) -> dict[str, Any]:
        """The import document as edited."""
        return self.state.import_doc

    @property
    def mapping(self) -> Any:
        """The rules as edited, as a :class:`celigo_pandas.Mapping`."""
        from celigo_pandas.experiments import Mapping as RuleSet

        return RuleSet.from_import(self.state.import_doc)

    @property
    def result(self) -> Any:
        """The result of the last push or retry."""
        return self.state.result

    def set(self, path: str, member: str, value: Any) -> None:
        """Change a rule, as if it were typed; see :meth:`MappingState.set_rule` for the members."""
        self.state.set_rule(path, member, value)

    def set_value(self, id: str, value: Any) -> None:
        """Take over what was typed or chosen in a field."""
        if id == "document":
            self.state.set_document(str(value))
            return
        place, _, member = id.rpartition("|")
        if place == "push":
            self.state.set_push_option(member, value)
        elif place.startswith("lookup:"):
            self.state.set_lookup(place.removeprefix("lookup:"), member, value)
        else:
            self.state.set_rule(place, member, value)

    def pick_cell(self, id: str, row: Any, column: int) -> None:
        """Show where a cell of the output comes from."""
        shown = self.state.preview
        if id != "output" or shown is None:
            return
        offset = 2 if any(line.problems for line in shown.rows) else 1
        if offset <= column < len(shown.columns) + offset:
            self.state.select(int(row), shown.columns[column - offset])

    def add_rule(self) -> None:
        """Add an empty rule at the end."""
        self.state.add_rule()

    def add_object(self) -> None:
        """Add an empty object at the end (Mapper 2.0)."""
        self.state.add_rule(kind="object")

    def add_list(self) -> None:
        """Add an empty list at the end."""
        self.state.add_rule(kind="array")

    def add_below(self, path: str) -> None:
        """Add an empty rule below the one at `path`."""
        self.state.add_rule(path)

    def add_object_below(self, path: str) -> None:
        """Add an empty object below the rule at `path`."""
        self.state.add_rule(path, "object")

    def add_list_below(self, path: str) -> None:
        """Add an empty list below the rule at `path`."""
        self.state.add_rule(path, "array")

    def activate(self) -> None:
        """Give every rule of Mapper 2.0 the status that the API asks for."""
        self.state.activate()

    def remove(self, path: str) -> None:
        """Remove a rule and what is below it."""
        self.state.remove(path)

    def duplicate(self, path: str) -> None:
        """Put a copy of a rule right after it."""
        self.state.duplicate(path)

    def move_up(self, path: str) -> None:
        """Move a rule one place up."""
        self.state.move(path, -1)

    def move_down(self, path: str) -> None:
        """Move a rule one place down."""
        self.state.move(path, 1)

    def pick(self, path: str) -> None:
        """Open the details of a rule, or close them."""
        self.state.pick(path)

    def add_lookup(self) -> None:
        """Add an empty lookup table."""
        self.state.add_lookup()

    def remove_lookup(self, name: str) -> None:
        """Remove a lookup table."""
        self.state.remove_lookup(name)

    def undo(self) -> None:
        """Go one edit back."""
        self.state.undo()

    def redo(self) -> None:
        """Take one undo back."""
        self.state.redo()

    def next_failing(self) -> int | None:
        """Show the next failing row of the sample; returns its place, or None when none fails."""
        return self.state.next_failing()

    def previous_page(self) -> None:
        """Show earlier rows of the preview."""
        self.state.turn_page(-1)

    def next_page(self) -> None:
        """Show later rows of the preview."""
        self.state.turn_page(1)

    def check_all(self, wait: bool = True) -> Any:
        """Map every row here and count; returns the counts when it waited."""
        self.run(self.state.check_all, wait)
        return self.state.all_rows[0] if wait and self.state.all_rows is not None else None

    def dry_run(self, wait: bool = True) -> None:
        """Have the server map the first rows and compare."""
        self.run(self.state.dry_run, wait)

    def push(self, wait: bool = True) -> Any:
        """Show what would be sent and where to; :meth:`send` sends it."""
        self.run(self.state.push, wait)
        return self.state.push_preview if wait else None

    def send(self, wait: bool = True) -> Any:
        """Send what :meth:`push` showed; returns the result when it waited."""
        self.run(self.state.send, wait)
        return self.state.result if wait else None

    def cancel(self) -> None:
        """Drop the preview of a push."""
        self.state.cancel()

    def retry_failed(self, wait: bool = True) -> Any:
        """Send failed and unsent rows again; returns the result when it waited."""
        self.run(self.state.retry_failed, wait)
        return self.state.result if wait else None

    def copy_as_python(self) -> str:
        """Return the Python that the editor stands for; the button puts it on the clipboard."""
        return str(next(part["text"] for part in _parts(self.layout()) if part["k"] == "code"))

    def copy_as_json(self) -> str:
        """Return the import document as JSON; the button puts it on the clipboard."""
        return str(next(part["value"] for part in _parts(self.layout()) if part.get("id") == "document"))


def _parts(layout: Element) -> Any:
    from celigo_pandas.forms.elements import walk

    return walk(layout)
