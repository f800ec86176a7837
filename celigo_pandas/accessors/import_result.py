"""What became of each row of a push, and what can be done about it."""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from celigo_pandas.accessors.failure_groups import group_failures
from celigo_pandas.errors import ConfigError, ImportRejectedError, legible
from celigo_pandas.frames.outcomes import OUTCOMES, Outcomes
from celigo_pandas.markup import Markup, table, tag

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ImportResult", "PushCall", "PushPreview", "kept_copy"]


@dataclass(frozen=True)
class PushCall:
    """How a push was called: what its retry needs. Holds no secret; `client` is None in a loaded result.

    A pickle or deep copy of it leaves `client` and `progress` behind: the one holds a token, the other belongs here.
    ``sep`` is the separator that names were nested by, or None: a corrected frame that lost its ``attrs`` is still sent
    as the first one was. ``newest`` is shared by a push and its retries and holds what became of its rows last, so that
    an older result sends nothing again that a later one has settled; a copy made by pickle or deepcopy has its own.
    """

    connection_id: str
    document: dict[str, Any]
    client: Any = field(default=None, repr=False, compare=False)
    batch_size: int = 100
    max_workers: int = 1
    max_failures: int | None = None
    na: str = "omit"
    sep: str | None = None
    on_error: str = "collect"
    progress: Any = None
    journal: str | None = None
    identity: Any = None
    newest: list[Outcomes] = field(default_factory=list, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "client": None, "progress": None}

    def through(self, con: Any) -> PushCall:
        """Return the call as one that goes through a connection: that of the push, and of no other."""
        if con.id != self.connection_id:
            raise ConfigError(
                f"The result is of connection {self.connection_id!r}; got {con.id!r}.",
                hint="A retry goes where the push went.",
            )
        return replace(self, client=con.client)


def kept_copy(df: pd.DataFrame) -> pd.DataFrame:
    """Return a frame that later changes of `df` do not reach, in its lists and objects neither."""
    # pandas 3 copies on write; before it, a shallow copy would follow what the caller does next.
    copies_on_write = int(pd.__version__.partition(".")[0]) >= 3
    kept = df.copy(deep=not copies_on_write)
    for place, dtype in enumerate(df.dtypes):
        if pd.api.types.is_object_dtype(dtype):
            values = df.iloc[:, place].to_numpy()
            if not _CONTAINERS.isdisjoint(set(map(type, values))):
                copies = np.fromiter(map(_copied, values), dtype=object, count=len(values))
                kept.isetitem(place, pd.Series(copies, index=kept.index, dtype=object))
    return kept


_CONTAINERS = frozenset({list, dict, tuple, np.ndarray})


def _copied(value: Any) -> Any:
    kind = type(value)
    if kind is list or kind is tuple:
        return kind(map(_copied, value))
    if kind is dict:
        return {name: _copied(member) for name, member in value.items()}
    return copy.deepcopy(value) if kind is np.ndarray else value


class ImportResult:
    """One outcome for each row of a push, aligned to its index.

    Attributes
    ----------
    frame : DataFrame
        The index of the pushed frame (duplicates and levels too), columns ``outcome`` (``ok``, ``failed``, ``ignored``,
        ``unknown``, ``not_sent``), ``status_code``, ``id``, ``code``, ``message``, ``response``, ``batch`` and
        ``attempts``.
    ok, failed, ignored, unknown, not_sent : DataFrame
        The *input rows* with that outcome.
    counts : dict
        Number of rows by outcome; the values add up to ``len(result)``.
    stop_reason : str or None
        Why the push ended before its last row.

    Notes
    -----
    ``unknown`` means that the rows were sent and no reliable answer came: they may be in the target. Look there first;
    then ``retry(unknown=True)`` sends them again.
    """

    def __init__(
        self, rows: pd.DataFrame, outcomes: Outcomes, call: PushCall, *, stop_reason: str | None = None, note: str = ""
    ) -> None:
        self._rows = rows
        self._outcomes = outcomes
        self._call = call
        self.stop_reason = stop_reason
        self.note = note

    def __len__(self) -> int:
        return len(self._outcomes)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per pushed row; see the class."""
        return kept_copy(self._frame)

    @cached_property
    def _frame(self) -> pd.DataFrame:
        return self._outcomes.to_frame(self._rows.index)

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by outcome; all five names are there."""
        return self._outcomes.counts()

    @property
    def ok(self) -> pd.DataFrame:
        """The input rows that were imported."""
        return self._with("ok")

    @property
    def failed(self) -> pd.DataFrame:
        """The input rows that were refused."""
        return self._with("failed")

    @property
    def ignored(self) -> pd.DataFrame:
        """The input rows that a filter or a rule of the import passed over."""
        return self._with("ignored")

    @property
    def unknown(self) -> pd.DataFrame:
        """The input rows that were sent without a reliable answer."""
        return self._with("unknown")

    @property
    def not_sent(self) -> pd.DataFrame:
        """The input rows that surely were not processed."""
        return self._with("not_sent")

    def _with(self, outcome: str) -> pd.DataFrame:
        return kept_copy(self._rows[self._outcomes.mask(outcome)])

    def join(self) -> pd.DataFrame:
        """Return the input rows with their outcome columns beside them.

        Returns
        -------
        DataFrame
            Same index and order as the input. An outcome column whose name the input uses gets the prefix ``push_``, as
            often as it takes.
        """
        taken = set(self._rows.columns)

        def free(name: str) -> str:
            return free(f"push_{name}") if name in taken else name

        outcome = self.frame.rename(columns=free)
        return pd.concat([kept_copy(self._rows), outcome], axis=1)

    def errors(self) -> pd.DataFrame:
        """Group the failed rows by code and message pattern.

        Returns
        -------
        DataFrame
            Columns ``code, message`` (the pattern)``, count, source, rule, example, rows`` (up to three labels). For a
            failure of the mapping, ``rule`` is the rule that the first such row stumbles over when it is mapped here.
        """
        return group_failures(self._outcomes.rows, self._rows.index, self._blame)

    def _blame(self, position: int) -> str | None:
        from celigo_pandas.accessors.local_steps import rule_to_blame

        rows = self._rows.iloc[position : position + 1]
        return rule_to_blame(rows, self._call.document, na=self._call.na, sep=self._call.sep)

    def summary(self) -> str:
        """Say in a few words what became of the rows."""
        counts = self.counts
        parts = [f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count]
        text = f"{len(self):,} row{'' if len(self) == 1 else 's'}: {', '.join(parts) or 'nothing to send'}."
        late = sum(row.outcome == "ok" and row.message is not None for row in self._outcomes.rows)
        if late:
            text += f" {late:,} of the ok rows came with errors of later steps: see .frame['message']."
        if self.stop_reason:
            text += f" The push stopped: {legible(self.stop_reason, 500).rstrip('.')}."
        return f"{text} {self.note}" if self.note else text

    def raise_for_failures(self) -> None:
        """Raise if any row is neither ``ok`` nor ``ignored``.

        Raises
        ------
        ImportRejectedError
            Holds this result as ``result``.
        """
        counts = self.counts
        if counts["failed"] or counts["unknown"] or counts["not_sent"]:
            raise ImportRejectedError(
                f"Not every row was imported: {self.summary()}",
                hint="See .result.errors() of this error, and .result.retry().",
                result=self,
            )

    def retry(self, df: pd.DataFrame | None = None, *, unknown: bool = False, con: Any = None) -> ImportResult:
        """Send the failed and the not-sent rows again.

        Parameters
        ----------
        df : DataFrame, optional
            Corrected rows, with the labels of ``result.failed`` (or of all rows that are due: failed and not sent).
            Rows are matched to their place, not their label: where labels repeat, keep the rows in their order.
        unknown : bool
            Send the ``unknown`` rows too. They may be in the target already.
        con : Connection, optional
            The connection of the push, for a result that came from a file, a copy or another process.

        Returns
        -------
        ImportResult
            Over *all* rows of the first push: those that are not sent again keep their outcome.

        Raises
        ------
        FrameError
            `df` holds other rows, or more or fewer of them.
        ConfigError
            The result came from a file, a copy or another process, and `con` was not given; or it is another one.

        Notes
        -----
        One request per batch, as the push; the ``first`` brake does not apply. An older result sends nothing again that
        a later retry has settled: running a cell twice does not send a row twice. With a journal, what other processes
        settled counts too; one that was deleted is written anew. Copies, loaded and unpickled results know nothing of
        each other's retries: without a journal, retry only one of them, or the same rows are sent twice.
        """
        from celigo_pandas.accessors.retrying import retry

        call = self._call if con is None else self._call.through(con)
        if call.client is None:
            raise ConfigError(
                "This result was loaded, copied or unpickled without a connection, so it cannot send.",
                hint="Say through which one: result.retry(con=client.connections['…']).",
            )
        return retry(self, df, call, unknown=unknown)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the rows, their outcomes and the import document as it was passed to one Parquet file."""
        from celigo_pandas.accessors.result_files import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], con: Any = None) -> Self:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        path : path
        con : Connection, optional
            Where a :meth:`retry` goes; must be the connection of the push.

        Returns
        -------
        ImportResult
            It goes on with the journal of the push, if that is still there; else its summary says so.
        """
        from celigo_pandas.accessors.result_files import load

        rows, outcomes, call, stop_reason, note = load(path, con)
        return cls(rows, outcomes, call, stop_reason=stop_reason, note=note)

    def __repr__(self) -> str:
        return f"<ImportResult {self.summary()}>"

    def _repr_html_(self) -> str:
        counts = self.counts
        boxes = table(
            [name.replace("_", " ") for name in OUTCOMES],
            [[f"{counts[name]:,}" for name in OUTCOMES]],
        )
        groups = group_failures(self._outcomes.rows, self._rows.index)
        parts: list[Any] = [tag("p", self.summary()), boxes]
        if len(groups):
            rows = groups[["count", "code", "message", "source"]].head(10).itertuples(index=False)
            parts.append(
                table(
                    ["count", "code", "message", "source"],
                    [["" if v is None else legible(str(v), 500) for v in r] for r in rows],
                )
            )
        return tag("div", *parts)


class PushPreview(ImportResult):
    """What a push would do; nothing was sent.

    Attributes
    ----------
    target : str
        Import, connection, host and account that the rows would go to.
    mapped : DataFrame or None
        The first rows as the mapping makes them, evaluated here; None when they cannot be mapped here.
    """

    def __init__(
        self, rows: pd.DataFrame, outcomes: Outcomes, call: PushCall, *, target: str, mapped: pd.DataFrame | None
    ) -> None:
        super().__init__(rows, outcomes, call, note="This is a preview: nothing was sent.")
        self.target = target
        self.mapped = mapped

    def retry(self, df: pd.DataFrame | None = None, *, unknown: bool = False, con: Any = None) -> ImportResult:
        """Refuse: a preview has sent nothing that could be sent again."""
        raise ConfigError("A preview cannot be retried.", hint="Call to_import without preview=True.")

    def _headline(self) -> str:
        return f"{len(self):,} rows to {self.target}. Nothing was sent."

    def __repr__(self) -> str:
        if self.mapped is None:
            return self._headline()
        return f"{self._headline()}\nThe first rows, mapped:\n{self.mapped.to_string()}"

    def _repr_html_(self) -> Markup:
        head = tag("p", self._headline())
        if self.mapped is None:
            return tag("div", head)
        rows = self.mapped.astype(object).itertuples(index=True)
        return tag("div", head, table(["", *self.mapped.columns], rows))
