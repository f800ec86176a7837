"""The partitions of a Dask DataFrame through a virtual import: outcomes by partition, nothing sent twice.

A cluster runs a task again when the worker that had it is lost. So each partition has a push journal in a folder that
all workers share: what a lost worker had sent is known to the one that takes over.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import dask
import dask.dataframe as dd
import distributed
import pandas as pd

from celigo_pandas.accessors import Connection
from celigo_pandas.accessors import to_import as push_frame
from celigo_pandas.accessors.targets import DocumentLike, Target, resolve_import
from celigo_pandas.dask.workers import Route, checked_route, cluster_of, on_every_worker
from celigo_pandas.documents.import_documents import acts_per_call, digest
from celigo_pandas.errors import CeligoError, ConfigError, DocumentError, JournalError, shown
from celigo_pandas.folders import replacing, user_path
from celigo_pandas.frames.outcomes import Outcomes

__all__ = ["to_import"]

_RECORD = "partitions.json"


@dataclass(frozen=True)
class Pushing:
    """What the pushes of all partitions share."""

    route: Route
    document: dict[str, Any]
    connection: dict[str, Any]
    options: dict[str, Any]
    journal: str


def to_import(
    ddf: dd.DataFrame,
    import_doc: DocumentLike,
    con: Target | None = None,
    *,
    journal: str | os.PathLike[str],
    batch_size: int = 100,
    max_workers: int = 1,
    first: int = 5,
    max_failures: int | None = None,
    na: Literal["omit", "null"] = "omit",
    unflatten: bool | None = None,
    sep: str = ".",
    profile: str | None = None,
    processes: int | None = None,
    client: distributed.Client | None = None,
) -> dd.DataFrame:
    """Push the partitions of a Dask DataFrame through a virtual import, now.

    Parameters
    ----------
    ddf : dask.dataframe.DataFrame
        Each partition is one push. What does not give the same rows each time it is computed is persisted before.
    import_doc : dict, builder or saved import
        One that acts per record. A dict is sent exactly as it is.
    con : Connection, optional
        A saved import brings its own.
    journal : path
        A folder that all workers and this process share, on a file system with locks. It makes a push go on after a
        lost worker, or when this is called again with the same arguments: what was sent is not sent again.
    batch_size, max_workers, first, max_failures, na, sep
        As in :func:`celigo_pandas.to_import`, for each partition.
    unflatten : bool, optional
        Whether ``parent.child`` columns are nested again. Must be said where there are such columns: a Dask DataFrame
        does not know how it was pulled.
    profile, processes, client
        As in :func:`read_exports`.

    Returns
    -------
    dask.dataframe.DataFrame
        One row per pushed row, on its index and in its partition; columns as ``ImportResult.frame``. Kept by the
        cluster; should it lose a part, the journal gives it again.

    Raises
    ------
    ConfigError
        A worker has no token, another version or another folder; an option cannot be. Nothing was sent.
    DocumentError
        An import that acts per call: each partition would replace the file of the one before. Nothing was sent.
    JournalError
        The journal is of another push, of other partitions or other rows, damaged, or in use.
    CeligoError
        What :func:`celigo_pandas.to_import` raises, with the number of the partition, when all others have ended.

    Notes
    -----
    Requests: one POST per batch, from the workers. Rows that were on their way when a worker was lost are ``unknown``.

    Examples
    --------
    >>> outcomes = celigo.dask.to_import(orders, import_doc, con, journal="/shared/orders")  # doctest: +SKIP
    >>> outcomes["outcome"].value_counts().compute()  # doctest: +SKIP
    """
    if not isinstance(ddf, dd.DataFrame):
        raise ConfigError(f"ddf={shown(type(ddf))}; expected a Dask DataFrame.", hint="Of pandas: df.celigo.to_import.")
    if not isinstance(journal, (str, os.PathLike)):
        raise ConfigError(
            f"journal={shown(journal)}; expected the path of a folder that all workers share.",
            hint="Without it a lost worker's rows would be sent twice.",
        )
    connection, document = resolve_import(import_doc, con)
    if connection is None:
        raise ConfigError("No connection was given for this import; expected con=client.connections['…'].")
    if connection.client.read_only:
        raise ConfigError(f"Nothing was sent: the client of {connection.name!r} is read-only.")
    _refuse_calls(document)
    options = {"batch_size": batch_size, "max_workers": max_workers, "first": first, "max_failures": max_failures,
               "na": na, "unflatten": _nesting(ddf, unflatten), "sep": sep}  # fmt: skip
    cluster = cluster_of(client)
    route = checked_route(connection.client.base_url, profile, processes, cluster)
    ddf = ddf.optimize()  # after this the number of partitions stays
    folder = user_path(journal).absolute()
    _share_folder(folder, cluster, partitions=ddf.npartitions, connection=connection.id, document=digest(document))
    known = {"_id": connection.id, "name": connection.name, "type": connection.type}
    pushing = Pushing(route, document, known, options, str(folder))
    with dask.config.set({"dataframe.convert-string": False}):
        outcomes = ddf.map_partitions(push_part, pushing, meta=Outcomes(0).to_frame(ddf._meta.index[:0]))
    return _run(outcomes, cluster)


def push_part(rows: pd.DataFrame, pushing: Pushing, partition_info: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Push one partition, on a worker, and return the outcome of each row."""
    assert partition_info is not None
    number: int = partition_info["number"]
    folder = Path(pushing.journal) / f"{number:06d}"
    with pushing.route.open(read_only=False) as client:
        con = Connection(client, pushing.connection)
        try:
            result = push_frame(rows, pushing.document, con, journal=folder, progress=False, **pushing.options)
        except CeligoError as error:
            error.message = f"Partition {number}: {error.message}"
            error.args = (error.message,)
            error.hint = f"What was sent is in {folder}: the same call goes on from there."
            raise
        return result.frame


def _refuse_calls(document: Mapping[str, Any]) -> None:
    member = acts_per_call(document)
    if member is not None:
        raise DocumentError(
            f"This import acts once per call ({member}), so each partition would be a call of its own.",
            hint="Push it from one process: ddf.compute().celigo.to_import(…).",
        )


def _nesting(ddf: dd.DataFrame, unflatten: bool | None) -> bool:
    if unflatten is not None:
        return bool(unflatten)
    dotted = [name for name in ddf.columns if "." in str(name)]
    if dotted:
        raise ConfigError(
            f"Column {dotted[0]!r} may be a member of an object, or have a dot in its name; expected unflatten=.",
            hint="unflatten=True nests the columns again as they were before the pull; False sends the names as they "
            "are.",
        )
    return False


def _share_folder(folder: Path, cluster: distributed.Client | None, **push: Any) -> None:
    """Write down which push the journals in a folder are of, and have every worker see it."""
    record = _recorded(folder, {"celigo_pandas": "dask push", "version": 1, **push})
    seen = on_every_worker(cluster, journal_id, str(folder))
    blind = [name for name, answer in seen.items() if answer != record["id"]]
    if blind:
        raise ConfigError(
            f"{len(blind)} of {len(seen)} workers do not see the journal {shown(folder)}: {', '.join(blind)}.",
            hint="Name a folder that all workers share, by a path that is the same everywhere.",
        )


def journal_id(folder: str) -> str | None:
    """Return which journal a worker finds in a folder."""
    record = _read(Path(folder) / _RECORD)
    return None if record is None else str(record["id"])


def _recorded(folder: Path, push: dict[str, Any]) -> dict[str, Any]:
    path = folder / _RECORD
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        record = _read(path)
        if record is None:
            if any(folder.iterdir()):
                raise JournalError(f"{shown(folder)} holds other things and no journal of a Dask push.")
            record = {**push, "id": uuid.uuid4().hex}
            with replacing(path) as unfinished:
                unfinished.write_text(json.dumps(record), encoding="utf-8")
    except OSError as error:
        raise JournalError(f"The journal {shown(folder)} cannot be used: {error.strerror}.") from error
    different = [name for name, value in push.items() if record.get(name) != value]
    if different:
        raise JournalError(
            f"The journal {shown(folder)} is of another push: {different[0]} is {shown(push[different[0]])}, was "
            f"{shown(record.get(different[0]))}.",
            hint="Call with the same frame and import to go on, or name another folder.",
        )
    return record


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise JournalError(f"The journal {shown(path)} is damaged: it is no JSON.") from None
    if not isinstance(record, dict) or "id" not in record:
        raise JournalError(f"The journal {shown(path)} is damaged: it is no record of a Dask push.")
    return record


def _run(outcomes: dd.DataFrame, cluster: distributed.Client | None) -> dd.DataFrame:
    """Push now: a failing partition is told when all others have ended."""
    if cluster is None:
        return outcomes.persist()
    kept = cluster.persist(outcomes)
    futures = distributed.futures_of(kept)
    distributed.wait(futures)
    for future in futures:
        if future.status == "error":
            raise future.exception()
    return kept
