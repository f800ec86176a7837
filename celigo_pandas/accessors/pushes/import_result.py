"""What became of each row of a push, and what can be done about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from celigo_pandas.accessors.destinations.compared_fields import KeyLike
from celigo_pandas.accessors.destinations.current_rows import CurrentLike
from celigo_pandas.accessors.dry_runs.local_steps import rule_to_blame
from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.pushes.delivery import Delivery
from celigo_pandas.accessors.pushes.failure_groups import group_failures
from celigo_pandas.accessors.pushes.push_call import PushCall
from celigo_pandas.accessors.pushes.reconciling import Lookup, reconciled
from celigo_pandas.accessors.pushes.result_files import load, save
from celigo_pandas.accessors.pushes.retry import retry
from celigo_pandas.accessors.targets import ConnectionLike, resolve_connection
from celigo_pandas.errors import ConfigError, ImportRejectedError, PushCancelled, legible
from celigo_pandas.frames.kept_copy import kept_copy
from celigo_pandas.frames.outcomes import RECONCILED, Outcomes
from celigo_pandas.markup import Markup, table, tag

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ImportResult", "PushPreview", "concluded"]


class ImportResult:
    """One outcome for each row of a push, aligned to its index.

    Attributes
    ----------
    frame : DataFrame
        The index of the pushed frame (duplicates and levels too), columns ``outcome`` (``ok``, ``failed``, ``ignored``,
        ``unknown``, ``not_sent``; of a plan's push ``unchanged`` and ``withheld``, too), ``status_code``, ``id``,
        ``code``, ``message``, ``response``, ``batch`` and ``attempts``.
    ok, failed, ignored, unknown, not_sent, unchanged, withheld : DataFrame
        The *input rows* with that outcome.
    counts : dict
        Number of rows by outcome; the values add up to ``len(result)``.
    connection_id : str
        Id of the connection that the rows went through.
    stop_reason : str or None
        Why the push ended before its last row.

    Notes
    -----
    ``unknown`` means that the rows were sent and no reliable answer came: they may be in the target.
    :meth:`reconcile` looks there; ``retry(unknown=True)`` sends them again without looking.
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
    def connection_id(self) -> str:
        """Id of the connection that the rows went through."""
        return self._call.connection_id

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by outcome; the five of a push are there always."""
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

    @property
    def unchanged(self) -> pd.DataFrame:
        """The input rows that the target had already as they are, so that the plan did not send them."""
        return self._with("unchanged")

    @property
    def withheld(self) -> pd.DataFrame:
        """The input rows that the plan held back: conflicts, and what its push was not asked to send."""
        return self._with("withheld")

    def _with(self, outcome: str) -> pd.DataFrame:
        return kept_copy(self._rows[self._outcomes.mask(outcome)])

    def join(self) -> pd.DataFrame:
        """Return the input rows with their outcome columns beside them.

        Returns
        -------
        DataFrame
            Same index and order as the input. An outcome column whose name the input uses gets the prefix ``push_``, as
            often as it takes.

        Examples
        --------
        >>> result = orders.celigo.to_import(import_doc, desk, progress=False)
        >>> result.join()[["id", "push_id", "outcome"]].head(1).to_dict("records")
        [{'id': 1, 'push_id': None, 'outcome': 'failed'}]
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

        Examples
        --------
        >>> result = orders.celigo.to_import(import_doc, desk, progress=False)
        >>> result.errors()[["message", "count"]].to_dict("records")
        [{'message': 'email is required.', 'count': 2}]
        """
        return group_failures(self._outcomes.rows, self._rows.index, self._blame)

    def _blame(self, position: int) -> str | None:
        rows = self._rows.iloc[position : position + 1]
        return rule_to_blame(rows, self._call.document, na=self._call.na, sep=self._call.sep)

    def summary(self) -> str:
        """Say in a few words what became of the rows.

        Examples
        --------
        >>> result = orders.celigo.to_import(import_doc, desk, progress=False)
        >>> result.summary()
        '20 rows: 18 ok, 2 failed.'
        """
        counts = self.counts
        parts = [f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count]
        text = f"{len(self):,} row{'' if len(self) == 1 else 's'}: {', '.join(parts) or 'nothing to send'}."
        late = sum(
            row.outcome == "ok" and row.message is not None and row.code != RECONCILED for row in self._outcomes.rows
        )
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

        Examples
        --------
        >>> result = orders.celigo.to_import(import_doc, desk, progress=False)
        >>> try:
        ...     result.raise_for_failures()
        ... except celigo.ImportRejectedError as error:
        ...     len(error.result.failed)
        2
        """
        counts = self.counts
        if counts["failed"] or counts["unknown"] or counts["not_sent"]:
            raise ImportRejectedError(
                f"Not every row was imported: {self.summary()}",
                hint="See .result.errors() of this error, and .result.retry().",
                result=self,
            )

    def retry(
        self, df: pd.DataFrame | None = None, *, unknown: bool = False, con: ConnectionLike | None = None
    ) -> ImportResult:
        """Send the failed and the not-sent rows again.

        Parameters
        ----------
        df : DataFrame, optional
            Corrected rows, with the labels of ``result.failed`` (or of all rows that are due: failed and not sent).
            Rows are matched to their place, not their label: where labels repeat, keep the rows in their order.
        unknown : bool
            Send the ``unknown`` rows too. They may be in the target already.
        con : Connection, name or id, optional
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

        Examples
        --------
        >>> result = orders.celigo.to_import(import_doc, desk, progress=False)
        >>> result.retry(result.failed.assign(email="service@example.com")).summary()
        '20 rows: 20 ok.'
        """
        call = self._call if con is None else self._call.through(resolve_connection(con))
        if call.client is None:
            raise ConfigError(
                "This result was loaded, copied or unpickled without a connection, so it cannot send.",
                hint="Say through which one: result.retry(con=client.connections['…']).",
            )
        return concluded(retry(self._rows, self._outcomes.copy(), df, call, unknown=unknown))

    def reconcile(
        self,
        current: CurrentLike,
        key: KeyLike,
        *,
        columns: Sequence[str] | Mapping[str, str] | None = None,
        ignore: Iterable[str] | str = (),
        normalize: str | Callable[[Any], Any] | Sequence[Any] | Mapping[str, Any] | None = None,
        con: ConnectionLike | None = None,
        progress: ProgressSetting = None,
    ) -> ImportResult:
        """Look up at the destination what became of the unknown rows; send nothing.

        A row that is there as it was sent becomes ``ok``, one that is not there ``not_sent``; one that is there with
        other values, or cannot be told, stays ``unknown``. Its ``message`` is the evidence, its ``code``
        ``reconciled``. Then :meth:`retry` sends again what surely is not there, and nothing else.

        Parameters
        ----------
        current : DataFrame, or export (dict, builder, saved export)
            What is at the destination, read *after* the push: all its rows, or all that could have one of the keys.
        key, columns, ignore, normalize
            As in :func:`~celigo_pandas.plan_import`.
        con : Connection, name or id, optional
            Where an export reads; by default the connection of the push.
        progress : optional
            As in :func:`~celigo_pandas.read_export`.

        Returns
        -------
        ImportResult
            Over all rows of the push. A retry of an older result knows of it, and so does the journal.

        Raises
        ------
        FrameError, ConfigError, DocumentError
            As in :func:`~celigo_pandas.plan_import`.

        Notes
        -----
        Requests: those of the pull, if `current` is an export. A request that ran into a timeout may be at work still:
        look when it surely has ended.

        Examples
        --------
        >>> result = orders.celigo.to_import(import_doc, desk, progress=False)
        >>> result.reconcile(late, key="order").summary()
        '20 rows: 18 ok, 2 failed. No row is unknown: the destination was not looked at.'
        """
        lookup = Lookup(current, key, columns, ignore, normalize, con, progress)
        outcomes, note = reconciled(self._rows, self._outcomes, self._call, lookup)
        result = ImportResult(self._rows, outcomes, self._call, stop_reason=self.stop_reason, note=note)
        if self._call.client is not None:
            self._call.client.last_push = result
        return result

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the rows, their outcomes and the import document as it was passed to one Parquet file.

        Parameters
        ----------
        path : path
            Replaced when the new file is whole, and not before.

        Raises
        ------
        ConfigError
            The file cannot be written, or its disk is full.

        Examples
        --------
        >>> result = orders.celigo.to_import(import_doc, desk, progress=False)
        >>> result.save("push.parquet")
        >>> len(celigo.ImportResult.load("push.parquet"))
        20
        """
        save(path, self._rows, self._outcomes, self._call, self.stop_reason)

    @classmethod
    def load(cls, path: str | os.PathLike[str], con: ConnectionLike | None = None) -> Self:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        path : path
        con : Connection, name or id, optional
            Where a :meth:`retry` goes; must be the connection of the push.

        Returns
        -------
        ImportResult
            It goes on with the journal of the push, if that is still there; else its summary says so.

        Examples
        --------
        >>> result = orders.celigo.to_import(import_doc, desk, progress=False)
        >>> result.save("push.parquet")
        >>> celigo.ImportResult.load("push.parquet", con=desk).summary()
        '20 rows: 18 ok, 2 failed.'
        """
        rows, outcomes, call, stop_reason, note = load(path, None if con is None else resolve_connection(con))
        return cls(rows, outcomes, call, stop_reason=stop_reason, note=note)

    def __repr__(self) -> str:
        return f"<ImportResult {self.summary()}>"

    def _repr_html_(self) -> str:
        counts = self.counts
        boxes = table(
            [name.replace("_", " ") for name in counts],
            [[f"{count:,}" for count in counts.values()]],
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


def concluded(delivery: Delivery) -> ImportResult:
    """Make the result of a push and keep it as ``client.last_push``, before what ended the push is raised."""
    call, failure, ended = delivery.call, delivery.failure, delivery.ended
    result = ImportResult(delivery.rows, delivery.outcomes, call, stop_reason=delivery.stop_reason, note=delivery.note)
    call.client.last_push = result
    try:
        if isinstance(ended, KeyboardInterrupt):
            raise PushCancelled(f"The push was interrupted. {result.summary()} See .result.", result=result) from None
        if ended is not None:
            raise ended
        if failure is not None:
            raise failure
    finally:
        del delivery, ended, failure  # their tracebacks hold this frame
    if call.on_error == "raise":
        result.raise_for_failures()
    return result


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

    def retry(
        self, df: pd.DataFrame | None = None, *, unknown: bool = False, con: ConnectionLike | None = None
    ) -> ImportResult:
        """Refuse: a preview has sent nothing that could be sent again."""
        raise ConfigError("A preview cannot be retried.", hint="Call to_import without preview=True.")

    def reconcile(
        self,
        current: CurrentLike,
        key: KeyLike,
        *,
        columns: Sequence[str] | Mapping[str, str] | None = None,
        ignore: Iterable[str] | str = (),
        normalize: str | Callable[[Any], Any] | Sequence[Any] | Mapping[str, Any] | None = None,
        con: ConnectionLike | None = None,
        progress: ProgressSetting = None,
    ) -> ImportResult:
        """Refuse: a preview has sent nothing that could be looked up."""
        raise ConfigError("A preview cannot be reconciled.", hint="celigo_pandas.plan_import compares before a push.")

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
