"""Many pulls at once: a mapping of name to frame, with the failures beside the results."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import chain, count
from typing import Any, Literal, TypeAlias

import pandas as pd

from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.pulls.pull_options import PullOptions
from celigo_pandas.accessors.pulls.resumable import Pull
from celigo_pandas.accessors.targets import (
    ConnectionLike,
    DocumentLike,
    SavedTarget,
    Target,
    resolve_connection,
    resolve_export,
)
from celigo_pandas.documents.counts import whole_number
from celigo_pandas.documents.turns import wait_in_turns
from celigo_pandas.errors import ConfigError, DocumentError, PullCancelled, shown
from celigo_pandas.frames.notices import on_behalf_of_caller
from celigo_pandas.frames.shape import Shape
from celigo_pandas.markup import Markup, table

__all__ = ["Pulls", "read_exports"]

Export: TypeAlias = DocumentLike | tuple[DocumentLike, ConnectionLike]
"""An export, or one with its connection."""


class Pulls(Mapping[str, pd.DataFrame]):
    """What :func:`read_exports` returns: a mapping of name to frame, in the order asked for.

    Attributes
    ----------
    failures : dict of str to BaseException
        The pulls that failed, each with its ``partial`` where rows had come.
    pulls : dict of str to Pull
        All that began; ``pulls[name].resume()`` goes on with one that failed.
    """

    def __init__(
        self, frames: dict[str, pd.DataFrame], failures: dict[str, BaseException], pulls: dict[str, Pull]
    ) -> None:
        self._frames = frames
        self.failures = failures
        self.pulls = pulls

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name in self.failures:
            raise self.failures[name]
        return self._frames[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    def concat(self) -> pd.DataFrame:
        """Put all frames under each other, with an index level ``export`` before their own.

        Raises
        ------
        BaseException
            The first failure, if there is one: a part must not pass for the whole.

        Examples
        --------
        >>> export = {"rdbms": {"query": "select id from orders"}}
        >>> pulls = celigo.read_exports({"a": (export, shop), "b": (export, shop)}, progress=False)
        >>> len(pulls.concat())
        800
        """
        for error in self.failures.values():
            raise error
        if not self._frames:
            return pd.DataFrame()
        whole = pd.concat(self._frames, names=["export"])
        notes = [frame.attrs["celigo"] for frame in self._frames.values()]
        # What a push needs to nest the columns again; pandas keeps attrs only where all frames say the same.
        whole.attrs["celigo"] = {
            "rows": len(whole),
            "flatten": notes[0]["flatten"],
            "complete": all(note["complete"] for note in notes),
        }
        servers = {note.get("server") for note in notes}
        if len(servers) == 1 and None not in servers:  # where a push by name looks the name up
            whole.attrs["celigo"]["server"] = notes[0]["server"]
        return whole

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failed: {', '.join(map(repr, self.failures))}" if self.failures else ""
        return f"<Pulls {len(self)} frames, {sum(map(len, self._frames.values())):,} rows{failed}>"

    def _repr_html_(self) -> Markup:
        rows = [(name, f"{len(frame):,}", "") for name, frame in self._frames.items()]
        rows += [(name, "", str(error)) for name, error in self.failures.items()]
        return table(("export", "rows", "failure"), rows)


def read_exports(
    exports: Mapping[str, Export] | Iterable[Export],
    con: ConnectionLike | None = None,
    *,
    max_workers: int = 4,
    on_error: Literal["collect", "raise"] = "collect",
    page_size: int | Literal["auto"] = "auto",
    max_rows: int | None = None,
    columns: Sequence[str] | None = None,
    nested: Literal["flatten", "keep", "json"] = "flatten",
    sep: str = ".",
    explode: str | None = None,
    grouped: Literal["rows", "keep"] = "rows",
    dtype: object = None,
    dtype_backend: Literal["numpy_nullable", "pyarrow"] | None = None,
    parse_dates: bool | str | Iterable[str] = (),
    consume: bool = False,
    progress: ProgressSetting = None,
) -> Pulls:
    """Read several virtual exports at once.

    Parameters
    ----------
    exports : Mapping of name to export, or iterable of export or (export, con)
        Values of the mapping may be ``(export, con)`` too. Without names, the documents' ``name`` or their numbers are
        used.
    con : Connection, name or id, optional
        For exports that come without one; a saved export brings its own. A name is looked up once.
    max_workers : int
        How many at once. All share the account's rate budget.
    on_error : {"collect", "raise"}
        Keep failures beside the results, or raise the first one when all have ended (before anything is sent, where the
        document of an export cannot be pulled).
    page_size, max_rows, columns, nested, sep, explode, grouped, dtype, dtype_backend, parse_dates, consume, progress
        As in :func:`read_export`.

    Returns
    -------
    Pulls

    Raises
    ------
    PullCancelled
        Ctrl-C; ``partial`` is a :class:`Pulls` with the frames that were whole, ends within one request.

    Examples
    --------
    >>> export = {"rdbms": {"query": "select id from orders"}}
    >>> celigo.read_exports({"a": (export, shop), "b": (export, shop)}, progress=False)
    <Pulls 2 frames, 800 rows>
    """
    if on_error not in ("collect", "raise"):
        raise ConfigError(f"on_error: got {shown(on_error)}; expected 'collect' or 'raise'.")
    max_workers = whole_number("max_workers", max_workers)
    shape = Shape.of(columns, nested=nested, sep=sep, explode=explode, grouped=grouped)
    options = PullOptions(
        shape=shape, page_size=page_size, max_rows=max_rows, dtype=dtype, dtype_backend=dtype_backend,
        parse_dates=parse_dates, consume=consume, progress=progress,
    )  # fmt: skip
    pulls, refused = _prepared(exports, con, options)
    if on_error == "raise":
        for error in refused.values():
            raise error
    cancelled = threading.Event()
    for pull in pulls.values():
        pull.stop_on(cancelled)
    pool = ThreadPoolExecutor(min(max_workers, len(pulls) or 1), thread_name_prefix="celigo-pull")
    futures: dict[str, Future[pd.DataFrame]] = {}
    try:
        for name, pull in pulls.items():
            futures[name] = pool.submit(on_behalf_of_caller(pull.run))
        _wait_for(futures)
    except BaseException as ending:  # Ctrl-C, or a signal handler that raises: nothing more is asked for
        cancelled.set()
        for future in futures.values():
            future.cancel()
        _wait_for(futures)
        if not isinstance(ending, KeyboardInterrupt):
            raise
        raise PullCancelled(
            "Cancelled; partial has the pulls so far.", partial=_collected(futures, pulls, refused)
        ) from None
    finally:
        pool.shutdown(wait=False)
    collected = _collected(futures, pulls, refused)
    if on_error == "raise":
        for error in collected.failures.values():
            raise error
    return collected


def _prepared(
    exports: Mapping[str, Export] | Iterable[Export], con: ConnectionLike | None, options: PullOptions
) -> tuple[dict[str, Pull], dict[str, BaseException]]:
    """Make the pulls, and say which exports cannot be pulled at all."""
    pulls: dict[str, Pull] = {}
    refused: dict[str, BaseException] = {}
    known = _Named()
    for position, (name, entry) in enumerate(_named(exports)):
        export, own = entry if isinstance(entry, tuple) else (entry, None)
        try:
            if own is None and not isinstance(export, SavedTarget):
                own = con
            connection, doc = resolve_export(export, known.connection(own, export))
            pull = Pull(connection, doc, replace(options, position=position))
        except DocumentError as error:
            refused[name] = error
        else:
            pulls[name] = pull
    return pulls, refused


class _Named:
    """Connections that were given by name, each looked up once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int | None], Target] = {}

    def connection(self, con: ConnectionLike | None, export: DocumentLike) -> Target | None:
        if not isinstance(con, str):
            return con
        key = con, id(export.client) if isinstance(export, SavedTarget) else None
        if key not in self._found:
            self._found[key] = resolve_connection(con, export)
        return self._found[key]


def _named(exports: Mapping[str, Any] | Iterable[Any]) -> list[tuple[str, Any]]:
    if isinstance(exports, Mapping):
        return list(exports.items())
    named: dict[str, Any] = {}
    for position, entry in enumerate(exports):
        export = entry[0] if isinstance(entry, tuple) else entry
        named[_free_name(export, position, named)] = entry
    return list(named.items())


def _free_name(export: object, position: int, taken: Mapping[str, Any]) -> str:
    doc = export.to_dict() if hasattr(export, "to_dict") else export
    name = doc.get("name") if isinstance(doc, Mapping) else getattr(doc, "name", None)
    if isinstance(name, str) and name and name not in taken:
        return name
    again = (f"{position} ({number})" for number in count(2))
    return next(free for free in chain([str(position)], again) if free not in taken)


def _wait_for(futures: Mapping[str, Future[Any]]) -> None:
    wait_in_turns(lambda seconds: not wait(futures.values(), seconds).not_done)


def _collected(
    futures: Mapping[str, Future[pd.DataFrame]], pulls: dict[str, Pull], refused: Mapping[str, BaseException]
) -> Pulls:
    frames: dict[str, pd.DataFrame] = {}
    failures = dict(refused)
    for name in pulls:
        future = futures.get(name)
        if future is None or future.cancelled():  # none where Ctrl-C came before there was one
            failures[name] = PullCancelled("Not begun.")
        elif (failure := future.exception()) is not None:
            failures[name] = failure
        else:
            frames[name] = future.result()
    return Pulls(frames, failures, pulls)
