"""Exports as the partitions of one Dask DataFrame."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import dask
import dask.dataframe as dd
import distributed
import pandas as pd

from celigo_pandas.accessors import Connection, read_export
from celigo_pandas.accessors import read_exports as read_side_by_side
from celigo_pandas.accessors.pulls.several import Export
from celigo_pandas.accessors.targets import Target, resolve_export
from celigo_pandas.dask.agreement import Agreement, Meta, agreed, agreed_by
from celigo_pandas.dask.workers import Route, checked_route, cluster_of
from celigo_pandas.documents.export_documents import consuming_member, unread_query
from celigo_pandas.errors import CeligoError, ConfigError, DocumentError, ExportInterrupted, Problem, shown

__all__ = ["read_exports"]

_FIRST_ROWS = 1000

_log = logging.getLogger("celigo_pandas")


@dataclass(frozen=True)
class Part:
    """One export: what a partition is pulled from."""

    name: str
    document: dict[str, Any]
    connection: dict[str, Any]


@dataclass(frozen=True)
class Pulling:
    """What all partitions of a collection share.

    ``number`` is another one for each collection: two that read the same exports may find different rows.
    """

    route: Route
    agreement: Agreement
    options: dict[str, Any]
    columns: tuple[str, ...] | None
    on_record_errors: str
    number: str


def read_exports(
    exports: Mapping[str, Export],
    con: Target | None = None,
    *,
    meta: Meta | None = None,
    columns: Sequence[str] | None = None,
    page_size: int | Literal["auto"] = "auto",
    nested: Literal["flatten", "keep", "json"] = "flatten",
    sep: str = ".",
    explode: str | None = None,
    on_record_errors: Literal["raise", "warn"] = "raise",
    profile: str | None = None,
    processes: int | None = None,
    client: distributed.Client | None = None,
) -> dd.DataFrame:
    """Read virtual exports as a Dask DataFrame, one partition an export.

    Parameters
    ----------
    exports : Mapping of name to export
        Documents, builders or saved exports; ``(export, con)`` where connections differ. :func:`windows` makes one.
    con : Connection, optional
        For exports that come without one. All connections are of one account.
    meta : DataFrame, Mapping of name to dtype, or path, optional
        Columns and dtypes of every partition; a path is a record that ``expect=`` of a pull wrote. With a frame or
        dtypes, texts are read as ``dtype=`` of a pull reads them. Without it, the first page of each export decides.
    columns : sequence of str, optional
        Pull these columns only; as in :func:`celigo_pandas.read_export`.
    page_size, nested, sep, explode
        As in :func:`celigo_pandas.read_export`. Grouped records stay one list each.
    on_record_errors : {"raise", "warn"}
        What to do where the server reports errors beside the records: fail, or have the worker log their number.
    profile : str, optional
        The profile that workers take their token from, as in :func:`celigo_pandas.connect`.
    processes : int, optional
        How many processes share the account's rate budget; by default the workers that the cluster has now. For a
        cluster that grows, the most it will have.
    client : distributed.Client, optional
        The cluster; by default the current one, or the threads of this process.

    Returns
    -------
    dask.dataframe.DataFrame
        Partitions in the order of `exports`, each with a RangeIndex; divisions are not known. Integers are ``Int64``
        and truth values ``boolean``, lists and objects stay what they are. Nothing is pulled before it is computed,
        and each computation pulls anew: ``persist()`` keeps the rows. Columns that a computation does not need are not
        kept by the pull.

    Raises
    ------
    ConfigError
        A worker has no token or another version of this package (the text says how to set it); an option cannot be.
    DocumentError
        An export that changes its source: a cluster may run a task twice.
    FrameError
        While computing: a column that was not agreed, or a value that its dtype cannot hold, by export and column.
    CeligoError
        While computing: what :func:`celigo_pandas.read_export` raises, with the name of the export.

    Notes
    -----
    Requests: without `meta` one per export before anything is computed; then one POST per page, from the workers. The
    token is in no graph: each worker uses its own.

    Examples
    --------
    >>> months = celigo.dask.windows(template, "2024-01-01", "2025-01-01", "MS")  # doctest: +SKIP
    >>> orders = celigo.dask.read_exports(months, con)  # doctest: +SKIP
    >>> orders.groupby("customer")["total"].sum().compute()  # doctest: +SKIP
    """
    if on_record_errors not in ("raise", "warn"):
        raise ConfigError(f"on_record_errors={shown(on_record_errors)}; expected 'raise' or 'warn'.")
    found = _resolved(exports, con)
    route = checked_route(_one_address(found), profile, processes, cluster_of(client))
    shape = {"page_size": page_size, "nested": nested, "sep": sep, "explode": explode, "grouped": "keep"}
    if meta is None:
        agreement = agreed_by(_first_pages(found, {**shape, "columns": columns}))
    else:
        agreement = agreed(meta).select(columns)
    pulling = Pulling(
        route, agreement, shape, None if columns is None else tuple(columns), on_record_errors, uuid.uuid4().hex
    )
    parts = [Part(name, doc, {"_id": con.id, "name": con.name, "type": con.type}) for name, (con, doc) in found.items()]
    # Decided when a collection is made: its default turns lists and objects into their text.
    with dask.config.set({"dataframe.convert-string": False}):
        return dd.from_map(pull_part, parts, pulling=pulling, meta=agreement.meta, label="celigo-export")


def pull_part(part: Part, pulling: Pulling, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Pull one partition, on a worker; Dask passes the `columns` that a computation needs."""
    with pulling.route.open(read_only=True) as client:
        con = Connection(client, part.connection)
        try:
            frame = read_export(part.document, con, columns=columns or pulling.columns, **pulling.options)
            _tell_record_errors(frame.attrs["celigo"]["record_errors"], part.name, pulling.on_record_errors)
            if columns is not None:  # a name stands for the columns below it too, which are not wanted here
                frame = frame[[name for name in frame.columns if name in columns]]
            return pulling.agreement.fit(frame, columns)
        except CeligoError as error:
            raise _named(error, part.name) from error.__cause__


def _resolved(exports: Mapping[str, Export], con: Target | None) -> dict[str, tuple[Target, dict[str, Any]]]:
    if not isinstance(exports, Mapping) or not exports:
        raise ConfigError(f"exports={shown(exports)}; expected a mapping of name to export, with one at least.")
    found = {}
    for name, entry in exports.items():
        export, own = entry if isinstance(entry, tuple) else (entry, None)
        try:
            connection, document = resolve_export(export, own if own is not None else con)
        except CeligoError as error:
            raise _named(error, str(name)) from None
        member = consuming_member(document) or unread_query(document)
        if member is not None:
            raise DocumentError(
                f"Export {str(name)!r} changes its source, or may ({member}): a cluster may run a task twice.",
                problems=[Problem("consuming_export", "It changes its source, or may.", member)],
                hint="Pull it with celigo.read_export(…, consume=True) and hand the frame on: dask's from_pandas.",
            )
        found[str(name)] = connection, document
    return found


def _one_address(found: Mapping[str, tuple[Target, dict[str, Any]]]) -> str:
    addresses: set[str] = {connection.client.base_url for connection, _ in found.values()}
    if len(addresses) > 1:
        raise ConfigError(
            f"The connections are at {' and '.join(sorted(addresses))}; a worker has one token, for one account.",
            hint="Call read_exports() for each, and put the results together with dask.dataframe.concat.",
        )
    return addresses.pop()


def _first_pages(found: Mapping[str, tuple[Target, dict[str, Any]]], options: Mapping[str, Any]) -> list[pd.DataFrame]:
    sizes = [options["page_size"], *(document.get("pageSize") for _, document in found.values())]
    rows = min([_FIRST_ROWS, *(size for size in sizes if isinstance(size, int) and size > 0)])
    pairs = {name: (document, connection) for name, (connection, document) in found.items()}
    pulls = read_side_by_side(pairs, max_rows=rows, progress=False, **options)
    for name, error in pulls.failures.items():
        raise _named(error, name) if isinstance(error, CeligoError) else error
    return list(pulls.values())


def _tell_record_errors(count: int, name: str, how: str) -> None:
    if not count:
        return
    text = f"the server reported {count:,} errors beside the records"
    if how == "raise":
        raise CeligoError(
            f"{text}.",
            hint="See them with read_export() and client.last_pull.errors; on_record_errors='warn' goes on without.",
        )
    _log.warning("Export %r: %s.", name, text)


def _named(error: CeligoError, name: str) -> CeligoError:
    """Say of which export an error tells, and leave the rows behind: they would travel through the scheduler."""
    error.message = f"Export {name!r}: {error.message}"
    error.args = (error.message,)
    if isinstance(error, ExportInterrupted):
        error.partial = None
        error.hint = "Compute again: this partition is pulled anew. persist() keeps those that are whole."
    return error
