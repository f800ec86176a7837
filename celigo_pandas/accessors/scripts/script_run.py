"""What a function of a script made of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from celigo_pandas.accessors.dry_runs.beside_input import compared, comparison_html
from celigo_pandas.accessors.dry_runs.dry_run import mapped_frame
from celigo_pandas.accessors.dry_runs.script_logs import logs_frame
from celigo_pandas.accessors.scripts.function_calls import RecordRun
from celigo_pandas.errors import FrameError, Problem, legible
from celigo_pandas.frames.kept_copy import kept_copy
from celigo_pandas.markup import Markup, table, tag
from celigo_pandas.scripts import LogLine

__all__ = ["RUN_STATES", "ScriptRun"]

RUN_STATES = ("ok", "ok_with_errors", "ignored", "failed")
_SHOWN_ROWS = 20


class ScriptRun:
    """What a function made of each record; :meth:`celigo_pandas.Script.run` gives it.

    Attributes
    ----------
    frame : DataFrame
        The index of the input, columns ``state`` (``ok``, ``ok_with_errors``, ``ignored``, ``failed``), ``code``,
        ``message``, ``line`` (of the script, where it threw). After a preSavePage, which gives a page of any length,
        one row per record of its output.
    output : DataFrame
        The records that go on, on the labels of the rows that they came from.
    records : list
        The same as plain values.
    logs : DataFrame
        What the script wrote by ``console``: ``time`` (UTC), ``level``, ``script``, ``function``, ``message``.
    errors : list of Problem
        What was said of the page, not of one record.
    """

    def __init__(
        self, kind: str, rows: pd.DataFrame, runs: Sequence[RecordRun], log: Sequence[LogLine],
        errors: Sequence[Problem] = (), *, is_aligned: bool = True,
    ) -> None:  # fmt: skip
        self.kind = kind
        self._rows = rows
        self._runs = list(runs)
        self._log = list(log)
        self._is_aligned = is_aligned
        self.errors = list(errors)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per record; see the class."""
        firsts = [next(iter(run.errors), None) for run in self._runs]
        data: dict[str, Any] = {
            "state": pd.Series([run.state for run in self._runs], dtype="str").array,
            "code": pd.Series([first and first.code for first in firsts], dtype=object),
            "message": pd.Series(
                ["; ".join(one.message for one in run.errors) or None for run in self._runs], dtype=object
            ),
            "line": pd.Series([run.line for run in self._runs], dtype="Int64").array,
        }
        return pd.DataFrame(data).set_axis(self._index())

    @property
    def records(self) -> list[Any]:
        """The records that go on."""
        return [run.data for run in self._runs if run.state in ("ok", "ok_with_errors")]

    @property
    def output(self) -> pd.DataFrame:
        """The records that go on, as a frame; see the class."""
        frame, sources = mapped_frame(self.records)
        positions = [place for place, run in enumerate(self._runs) if run.state in ("ok", "ok_with_errors")]
        return kept_copy(frame.set_axis(self._index().take([positions[source] for source in sources])))

    @property
    def logs(self) -> pd.DataFrame:
        """What the script logged; see the class."""
        return logs_frame(self._log)

    @property
    def counts(self) -> dict[str, int]:
        """Number of records by state; all four names are there."""
        found = Counter(run.state for run in self._runs)
        return {name: found[name] for name in RUN_STATES}

    def compare(self) -> pd.DataFrame:
        """Put each column that went on beside the one of the same name that came.

        Returns
        -------
        DataFrame
            As :meth:`celigo_pandas.DryRun.compare`: for each column the value before, ``after`` and ``changed``.

        Raises
        ------
        FrameError
            After a preSavePage, whose records stand for no row.

        Examples
        --------
        >>> trim = celigo.Script("function transform(o) { o.record.name = o.record.name.trim(); return o.record }")
        >>> trim.run("transform", [{"name": " Ann "}]).compare()["name"].iloc[0].to_dict()
        {'name': ' Ann ', 'after': 'Ann', 'changed': True}
        """
        return compared(*self._sides())

    def _sides(self, limit: int | None = None) -> tuple[pd.DataFrame, pd.DataFrame, dict[Any, list[Any]]]:
        if not self._is_aligned:
            raise FrameError(f"What {self.kind} gave is a page of its own: its records stand for no row of the input.")
        after = self.output.iloc[:limit]
        positions = [place for place, run in enumerate(self._runs) if run.state in ("ok", "ok_with_errors")]
        before = self._rows.iloc[positions[: len(after)]]
        known = set(before.columns)
        return before, after, {name: [name] if name in known else [] for name in after.columns}

    def _index(self) -> pd.Index:
        return self._rows.index if self._is_aligned else pd.RangeIndex(len(self._runs))

    def summary(self) -> str:
        """Say in a few words what became of the records.

        Examples
        --------
        >>> celigo.Script("function filter({record}) { return record.n > 1 }").run("filter", [{"n": 1}]).summary()
        'filter: 1 record: 1 ignored.'
        """
        parts = [f"{count:,} {name.replace('_', ' ')}" for name, count in self.counts.items() if count]
        plural = "" if len(self._runs) == 1 else "s"
        logged = f" {len(self._log):,} line{'' if len(self._log) == 1 else 's'} logged." if self._log else ""
        return f"{self.kind}: {len(self._runs):,} record{plural}: {', '.join(parts) or 'nothing'}.{logged}"

    def __len__(self) -> int:
        return len(self._runs)

    def __repr__(self) -> str:
        return f"<ScriptRun {self.summary()}>"

    def _repr_html_(self) -> Markup:
        parts: list[Any] = [tag("p", self.summary())]
        said = Counter((one.code, one.message) for run in self._runs for one in run.errors)
        said.update((one.code, one.message) for one in self.errors)
        if said:
            rows = [(count, code, legible(message, 500)) for (code, message), count in said.most_common(10)]
            parts.append(table(["count", "code", "message"], rows))
        if self._log:
            shown = [(line.level, line.function, legible(line.message, 500)) for line in self._log[:_SHOWN_ROWS]]
            parts.append(table(["level", "function", "log"], shown))
        if self._is_aligned and self.records:
            try:
                parts.append(comparison_html(*self._sides(_SHOWN_ROWS)))
            except FrameError as error:
                parts.append(tag("p", legible(str(error), 500)))
        return tag("div", *parts)
