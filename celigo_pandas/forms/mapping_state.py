"""The state of a MappingEditor: the import document, what it makes of a frame, and its way to the target.

The document is the only truth: rules are rows of it, an edit gives a new document, undo goes back to the old one.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from celigo_pandas.documents import rule_editing as rules
from celigo_pandas.documents.lookup_editing import add_lookup, lookup_names, remove_lookup, set_lookup
from celigo_pandas.documents.map_answers import is_one_to_many
from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.documents.rule_rows import RuleRow, rule_rows
from celigo_pandas.documents.rule_sources import set_how, set_source
from celigo_pandas.documents.script_references import ScriptReference
from celigo_pandas.errors import CeligoError, ConfigError, DocumentError, Problem
from celigo_pandas.experiments.hook_runs import transform_run
from celigo_pandas.forms.edited_scripts import EditedScripts, RunShown, without_script_steps
from celigo_pandas.forms.mapping_planning import Planning
from celigo_pandas.forms.mapping_preview import Blame, Preview, PreviewRow, blame, completions, preview
from celigo_pandas.forms.mapping_push import PushPart
from celigo_pandas.forms.server_comparison import Difference, differences
from celigo_pandas.forms.state import History
from celigo_pandas.forms.work import Task
from celigo_pandas.frames.outward import to_records
from celigo_pandas.mapping import compile_mapping, validate
from celigo_pandas.mapping.explain.coverage import Coverage, measure
from celigo_pandas.mapping.explain.hook_stories import HookStory

__all__ = ["MappingState"]

_PAGE = 15
_SERVER_ROWS = 100
_COVERED_ROWS = 300
_DATES = ("extractDateFormat", "extractDateTimezone", "generateDateFormat", "generateDateTimezone")
_EMPTIES = {"empty": "", "null": None}
# What the API refuses though it can be evaluated here. Whatever else only the validation says is a remark.
_REFUSED = frozenset({"missing_status", "wrong_dialect", "bad_filter", "missing_name", "not_a_list", "not_an_object"})


class MappingState(PushPart):
    """What a MappingEditor holds.

    Parameters
    ----------
    df : DataFrame
        The rows to map. Not modified.
    import_doc : mapping
        Where the rules start from. Not modified.
    con : Connection, optional
        Where *Push* and *Dry run on server* go.
    sample : int, default 1000
        Rows of the live preview.
    scripts : EditedScripts, optional
        What the document's hooks, filter and transform run.
    planning : Planning, optional
        What *Plan* begins with.
    """

    title = "Mapping"

    def __init__(
        self,
        df: Any,
        import_doc: Mapping[str, Any],
        con: Any = None,
        *,
        sample: int = 1000,
        planning: Planning | None = None,
        scripts: EditedScripts | None = None,
    ) -> None:
        super().__init__(df, con, planning)
        self.scripts = scripts or EditedScripts({})
        self.sample = sample
        self.records = to_records(df.iloc[:sample])
        self.preview: Preview | None = None
        self.before: Preview | None = None
        self.stale = False
        self._changed: set[tuple[int, str]] | None = None
        self.coverage: Coverage | None = None
        self.problems: tuple[Problem, ...] = ()
        self.remarks: tuple[Problem, ...] = ()
        self.picked: str | None = None
        self.page = 0
        self.page_rows = _PAGE
        self.failing_place: int | None = None
        self.selected: tuple[int, str] | None = None
        self.server_differences: list[Difference] | None = None
        self.all_rows: tuple[Mapping[str, int], float] | None = None
        self.shown_code = ""
        self._history = History(copy.deepcopy(dict(import_doc)))
        self._evaluate()

    # The document

    @property
    def import_doc(self) -> dict[str, Any]:
        """A copy of the import document as edited."""
        return copy.deepcopy(self._history.now)

    @property
    def dialect(self) -> int:
        """1 or 2."""
        return MappingDocument.of(self._history.now).dialect_to_edit

    @property
    def rows(self) -> list[RuleRow]:
        """The rules, parents before their children."""
        return rule_rows(self._history.now)

    @property
    def lookup_names(self) -> list[str]:
        """Names of the lookups."""
        return lookup_names(self._history.now)

    @property
    def completions(self) -> list[str]:
        """Paths that the frame has, as the dialect writes them."""
        return completions(self.records, self.dialect)

    def problems_at(self, path: str) -> list[str]:
        """Texts of the problems of one rule, those of its members included."""
        return self._texts_at(path, self.problems)

    def remarks_at(self, path: str) -> list[str]:
        """Texts of what is doubtful about one rule, its members included; none of it keeps the rows from going."""
        return self._texts_at(path, self.remarks)

    def _texts_at(self, path: str, problems: tuple[Problem, ...]) -> list[str]:
        inside = (f"{path}.", f"{path}[")
        below = {row.path for row in self.rows if row.path.startswith(inside)}
        return [
            problem.message
            for problem in problems
            if problem.field == path
            or (
                problem.field is not None
                and problem.field.startswith(inside)
                and not any(problem.field == other or problem.field.startswith(f"{other}.") for other in below)
            )
        ]

    def loose_problems(self) -> list[str]:
        """Texts of the problems that belong to no rule."""
        return self._loose(self.problems)

    def loose_remarks(self) -> list[str]:
        """Texts of what is doubtful and belongs to no rule."""
        return self._loose(self.remarks)

    def _loose(self, problems: tuple[Problem, ...]) -> list[str]:
        placed = {text for row in self.rows for text in self._texts_at(row.path, problems)}
        return [str(problem) for problem in problems if problem.message not in placed]

    def edit(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Replace the document by what `change` makes of it, and evaluate it."""
        now = self._history.now
        doc = change(now)
        if doc == now:
            self.changed()
            return
        with self.lock:
            self._history.push(doc)
            self.drop_shown()
            self.notices = ()
        self._evaluate()
        self.changed()

    def set_document(self, text: str) -> None:
        """Replace the whole document by JSON."""
        try:
            doc = json.loads(text)
        except ValueError as error:
            raise DocumentError(f"This is not JSON: {error}.") from error
        if not isinstance(doc, dict):
            raise DocumentError("An import document is a JSON object.")
        self.edit(lambda _: doc)

    def set_rule(self, path: str, member: str, value: object) -> None:
        """Change one member of a rule.

        Parameters
        ----------
        path : str
            Path of the rule.
        member : str
            ``generate``, ``how``, ``source``, ``dataType``, ``when``, ``default_kind`` (none, empty, null, text),
            ``default``, ``fixed_kind`` (text, empty, null), ``lookupName``, ``discardIfEmpty``, ``description`` or one
            of the four date members.
        """
        doc = self._history.now
        if member == "how":
            name = next(iter(self.lookup_names), "")
            if value == "lookup" and not name:
                doc, name = add_lookup(doc)
            self.edit(lambda _: set_how(doc, path, str(value), name))
        elif member == "source":
            self.edit(lambda _: set_source(doc, path, str(value)))
        elif member == "generate":
            self.edit(lambda _: rules.set_member(doc, path, "generate", str(value)))
        elif member == "default_kind":
            self._set_default(path, str(value))
        elif member == "default":
            self.edit(lambda _: rules.set_member(doc, path, "default", str(value)))
        elif member == "fixed_kind":
            fixed = _EMPTIES.get(str(value), "text")
            self.edit(lambda _: rules.set_member(rules.set_member(doc, path, "extract", None, remove=True),
                                                     path, "hardCodedValue", fixed))  # fmt: skip
        elif member == "when":
            conditional = {"when": str(value)}
            self.edit(lambda _: rules.set_member(doc, path, "conditional", conditional, remove=not value))
        elif member in ("dataType", "lookupName", "description", "discardIfEmpty", *_DATES):
            self.edit(lambda _: rules.set_member(doc, path, member, value, remove=value in ("", None, False)))
        else:
            raise ConfigError(f"A rule has no member {member!r} here.", hint="Edit the document as JSON.")

    def _set_default(self, path: str, kind: str) -> None:
        value = _EMPTIES.get(kind, "text")
        doc = self._history.now
        self.edit(lambda _: rules.set_member(doc, path, "default", value, remove=kind == "none"))

    def add_rule(self, parent: str | None = None, kind: str = "value") -> str:
        """Add an empty rule, at the end or below `parent`; returns its path. It is opened."""
        doc, path = rules.add_rule(self._history.now, parent, kind)
        self.picked = path
        self.edit(lambda _: doc)
        return path

    def activate(self) -> None:
        """Give every rule the ``status`` that the API asks for."""

        def change(doc: dict[str, Any]) -> dict[str, Any]:
            for row in rule_rows(doc):
                if row.dialect == 2 and row.kind != "helper":
                    doc = rules.set_member(doc, row.path, "status", "Active")
            return doc

        self.edit(change)

    def remove(self, path: str) -> None:
        """Remove a rule and what is below it."""
        self.picked = None
        self.edit(lambda doc: rules.remove_rule(doc, path))

    def duplicate(self, path: str) -> str:
        """Put a copy of a rule right after it; returns the copy's path."""
        doc, copied = rules.duplicate_rule(self._history.now, path)
        self.picked = copied
        self.edit(lambda _: doc)
        return copied

    def move(self, path: str, by: int) -> str:
        """Move a rule among its neighbours; returns its new path."""
        doc, moved = rules.move_rule(self._history.now, path, by)
        self.picked = moved if self.picked == path else self.picked
        self.edit(lambda _: doc)
        return moved

    def pick(self, path: str) -> None:
        """Open the details of a rule, or close them."""
        self.picked = None if self.picked == path else path
        self.changed()

    def add_lookup(self) -> str:
        """Add an empty static lookup; returns its name."""
        doc, name = add_lookup(self._history.now)
        self.edit(lambda _: doc)
        return name

    def remove_lookup(self, name: str) -> None:
        """Remove a lookup; rules that name it say so."""
        self.edit(lambda doc: remove_lookup(doc, name))

    def set_lookup(self, name: str, member: str, value: object) -> None:
        """Change a lookup: ``name``, ``map`` (``key = value`` lines or JSON), ``allowFailures``, ``default_kind``,
        ``default``.
        """
        if member == "default_kind":
            kind = str(value)
            self.edit(lambda doc: set_lookup(doc, name, "default", _EMPTIES.get(kind, "text"), remove=kind == "none"))
        elif member in ("name", "map", "allowFailures", "default"):
            self.edit(lambda doc: set_lookup(doc, name, member, value))
        else:
            raise ConfigError(f"A lookup has no member {member!r} here.")

    def undo(self) -> None:
        """Go one edit back."""
        self._step(self._history.undo)

    def redo(self) -> None:
        """Take one undo back."""
        self._step(self._history.redo)

    def _step(self, step: Callable[[], bool]) -> None:
        if step():
            self.drop_shown()
            self.notices = ()
            self._evaluate()
        self.changed()

    # What it makes of the frame

    def _evaluate(self) -> None:
        doc = self._history.now
        hooks = self.scripts.hooks(doc)
        bare = without_script_steps(doc)
        found = list(validate(bare, self.records))
        errors: set[tuple[str | None, str]] = set()
        try:
            now = preview(self.records, doc if hooks else bare, hooks)
            # A watched evaluation costs as much as the preview: some hundred rows, spread evenly, tell enough.
            spread = self.records[:: max(1, -(-len(self.records) // _COVERED_ROWS))]
            before = hooks or transform_run(bare)
            covered = measure(compile_mapping(doc), spread if before is None else before.passing(spread))
        except CeligoError as error:
            # The last good preview stays, marked: a half-typed rule must not blank the screen.
            known = {(problem.field, problem.message) for problem in found}
            listed = error.problems or (Problem("", error.message),)
            found += [problem for problem in listed if (problem.field, problem.message) not in known]
            errors = {(problem.field, problem.message) for problem in listed}
            self.stale = True
        else:
            self.before, self.preview = self.preview, now
            self.coverage, self.stale, self._changed = covered, False, None
            self.page = min(self.page, max(0, (len(now.rows) - 1) // self.page_rows))
        is_error = [problem.code in _REFUSED or (problem.field, problem.message) in errors for problem in found]
        self.problems = tuple(problem for problem, error in zip(found, is_error, strict=True) if error)
        self.remarks = tuple(problem for problem, error in zip(found, is_error, strict=True) if not error)
        self.server_differences, self.all_rows = None, None

    @property
    def changed_cells(self) -> set[tuple[int, str]]:
        """Cells that the last edit changed."""
        if self._changed is None:
            self._changed = set() if self.preview is None else self.preview.changed_from(self.before)
        return self._changed

    def next_failing(self) -> int | None:
        """Show the next failing row; returns its place in the preview, or None when no row fails."""
        failing = self.preview.failing if self.preview is not None else []
        if not failing:
            self.failing_place = None
            self.say("good", "No row of the sample fails.")
            return None
        later = [place for place in failing if self.failing_place is None or place > self.failing_place]
        self.failing_place = (later or failing)[0]
        self.page = self.failing_place // self.page_rows
        self.selected = None
        self.changed()
        return self.failing_place

    def turn_page(self, by: int) -> None:
        """Show earlier or later rows of the preview."""
        last = max(0, (len(self.preview.rows) - 1) // self.page_rows) if self.preview is not None else 0
        self.page = max(0, min(last, self.page + by))
        self.changed()

    def select(self, place: int, column: str) -> None:
        """Select an output cell; its blame is shown."""
        self.selected = (place, column)
        blamed = self.blame()
        if blamed:
            self.picked = blamed[0].rule
        self.changed()

    def blame(self) -> list[Blame]:
        """Tell where the selected cell comes from."""
        if self.selected is None or self.preview is None or self.stale:
            return []
        place, column = self.selected
        if place >= len(self.preview.rows):
            return []
        row, doc = self.preview.rows[place], self._history.now
        return blame(row.source, doc, f"{row.inside}{column}", self._story(row.position))

    def input_of(self, row: PreviewRow) -> Any:
        """Return what a row of the preview came from: the record of the frame, or its child where it has several."""
        return row.source if is_one_to_many(self._history.now) else self.records[row.position]

    def _story(self, position: int) -> HookStory | None:
        """Return what hooks made of a record; of one of several children nothing is told."""
        hooks = self.scripts.hooks(self._history.now) or transform_run(self._history.now)
        if hooks is None or is_one_to_many(self._history.now):
            return None
        story = hooks.story(compile_mapping(self._history.now), self.records, position)
        return story if isinstance(story, HookStory) else None

    # Scripts

    def set_script(self, id: str, text: str) -> None:
        """Replace the text of a script; the preview follows."""
        self.scripts.set_text(id, text)
        self._evaluate()
        self.changed()

    def revert_script(self) -> None:
        """Take back the text that was read of the script that is shown."""
        self.scripts.revert(self._chosen_script().script_id)
        self._evaluate()
        self.changed()

    def choose_script(self, path: str) -> None:
        """Show another place of the document that runs a script."""
        self.scripts.place, self.scripts.shown = path, None
        self.changed()

    def run_script(self) -> None:
        """Run the function that is shown on the rows in view, on the form's thread."""
        reference, doc = self._chosen_script(), self.import_doc
        rows = self.preview.rows if self.preview is not None else ()
        start = self.page * self.page_rows
        positions = list(dict.fromkeys(row.position for row in rows[start : start + self.page_rows]))
        records = [self.records[position] for position in positions]

        def done(found: RunShown) -> None:
            self.scripts.shown = found
            failed = sum(row.state == "failed" for row in found.rows)
            what = f"{reference.kind}: {len(found.rows)} of the rows in view"
            self.say("warning" if failed else "good", f"{what}, {failed} of which fail." if failed else f"{what}.")

        self.run_long("Script", lambda task: self.scripts.run(reference, records, positions, doc), done)

    def _chosen_script(self) -> ScriptReference:
        reference = self.scripts.chosen(self._history.now)
        if reference is None:
            raise ConfigError("The document names no script that could be run here.")
        return reference

    def _options(self) -> dict[str, Any]:
        edited = self.scripts.edited
        return {**super()._options(), **({"scripts": edited} if edited else {})}

    def check_all(self) -> None:
        """Evaluate all rows of the frame, on the form's thread, and count what becomes of them."""
        doc, frame = self.import_doc, self.df
        hooks = self.scripts.hooks(doc)

        def run(task: Task) -> tuple[Mapping[str, int], float]:
            began = time.perf_counter()
            counts = {"mapped": 0, "ignored": 0, "failed": 0}
            for start in range(0, len(frame), 10_000):
                task.check()
                part = preview(to_records(frame.iloc[start : start + 10_000]), doc, hooks)
                counts = {name: counts[name] + part.counts[name] for name in counts}
                task.show(min(len(frame), start + 10_000), len(frame))
            return counts, time.perf_counter() - began

        def done(found: tuple[Mapping[str, int], float]) -> None:
            if not self._is_still(doc):
                return
            self.all_rows = found
            listed = ", ".join(f"{count:,} {name}" for name, count in found[0].items() if count)
            self.say("info", f"All {len(frame):,} rows: {listed or 'nothing'}.")

        self.run_long("All rows", run, done)

    def dry_run(self) -> None:
        """Ask the server to map the first rows of the sample, and compare with what is shown."""
        connection = self.connected("Dry run on server")
        doc, head = self.import_doc, self.df.iloc[: min(self.sample, _SERVER_ROWS)]
        head = head.set_axis(range(len(head)))
        local = preview(self.records[:_SERVER_ROWS], doc, self.scripts.hooks(doc))
        edited = self.scripts.edited
        scripts = {"scripts": edited} if edited else {}

        def done(trial: Any) -> None:
            if not self._is_still(doc):
                return
            found = self.server_differences = differences(local, trial)
            rows = len({position for position, *_ in found})
            if found:
                self.say("warning", f"The server maps {rows:,} of these {len(head):,} rows differently; "
                         "they are listed below the output.")  # fmt: skip
            else:
                self.say("good", f"The server maps these {len(head):,} rows to the same {len(trial.mapped):,} records.")

        def run(task: Task) -> Any:
            return connection.dry_run(head, doc, progress=False, **scripts)

        self.run_long("Dry run on server", run, done)

    @property
    def actions(self) -> dict[str, bool]:
        """Names of the buttons and whether each can be pressed now."""
        free = not self.busy
        connected = free and self.connection is not None
        return {
            "undo": self._history.can_undo,
            "redo": self._history.can_redo,
            "next_failing": self.preview is not None,
            "check_all": free,
            "dry_run": connected,
            "push": connected and not self.problems and not self.stale,
            "plan": connected and not self.problems and not self.stale,
            "push_plan": connected
            and self.shown_plan is not None
            and bool(self.shown_plan.counts["create"] + self.shown_plan.counts["update"]),
            "send": connected and self.push_preview is not None,
            "cancel": free,
            "retry_failed": connected and self.can_retry,
            "stop": not free,
            "run_script": free,
        }
