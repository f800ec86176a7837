"""What a push would do with each row, shown before it is done."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from celigo_pandas.accessors.plans.making import Made, keys_at, made
from celigo_pandas.accessors.plans.plan_call import PlanCall
from celigo_pandas.accessors.plans.row_actions import ACTIONS
from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.pushes.import_result import ImportResult
from celigo_pandas.accessors.pushes.pushing import (
    HeldBack,
    check_writable,
    first_rows,
    push_call,
    push_rows,
    required,
)
from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.frames.kept_copy import kept_copy
from celigo_pandas.frames.outcomes import Outcomes, RowOutcome
from celigo_pandas.frames.outward import encode_rows
from celigo_pandas.markup import Markup

if TYPE_CHECKING:
    from celigo_pandas.experiments.reports import Report

__all__ = ["ImportPlan"]


class ImportPlan:
    """What a push would create, update and leave alone; nothing was sent.

    Attributes
    ----------
    frame : DataFrame
        The index of the planned frame, columns ``action`` (``create``, ``update``, ``unchanged``, ``conflict``,
        ``failed``, ``ignored``), ``reason`` (where the action is not plain), ``key`` (of its record, a tuple of several
        parts; a list where the row makes several records) and ``changes`` (number of cells that differ).
    changes : DataFrame
        One row for each cell that an update would change, or that cannot be compared, on the labels of its rows:
        ``key``, ``field``, ``before``, ``after``, ``type_change`` (``"text → number"``), ``note`` (why a cell cannot be
        compared).
    missing : DataFrame
        Rows of the destination whose key no row here has. A push does not touch them.
    counts : dict
        Number of rows by action; all six names are there.
    digest : str
        64 hexadecimal characters that name what was planned: rows, document, actions and changes.
    made_at : datetime
        When the destination had been read, UTC.
    """

    def __init__(self, rows: pd.DataFrame, call: PlanCall, plan: Made) -> None:
        self._rows = rows
        self._call = call
        self._plan = plan

    def __len__(self) -> int:
        return len(self._plan.actions)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per planned row; see the class."""
        return kept_copy(self._frame)

    @cached_property
    def _frame(self) -> pd.DataFrame:
        actions = self._plan.actions
        changes = np.bincount(self._plan.change_places, minlength=len(actions))
        data = {
            "action": pd.Series([row.action for row in actions], dtype="str"),
            "reason": pd.Series([row.reason for row in actions], dtype=object),
            "key": pd.Series(self._keys(), dtype=object),
            "changes": pd.Series(changes, dtype="int64"),
        }
        return pd.DataFrame(data).set_axis(self._rows.index)

    def _keys(self) -> np.ndarray:
        keys = keys_at(self._plan.keys, np.arange(len(self._plan.keys)))
        found = (
            keys[row.first] if row.records == 1 else list(keys[row.first : row.first + row.records]) or None
            for row in self._plan.actions
        )
        return np.fromiter(found, dtype=object, count=len(self))

    @property
    def changes(self) -> pd.DataFrame:
        """One row per cell that differs; see the class."""
        return kept_copy(self._plan.changes)

    @property
    def missing(self) -> pd.DataFrame:
        """Rows of the destination that have no row here; see the class."""
        return kept_copy(self._plan.missing)

    @cached_property
    def _counts(self) -> dict[str, int]:
        found = Counter(row.action for row in self._plan.actions)
        return {name: found[name] for name in ACTIONS}

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by action; all six names are there."""
        return dict(self._counts)

    @property
    def digest(self) -> str:
        """Names what was planned; see the class."""
        return self._plan.digest

    @property
    def made_at(self) -> datetime:
        """When the destination had been read, UTC."""
        return self._plan.at

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know beside the counts."""
        return self._plan.notes

    def rows(self, *actions: str) -> pd.DataFrame:
        """Return the input rows with some actions.

        Parameters
        ----------
        *actions : str
            ``create``, ``update``, ``unchanged``, ``conflict``, ``failed``, ``ignored``.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> plan = celigo.plan_import(orders, import_doc, desk, current=late, key="order")
        >>> len(plan.rows("create"))
        18
        """
        _check_actions(actions)
        wanted = np.fromiter((row.action in actions for row in self._plan.actions), bool, len(self))
        return kept_copy(self._rows[wanted])

    def summary(self) -> str:
        """Say in a few words what a push would do.

        Examples
        --------
        >>> plan = celigo.plan_import(orders, import_doc, desk, current=late, key="order")
        >>> plan.summary()
        '20 rows: 18 create, 1 update, 1 unchanged. 1 row at the destination is not among them.'
        """
        parts = [f"{count:,} {name}" for name, count in self._counts.items() if count]
        text = f"{len(self):,} row{'' if len(self) == 1 else 's'}: {', '.join(parts) or 'nothing to plan'}."
        missing = len(self._plan.missing)
        if missing:
            rows = "1 row at the destination is" if missing == 1 else f"{missing:,} rows at the destination are"
            text += f" {rows} not among them."
        return " ".join([text, *self.notes])

    def report(self, title: str = "Import plan") -> Report:
        """Write one self-contained HTML page for a change ticket.

        Parameters
        ----------
        title : str

        Returns
        -------
        Report
            ``save(path)`` writes it.

        Examples
        --------
        >>> plan = celigo.plan_import(orders, import_doc, desk, current=late, key="order")
        >>> plan.report("Late orders").save("plan.html").name
        'plan.html'
        """
        from celigo_pandas.experiments.reports import Report

        return Report.page(title, [self._repr_html_()])

    def renew(self) -> ImportPlan:
        """Read the destination again and make the plan anew.

        Returns
        -------
        ImportPlan
            For the same rows, as they were when this plan was made.

        Raises
        ------
        ConfigError
            The plan was made of a frame, or comes from another process: there is nothing to read again.

        Examples
        --------
        >>> export = {"rdbms": {"query": "select id from orders"}}
        >>> plan = celigo.plan_import(orders[["id"]], {"rdbms": {"query": ["…"]}}, shop, current=export, key="id")
        >>> plan.renew().digest == plan.digest
        True
        """
        if self._call.current is None:
            raise ConfigError(
                "This plan cannot be made anew: its current= was a frame, or it comes from another process.",
                hint="Call plan_import again, with an export as current= to let the plan read it by itself.",
            )
        return ImportPlan(self._rows, self._call, made(self._rows, self._call, self._call.current))

    def push(
        self,
        actions: Sequence[str] = ("create", "update"),
        *,
        max_age: str | timedelta | None = None,
        batch_size: int = 100,
        max_workers: int = 1,
        first: int = 5,
        max_failures: int | None = None,
        on_error: str = "collect",
        progress: ProgressSetting = None,
        journal: str | os.PathLike[str] | None = None,
    ) -> ImportResult:
        """Push the rows with some actions; the others keep an outcome that says why they stayed here.

        Parameters
        ----------
        actions : sequence of str
            Which rows go out.
        max_age : str or timedelta, optional
            ``"10min"``: a plan that is older is made anew first, and what is pushed is what the new one says.
        batch_size, max_workers, first, max_failures, on_error, progress, journal
            As in :func:`~celigo_pandas.to_import`. The journal keeps the plan's digest. After a crash make the plan
            anew and push it with the same journal: rows that were answered are not sent again.

        Returns
        -------
        ImportResult
            Over all rows of the plan, on their index. Rows that stayed here are ``unchanged`` (the destination has them
            as they are) or ``withheld`` (their message says why); no retry sends them.

        Raises
        ------
        ConfigError
            No connection, a read-only client, an option out of range; nothing was sent.
        DocumentError
            An import that acts per call would replace what is there by a part of the rows; nothing was sent.

        Notes
        -----
        Requests: one POST per batch, and with a `max_age` that has passed those that read the destination. Raises as
        :func:`~celigo_pandas.to_import`.

        Examples
        --------
        >>> plan = celigo.plan_import(orders, import_doc, desk, current=late, key="order")
        >>> plan.push(progress=False).summary()
        '20 rows: 18 ok, 1 failed, 1 unchanged.'
        """
        if isinstance(actions, str):
            actions = (actions,)
        _check_actions(actions)
        first = first_rows(first)
        connection = required(self._call.connection)
        check_writable(connection)
        call = push_call(
            connection, self._call.document, batch_size=batch_size, max_workers=max_workers, max_failures=max_failures,
            na=self._call.na, sep=self._call.sep, on_error=on_error, progress=progress, journal=journal,
        )  # fmt: skip
        plan, note = self._young(_duration(max_age))
        encoded = encode_rows(self._rows, na=call.na, unflatten=call.sep is not None, sep=call.sep or ".")
        held = HeldBack(plan._outcomes(tuple(actions)), plan.digest, note)
        return push_rows(kept_copy(self._rows), encoded, call, first, held)

    def _young(self, limit: timedelta | None) -> tuple[ImportPlan, str]:
        age = datetime.now(timezone.utc) - self.made_at
        if limit is None or age <= limit:
            return self, ""
        plan = self.renew()
        pairs = zip(self._plan.actions, plan._plan.actions, strict=True)
        others = sum(old.action != new.action for old, new in pairs)
        return plan, f"The plan was {age.total_seconds():,.0f} s old and was made anew: {others:,} actions differ."

    def _outcomes(self, actions: tuple[str, ...]) -> Outcomes:
        return Outcomes(len(self), (_outcome(row.action, row.reason, actions) for row in self._plan.actions))

    def __repr__(self) -> str:
        return f"<ImportPlan {self.summary()}>"

    def _repr_html_(self) -> Markup:
        from celigo_pandas.accessors.plans.plan_page import plan_html

        return plan_html(self, self._call, self._plan.fields)


def _outcome(action: str, reason: str | None, actions: tuple[str, ...]) -> RowOutcome:
    if action in actions:
        return RowOutcome("not_sent")
    if action == "unchanged":
        return RowOutcome("unchanged", message="The destination has this row as it is.")
    why = f": {reason}" if reason else ""
    return RowOutcome("withheld", code=action, message=f"The plan says {action}{why}.")


def _check_actions(actions: Sequence[str]) -> None:
    for name in actions:
        if name not in ACTIONS:
            raise ConfigError(f"actions: got {shown(name)}; expected some of {', '.join(map(repr, ACTIONS))}.")


_AGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|sec|min|h|d|day|days)\s*", re.ASCII)
_SECONDS = {"s": 1, "sec": 1, "min": 60, "h": 3600, "d": 86_400, "day": 86_400, "days": 86_400}


def _duration(given: str | timedelta | None) -> timedelta | None:
    if given is None or isinstance(given, timedelta):
        return given
    found = _AGE.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise ConfigError(f"max_age: got {shown(given)}; expected a time such as '30s', '10min', '2h', or a timedelta.")
    return timedelta(seconds=float(found[1]) * _SECONDS[found[2]])
