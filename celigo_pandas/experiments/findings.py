"""What the experiments find, as frames for programs and as HTML for people."""

from __future__ import annotations

from typing import Any

import pandas as pd

from celigo_pandas.errors import MappingError, printable, shown
from celigo_pandas.experiments.frame_records import exact_frame, label_text
from celigo_pandas.frames.side_by_side import cell_text, pair_texts, shown_output, type_change
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.explain.blame import Blame
from celigo_pandas.mapping.explain.coverage import Coverage, RuleCoverage
from celigo_pandas.mapping.explain.diff import CellChange, MappingDifference
from celigo_pandas.markup import Markup, table, tag, text

__all__ = ["BlameFindings", "CoverageFindings", "DiffFindings"]

_SHARES = ("found", "null", "empty", "defaulted", "retyped", "lookup_misses", "date_failures", "failures")


class CoverageFindings:
    """What a mapping uses of a frame.

    Attributes
    ----------
    frame : DataFrame
        One row per rule, and per helper of an array that has several: ``rule`` (path in the document), ``cell``,
        ``reads``, ``rows`` (array elements each count, an array that is not there or is empty once), and the share of
        them (0 to 1) whose source was ``found``, ``null``, ``empty``, ``defaulted``, ``retyped``, which missed the
        lookup (``lookup_misses``), had no readable date (``date_failures``), or failed (``failures``).
    unused : list of str
        Source fields that no rule reads.
    dead : list of str
        Cells of rules that read a path and found nothing in any row.
    """

    def __init__(self, coverage: Coverage) -> None:
        self.coverage = coverage
        self.unused = list(coverage.unused)
        self.dead = list(dict.fromkeys(rule.cell for rule in coverage.rules if rule.is_dead))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per rule."""
        rows = []
        for rule in self.coverage.rules:
            shares = {name: getattr(rule, name) / rule.rows if rule.rows else 0.0 for name in _SHARES}
            rows.append((rule.path, rule.cell, ", ".join(rule.reads), rule.rows, *shares.values()))
        return exact_frame(rows, ["rule", "cell", "reads", "rows", *_SHARES], ["rows", *_SHARES])

    def __repr__(self) -> str:
        lines = [f"Coverage of {len(self.coverage.rules)} rules over {self.coverage.records:,} records"]
        lines[0] += f", {self.coverage.failed:,} of which fail" if self.coverage.failed else ""
        for rule in self.coverage.rules:
            notes = [f"{name.replace('_', ' ')} {_percent(getattr(rule, name), rule.rows)}" for name in _SHARES]
            told = [note for note, name in zip(notes, _SHARES, strict=True) if getattr(rule, name) or name == "found"]
            if not rule.reads:
                told = ["constant" if rule.is_constant else "reads no field" if rule.rows else "object"]
            lines.append(f"  {_coverage_label(rule):<30} {'DEAD PATH ' if rule.is_dead else ''}{', '.join(told)}")
        if self.unused:
            lines.append("  not used: " + ", ".join(self.unused))
        return printable("\n".join(lines))

    def _repr_html_(self) -> Markup:
        header = ("cell", "reads", "found", "null", "retyped", "lookup missed", "date failed", "failed")
        names = ("found", "null", "retyped", "lookup_misses", "date_failures", "failures")
        rows = [
            (
                tag(
                    "b",
                    _coverage_label(rule),
                    *([" — dead path"] if rule.is_dead else []),
                    style=_BAD if rule.is_dead else None,
                ),
                ", ".join(rule.reads),
                *(_bar(getattr(rule, name), rule.rows, good=name == "found") for name in names),
            )
            for rule in self.coverage.rules
        ]
        failed = f", {self.coverage.failed:,} of which fail" if self.coverage.failed else ""
        unused = tag("p", tag("b", "Source fields no rule reads: "), ", ".join(self.unused) or "none")
        return tag(
            "div", tag("p", f"{self.coverage.records:,} records{failed}."), table(header, rows, style=_TABLE), unused
        )


def _coverage_label(rule: RuleCoverage) -> str:
    return f"{rule.cell} from {', '.join(rule.reads) or 'its own fields'}" if rule.is_helper else rule.cell


class DiffFindings:
    """Which output cells differ between two mappings over the same rows.

    Attributes
    ----------
    frame : DataFrame
        One row per kind of cell and rules: ``cell``, ``rule_before`` and ``rule_after`` (the rules behind the change:
        what differs of all that decides such a cell), ``cells`` (how many changed), ``rows`` (in how many rows),
        ``example_row``, ``example_before``, ``example_after``, ``type_change`` (of the example: ``"number → text"``,
        or empty).
    cells : DataFrame
        One row per cell that differs: ``row`` (index label), ``cell``, ``change``, ``before``, ``after``,
        ``type_change``. Of a row that only one of the two can map: the cells of the rules that fail.
    idle : list of str
        Cells whose rules were changed without any effect on these rows.
    undecided : list of str
        Cells whose rule was changed and is behind no change, but its effect cannot be told: some rows fail, or another
        changed rule decides the same cells.
    newly_failed, newly_mapped : list
        Labels of rows that only one of the two can map.
    uncompared : list
        Labels of rows that both fail to map.
    """

    def __init__(self, difference: MappingDifference, df: object) -> None:
        self.difference = difference
        self._df = df
        self.idle = list(difference.idle)
        self.undecided = list(difference.undecided)
        self.newly_failed = [label_text(df, position) for position in difference.newly_failed]
        self.newly_mapped = [label_text(df, position) for position in difference.newly_mapped]
        self.uncompared = [label_text(df, position) for position in difference.uncompared]

    def __bool__(self) -> bool:
        return bool(self.difference.changes)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per kind of cell that differs."""
        columns = ["cell", "rule_before", "rule_after", "cells", "rows"]
        examples = ["example_row", "example_before", "example_after", "type_change"]
        rows = [
            (
                entry.cell,
                entry.rule_before,
                entry.rule_after,
                entry.count,
                entry.records,
                *self._shown(entry.examples[0]),
                type_change(entry.examples[0].before, entry.examples[0].after),
            )
            for entry in self.difference.rules
        ]
        return exact_frame(rows, columns + examples, ["cells", "rows", "example_row"])

    @property
    def cells(self) -> pd.DataFrame:
        """One row per cell that differs."""
        rows = [
            (
                label_text(self._df, one.position),
                one.cell,
                one.kind,
                shown_output(one.before),
                shown_output(one.after),
                type_change(one.before, one.after),
            )
            for one in self.difference.changes
        ]
        return exact_frame(rows, ["row", "cell", "change", "before", "after", "type_change"], ["row"])

    def __repr__(self) -> str:
        lines = [self._headline()]
        for entry in self.difference.rules:
            row, before, after = self._shown(entry.examples[0])
            lines.append(
                f"  {entry.cell:<30} {entry.count:>9,} cells in {entry.records:,} rows, "
                f"e.g. row {shown(row)}: {shown(before)} → {shown(after)}"
            )
        lines += [f"  {cell:<30} the rule differs, no cell does" for cell in self.idle]
        lines += [f"  {cell:<30} the rule differs, no cell that could be compared does" for cell in self.undecided]
        return printable("\n".join(lines))

    def _repr_html_(self) -> Markup:
        rows = []
        for entry in self.difference.rules:
            shown_examples = []
            for example in entry.examples[:3]:
                row, *values = self._shown(example)
                before, after = pair_texts(*values)
                old, new = tag("del", before, style=_OLD), tag("ins", after, style=_NEW)
                shown_examples.append(tag("div", f"row {row}: ", old, " → ", new))
            rows.append(
                (tag("b", entry.cell), f"{entry.count:,}", f"{entry.records:,}", Markup("".join(shown_examples)))
            )
        parts = [tag("p", self._headline()), table(("cell", "cells", "rows", "examples"), rows, style=_TABLE)]
        if self.idle:
            parts.append(tag("p", tag("b", "Changed rules without an effect on these rows: "), ", ".join(self.idle)))
        if self.undecided:
            what = "Changed rules without an effect on the rows that could be compared: "
            parts.append(tag("p", tag("b", what), ", ".join(self.undecided)))
        for what, labels in (
            ("Rows that now fail", self.newly_failed),
            ("Rows that failed before", self.newly_mapped),
            ("Rows that fail in both", self.uncompared),
        ):
            if labels:
                more = f" and {len(labels) - 20:,} more" if len(labels) > 20 else ""
                parts.append(tag("p", tag("b", f"{what}: "), ", ".join(map(str, labels[:20])) + more))
        return tag("div", *parts)

    def _headline(self) -> str:
        rows = len({change.position for change in self.difference.changes})
        said = (
            f"{len(self.difference.changes):,} cells in {rows:,} of {self.difference.records:,} rows differ, "
            f"by {len(self.difference.rules)} rules."
        )
        if self.uncompared:
            said += f" {len(self.uncompared):,} rows fail in both and could not be compared."
        return said

    def _shown(self, change: CellChange) -> tuple[Any, Any, Any]:
        return label_text(self._df, change.position), shown_output(change.before), shown_output(change.after)


class BlameFindings:
    """Where one output cell comes from.

    Attributes
    ----------
    rule : str
        Path of the rule in the document.
    sources : dict
        Each source path with the value it has for this cell (in an array: that of the element); a path that is not
        there is absent from the dict.
    value : object
        What was written; None when it was left out (``is_absent`` tells).
    steps : DataFrame
        ``step``, ``before``, ``after``, in the order of work.
    parts : DataFrame
        ``cell``, ``rule``, ``value`` of each cell inside, when other rules write inside this object or array.
    problems : tuple of Problem
        Why nothing was written, if the rule failed.
    """

    def __init__(self, blame: Blame, row: object) -> None:
        self.blame = blame
        self.row = row
        self.rule = blame.trace.rule
        self.sources = {path: value for path, value in blame.sources if value is not UNDEFINED}
        self.missing = [path for path, value in blame.sources if value is UNDEFINED]
        self.is_absent = blame.value is UNDEFINED
        self.value = None if self.is_absent else blame.value
        self.problems = blame.problems

    @property
    def steps(self) -> pd.DataFrame:
        """One row per step."""
        rows = [(one.step, shown_output(one.before), shown_output(one.after)) for one in self.blame.trace.steps]
        return exact_frame(rows, ["step", "before", "after"])

    @property
    def parts(self) -> pd.DataFrame:
        """One row per cell inside."""
        rows = [(part.cell, part.rule, shown_output(part.value)) for part in self.blame.parts]
        return exact_frame(rows, ["cell", "rule", "value"])

    def __repr__(self) -> str:
        lines = [f"{self.blame.cell} of row {shown(self.row)} is written by {self.rule}"]
        lines += [f"  source    {path} = {shown(value)}" for path, value in self.sources.items()]
        lines += [f"  source    {path} is not there" for path in self.missing]
        for one in self.blame.trace.steps:
            before, after = pair_texts(one.before, one.after)
            lines.append(f"  {one.step:<9} {f'{before} → {after}' if one.is_hook else after}")
        if self.blame.cell != self.blame.trace.cell:
            lines.append(f"  value     {cell_text(self.blame.value)}")
        for part in self.blame.parts[:_PARTS]:
            lines.append(f"  inside    {part.cell} = {cell_text(part.value)}, by {part.rule}")
        if len(self.blame.parts) > _PARTS:
            lines.append(f"  inside    and {len(self.blame.parts) - _PARTS:,} cells more")
        lines += [f"  failed    {problem.message}" for problem in self.problems]
        return printable("\n".join(lines))

    def _repr_html_(self) -> Markup:
        rows = [("source", path, cell_text(value)) for path, value in self.sources.items()]
        rows += [("source", path, tag("i", "not there")) for path in self.missing]
        for one in self.blame.trace.steps:
            before, after = pair_texts(one.before, one.after)
            rows.append((one.step, "" if one.before is UNDEFINED else before, after))
        if self.blame.cell != self.blame.trace.cell:
            rows.append(("value", self.blame.cell, cell_text(self.blame.value)))
        rows += [("inside", part.cell, cell_text(part.value)) for part in self.blame.parts[:_PARTS]]
        rows += [("failed", problem.code, tag("span", problem.message, style=_BAD)) for problem in self.problems]
        title = tag("p", tag("b", self.blame.cell), f" of row {self.row} is written by ", tag("code", self.rule))
        return tag("div", title, table(("step", "from", "value"), rows, style=_TABLE))


_PARTS = 20
_TABLE = "border-collapse:collapse"
_BAD = "color:var(--jp-error-color1,#b00020)"
_OLD = "color:var(--jp-error-color1,#b00020)"
_NEW = "color:var(--jp-success-color0,#1b7f3b);text-decoration:none"


def _percent(count: int, rows: int) -> str:
    return f"{count / rows:.0%}" if rows else "–"


def _bar(count: int, rows: int, *, good: bool) -> Markup:
    if not rows or (not count and not good):
        return text("")
    share = count / rows
    color = "#4c9f70" if good else "#d9822b"
    fill = tag("span", "", style=f"display:block;height:4px;width:{share:.1%};background:{color}")
    label = _percent(count, rows) if count in (0, rows) or 0.005 <= share <= 0.995 else f"{share:.2%}"
    return tag("span", label, fill, title=f"{count:,} of {rows:,}", style="display:block;min-width:4em")


def failing_rows(outputs: list[Any], df: object, limit: int = 50) -> Markup:
    """List the rows that a mapping cannot map, with the reason."""
    failures = [(place, output) for place, output in enumerate(outputs) if isinstance(output, MappingError)]
    rows = [
        (label_text(df, place), error.rule or "", cell_text(error.value), error.code, error.message)
        for place, error in failures[:limit]
    ]
    parts = [tag("p", f"{len(failures):,} of {len(outputs):,} rows fail.")]
    if rows:
        parts.append(table(("row", "rule", "value", "code", "message"), rows, style=_TABLE))
    if len(failures) > limit:
        parts.append(tag("p", f"The first {limit} are shown."))
    return tag("div", *parts)
