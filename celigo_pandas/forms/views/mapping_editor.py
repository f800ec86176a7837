"""The MappingEditor of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from celigo_pandas.accessors.targets import account_of, server_of
from celigo_pandas.documents.counts import whole_number
from celigo_pandas.documents.script_references import script_references
from celigo_pandas.documents.script_sources import ScriptsLike
from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.forms.edited_scripts import read_scripts
from celigo_pandas.forms.elements import Element
from celigo_pandas.forms.mapping_layout import mapping_layout
from celigo_pandas.forms.mapping_planning import Planning
from celigo_pandas.forms.mapping_state import MappingState
from celigo_pandas.forms.views.arguments import connection_of, document_of
from celigo_pandas.forms.views.form import FormView

if TYPE_CHECKING:
    from celigo_pandas.accessors import ImportPlan, ImportResult

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
    current : DataFrame, or export (dict, builder, saved export), optional
        What is at the destination, for *Plan*; it can be written in the form, too.
    key : str or list of str, optional
        The fields by which a row is known there, for *Plan*.
    scripts : dict, or client.scripts, optional
        Text or file of a script that the document names, by id or name. What is not in it is read from the account of
        the saved import, of `con`, or of the only open client.

    Attributes
    ----------
    import_doc : dict
        The document as edited.
    mapping : celigo.Mapping
        The same, as a mapping.
    result : ImportResult or None
        Of the last push or retry.
    scripts : dict
        The texts of the document's scripts as edited, by id.

    Notes
    -----
    Requests: one for each script that is read from an account; none while rules and scripts are edited. *Dry run on
    server*: one per 100 rows. *Push* shows what would be sent; *Send* sends it. *Plan* reads the destination and shows
    what a push would change; *Push … rows* sends that.

    Examples
    --------
    >>> editor = celigo.MappingEditor(orders, import_doc, desk)
    >>> editor.mapping
    <Mapping 2.0, 2 rules> ...
    """

    state: MappingState

    def __init__(
        self,
        df: Any,
        import_doc: Any,
        con: Any = None,
        *,
        sample: int = 1000,
        current: Any = None,
        key: Any = None,
        scripts: ScriptsLike | None = None,
    ) -> None:
        if not isinstance(df, pd.DataFrame):
            raise ConfigError(f"MappingEditor takes a DataFrame first, got {shown(df)}.")
        document = document_of("MappingEditor", "import_doc", import_doc)
        if con is None and document is not import_doc:
            con = getattr(import_doc, "connection", None)
        if con is not None:
            con = connection_of("MappingEditor", con, import_doc, df)
        sample = whole_number("MappingEditor: sample", sample)
        account = account_of(import_doc, con, server_of(df)) if script_references(document) else None
        found = read_scripts(document, scripts, None if account is None else account.scripts)
        planning = Planning.of(current, key)
        super().__init__(MappingState(df, document, con, sample=sample, planning=planning, scripts=found))

    def layout(self) -> Element:
        """Describe what the editor shows now; the widget, the HTML and the text are drawn from it.

        Returns
        -------
        Element
            The root of a tree of plain dicts.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.layout()["k"]
        'box'
        """
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

    @property
    def scripts(self) -> dict[str, str]:
        """The texts of the document's scripts as edited, by id."""
        return self.state.scripts.texts

    def set(self, path: str, member: str, value: object) -> None:
        """Change a member of a rule, as if it were typed.

        Parameters
        ----------
        path : str
            Path of a rule, e.g. ``mappings[0]``.
        member : str
            ``generate``, ``how`` (field, template, fixed, lookup), ``source``, ``dataType``, ``when``,
            ``default_kind`` (none, empty, null, text), ``default``, ``fixed_kind`` (text, empty, null),
            ``lookupName``, ``discardIfEmpty``, ``description`` or one of the four date members.
        value : str or bool
            What is typed or chosen.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.set("mappings[1]", "source", "$.status")
        >>> editor.import_doc["mappings"][1]["extract"]
        '$.status'
        """
        self.state.set_rule(path, member, value)

    def set_value(self, id: str, value: object) -> None:
        """Take over what was typed or chosen in a field of the browser; from code, use :meth:`set`.

        Parameters
        ----------
        id : str
            ``document``, or a place and a member with ``|`` between; the place is a rule's path, ``push``, ``plan``,
            ``lookup:`` and its name, ``script`` (its member ``place``), or ``script:`` and its id.
        value : object
            What was typed or chosen.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.set_value("mappings[1]|generate", "mail")
        >>> [rule["generate"] for rule in editor.import_doc["mappings"]]
        ['order', 'mail']
        """
        if id == "document":
            self.state.set_document(str(value))
            return
        place, _, member = id.rpartition("|")
        if place == "push":
            self.state.set_push_option(member, value)
        elif id == "script|place":
            self.state.choose_script(str(value))
        elif place.startswith("script:"):
            self.state.set_script(place.removeprefix("script:"), str(value))
        elif place == "plan":
            self.state.set_planning(member, value)
        elif place.startswith("lookup:"):
            self.state.set_lookup(place.removeprefix("lookup:"), member, value)
        else:
            self.state.set_rule(place, member, value)

    def pick_cell(self, id: str, row: Any, column: int) -> None:
        """Act on a click on a cell of the output: show where it comes from.

        Parameters
        ----------
        id : str
            ``output``; any other table is passed over.
        row : int
            Place of the row in the preview.
        column : int
            Place of the column as it is drawn.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.pick_cell("output", 0, 1)
        >>> editor.state.blame()[0].rule
        'mappings[0]'
        """
        shown = self.state.preview
        if id != "output" or shown is None:
            return
        offset = 2 if any(line.problems for line in shown.rows) else 1
        if offset <= column < len(shown.columns) + offset:
            self.state.select(int(row), shown.columns[column - offset])

    def run_script(self, *, wait: bool = True) -> None:
        """Run the script that is shown on the rows in view; what it made of each record is listed below its code.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done.

        Examples
        --------
        >>> code = "function preMap({data}) { return data.map(d => ({data: {...d, id: d.id + 1000}})) }"
        >>> hooked = {**import_doc, "hooks": {"preMap": {"_scriptId": "1"}}}
        >>> editor = celigo.MappingEditor(orders, hooked, scripts={"1": code})
        >>> editor.run_script()
        >>> {row.state for row in editor.state.scripts.shown.rows}
        {'ok'}
        """
        self.run(self.state.run_script, wait)

    def revert_script(self) -> None:
        """Take back the code that was read of the script that is shown.

        Examples
        --------
        >>> hooked = {**import_doc, "hooks": {"preMap": {"_scriptId": "1"}}}
        >>> editor = celigo.MappingEditor(orders, hooked, scripts={"1": "function preMap({data}) { return [] }"})
        >>> editor.set_value("script:1|text", "// nothing")
        >>> editor.revert_script()
        >>> editor.scripts
        {'1': 'function preMap({data}) { return [] }'}
        """
        self.state.revert_script()

    def copy_script(self) -> str:
        """Return the code of the script that is shown; the button puts it on the clipboard.

        Returns
        -------
        str
            Empty where the document names no script.

        Examples
        --------
        >>> celigo.MappingEditor(orders, import_doc).copy_script()
        ''
        """
        chosen = self.state.scripts.chosen(self.state.import_doc)
        return "" if chosen is None else self.scripts[chosen.script_id]

    def add_rule(self) -> None:
        """Add an empty rule at the end.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.add_rule()
        >>> [rule["generate"] for rule in editor.import_doc["mappings"]]
        ['order', 'email', '']
        """
        self.state.add_rule()

    def add_object(self) -> None:
        """Add an empty object at the end (Mapper 2.0).

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.add_object()
        >>> editor.import_doc["mappings"][2]["dataType"]
        'object'
        """
        self.state.add_rule(kind="object")

    def add_list(self) -> None:
        """Add an empty list at the end.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.add_list()
        >>> editor.import_doc["mappings"][2]["dataType"]
        'objectarray'
        """
        self.state.add_rule(kind="array")

    def add_below(self, path: str) -> None:
        """Add an empty rule below an object or a list.

        Parameters
        ----------
        path : str
            Path of the object or the list.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.add_object()
        >>> editor.add_below("mappings[2]")
        >>> editor.state.rows[-1].path
        'mappings[2].mappings[0]'
        """
        self.state.add_rule(path)

    def add_object_below(self, path: str) -> None:
        """Add an empty object below an object or a list.

        Parameters
        ----------
        path : str
            Path of the object or the list.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.add_object()
        >>> editor.add_object_below("mappings[2]")
        >>> editor.state.rows[-1].kind
        'object'
        """
        self.state.add_rule(path, "object")

    def add_list_below(self, path: str) -> None:
        """Add an empty list below an object or a list.

        Parameters
        ----------
        path : str
            Path of the object or the list.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.add_object()
        >>> editor.add_list_below("mappings[2]")
        >>> editor.state.rows[3].kind
        'array'
        """
        self.state.add_rule(path, "array")

    def activate(self) -> None:
        """Give every rule of Mapper 2.0 the status that the API asks for.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.activate()
        >>> {rule["status"] for rule in editor.import_doc["mappings"]}
        {'Active'}
        """
        self.state.activate()

    def remove(self, path: str) -> None:
        """Remove a rule and what is below it.

        Parameters
        ----------
        path : str
            Path of a rule, e.g. ``mappings[0]``.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.remove("mappings[1]")
        >>> [rule["generate"] for rule in editor.import_doc["mappings"]]
        ['order']
        """
        self.state.remove(path)

    def duplicate(self, path: str) -> None:
        """Put a copy of a rule right after it.

        Parameters
        ----------
        path : str
            Path of a rule, e.g. ``mappings[0]``.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.duplicate("mappings[0]")
        >>> [row.path for row in editor.state.rows]
        ['mappings[0]', 'mappings[1]', 'mappings[2]']
        """
        self.state.duplicate(path)

    def move_up(self, path: str) -> None:
        """Move a rule one place up.

        Parameters
        ----------
        path : str
            Path of a rule, e.g. ``mappings[0]``.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.move_up("mappings[1]")
        >>> [rule["generate"] for rule in editor.import_doc["mappings"]]
        ['email', 'order']
        """
        self.state.move(path, -1)

    def move_down(self, path: str) -> None:
        """Move a rule one place down.

        Parameters
        ----------
        path : str
            Path of a rule, e.g. ``mappings[0]``.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.move_down("mappings[0]")
        >>> [rule["generate"] for rule in editor.import_doc["mappings"]]
        ['email', 'order']
        """
        self.state.move(path, 1)

    def pick(self, path: str) -> None:
        """Open the details of a rule, or close them.

        Parameters
        ----------
        path : str
            Path of a rule, e.g. ``mappings[0]``.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.pick("mappings[0]")
        >>> editor.state.picked
        'mappings[0]'
        """
        self.state.pick(path)

    def add_lookup(self) -> None:
        """Add an empty lookup table.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.add_lookup()
        >>> editor.state.lookup_names
        ['lookup1']
        """
        self.state.add_lookup()

    def remove_lookup(self, name: str) -> None:
        """Remove a lookup table; rules that name it say so.

        Parameters
        ----------
        name : str
            Name of the table.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.add_lookup()
        >>> editor.remove_lookup(editor.state.lookup_names[0])
        >>> editor.state.lookup_names
        []
        """
        self.state.remove_lookup(name)

    def undo(self) -> None:
        """Go one edit back.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.remove("mappings[1]")
        >>> editor.undo()
        >>> [rule["generate"] for rule in editor.import_doc["mappings"]]
        ['order', 'email']
        """
        self.state.undo()

    def redo(self) -> None:
        """Take one undo back.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.remove("mappings[1]")
        >>> editor.undo()
        >>> editor.redo()
        >>> [rule["generate"] for rule in editor.import_doc["mappings"]]
        ['order']
        """
        self.state.redo()

    def next_failing(self) -> int | None:
        """Show the next failing row of the sample.

        Returns
        -------
        int or None
            Its place in the preview; None when no row fails.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.next_failing() is None
        True
        """
        return self.state.next_failing()

    def previous_page(self) -> None:
        """Show earlier rows of the preview.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.next_page()
        >>> editor.previous_page()
        >>> editor.state.page
        0
        """
        self.state.turn_page(-1)

    def next_page(self) -> None:
        """Show later rows of the preview.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.next_page()
        >>> editor.state.page
        1
        """
        self.state.turn_page(1)

    def check_all(self, wait: bool = True) -> Any:
        """Map every row here and count; the button is *All rows*.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Returns
        -------
        dict of str to int, or None
            Rows by state: ``mapped``, ``ignored``, ``failed``; None when it did not wait.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> editor.check_all()
        {'mapped': 20, 'ignored': 0, 'failed': 0}
        """
        self.run(self.state.check_all, wait)
        return self.state.all_rows[0] if wait and self.state.all_rows is not None else None

    def dry_run(self, wait: bool = True) -> None:
        """Have the server map the first 100 rows and compare.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc, desk)
        >>> editor.dry_run()
        >>> editor.state.server_differences
        []
        """
        self.run(self.state.dry_run, wait)

    def push(self, wait: bool = True) -> Any:
        """Show what would be sent and where to; :meth:`send` sends it.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Returns
        -------
        PushPreview or None
            What would be sent; None when it did not wait.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc, desk)
        >>> editor.push()
        20 rows to http import through Delay desk ... Nothing was sent. ...
        """
        self.run(self.state.push, wait)
        return self.state.push_preview if wait else None

    def send(self, wait: bool = True) -> Any:
        """Send what :meth:`push` showed.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Returns
        -------
        ImportResult or None
            One outcome per row; None when it did not wait.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc, desk)
        >>> shown = editor.push()
        >>> editor.send()
        <ImportResult 20 rows: ...>
        """
        self.run(self.state.send, wait)
        return self.state.result if wait else None

    def plan(self, wait: bool = True) -> ImportPlan | None:
        """Show what a push would create, update and leave alone; :meth:`push_plan` sends it.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Returns
        -------
        ImportPlan or None
            None when it did not wait.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc, desk, current=late, key="order")
        >>> editor.plan()
        <ImportPlan 20 rows: 18 create, 1 update, 1 unchanged. ...>
        """
        self.run(self.state.plan, wait)
        return self.state.shown_plan if wait else None

    def push_plan(self, wait: bool = True) -> ImportResult | None:
        """Send what :meth:`plan` would create and update.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Returns
        -------
        ImportResult or None
            One outcome per row, those that stay here too; None when it did not wait.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc, desk, current=late, key="order")
        >>> shown = editor.plan()
        >>> editor.push_plan()
        <ImportResult 20 rows: ... 1 unchanged.>
        """
        self.run(self.state.push_plan, wait)
        return self.state.result if wait else None

    def cancel(self) -> None:
        """Drop the preview of a push, or its plan; nothing is sent.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc, desk)
        >>> shown = editor.push()
        >>> editor.cancel()
        >>> editor.state.push_preview is None
        True
        """
        self.state.cancel()

    def retry_failed(self, wait: bool = True) -> Any:
        """Send failed and unsent rows of the last push again.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Returns
        -------
        ImportResult or None
            Over all rows, or, after an edit of the rules, over those sent again; None when it did not wait.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc, desk)
        >>> shown = editor.push()
        >>> result = editor.send()
        >>> editor.retry_failed()
        <ImportResult 20 rows: ...>
        """
        self.run(self.state.retry_failed, wait)
        return self.state.result if wait else None

    def copy_as_python(self) -> str:
        """Write the Python that the editor stands for; the button puts it on the clipboard.

        Returns
        -------
        str
            Code that makes the document and pushes ``df`` through it.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc, desk)
        >>> editor.copy_as_python().splitlines()[0]
        "con = client.connections['Delay desk']"
        """
        return str(next(part["text"] for part in _parts(self.layout()) if part["k"] == "code"))

    def copy_as_json(self) -> str:
        """Write the import document as JSON; the button puts it on the clipboard.

        Returns
        -------
        str
            JSON, indented.

        Examples
        --------
        >>> editor = celigo.MappingEditor(orders, import_doc)
        >>> import json
        >>> json.loads(editor.copy_as_json()) == editor.import_doc
        True
        """
        return str(next(part["value"] for part in _parts(self.layout()) if part.get("id") == "document"))


def _parts(layout: Element) -> Any:
    from celigo_pandas.forms.elements import walk

    return walk(layout)
