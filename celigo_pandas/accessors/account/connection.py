"""One saved connection."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from celigo_pandas.accessors.account.authorizing import authorize
from celigo_pandas.accessors.account.editor import ConnectionEditor, open_editor
from celigo_pandas.accessors.account.logs import audit_frame, debug_frame, dependencies_frame
from celigo_pandas.accessors.account.pings import PingResult
from celigo_pandas.accessors.account.syncing import Destination, SyncResult, run_sync
from celigo_pandas.accessors.borrowed_docs import documented_as
from celigo_pandas.accessors.destinations.compared_fields import KeyLike
from celigo_pandas.accessors.destinations.current_rows import CurrentLike
from celigo_pandas.accessors.dry_runs.dry_run import DryRun, dry_run, map_import
from celigo_pandas.accessors.plans.import_plan import ImportPlan
from celigo_pandas.accessors.plans.plan_import import plan_import
from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.pulls.first_rows import preview
from celigo_pandas.accessors.pulls.several import Export, Pulls, read_exports
from celigo_pandas.accessors.pulls.to_frames import iter_export, read_export
from celigo_pandas.accessors.pulls.to_parquet import export_to_parquet
from celigo_pandas.accessors.pushes.import_result import ImportResult
from celigo_pandas.accessors.pushes.to_import import to_import
from celigo_pandas.accessors.targets import Account, ConnectionLike, DocumentLike, Target
from celigo_pandas.client.json_bodies import seal_connection
from celigo_pandas.documents.connection_documents import mask
from celigo_pandas.documents.counts import as_number
from celigo_pandas.documents.patching import (
    check_document,
    is_patchable,
    masked_paths,
    merged,
    patch_operations,
    refuse_masks,
    writable,
)
from celigo_pandas.documents.script_sources import ScriptsLike
from celigo_pandas.errors import ConfigError, DocumentError, shown
from celigo_pandas.frames.outward import Unflatten
from celigo_pandas.journal.pulls import PullJournal
from celigo_pandas.markup import Markup, table, tag

__all__ = ["Connection"]


class Connection(Target):
    """A connection of the account: its document, and what can be done through it.

    Parameters
    ----------
    client : Client
    doc : mapping
        As the server answered it, secrets masked.
    """

    def __init__(self, client: Account, doc: Mapping[str, Any]) -> None:
        self.client = client
        self._keep(doc)

    @property
    def id(self) -> str:
        """The ``_id``."""
        return str(self._doc.get("_id", ""))

    @property
    def name(self) -> str:
        """The name, or the id where there is none."""
        return str(self._doc.get("name") or self.id)

    @property
    def type(self) -> str:
        """The ``type``: ``http``, ``rdbms``, …"""
        return str(self._doc.get("type", ""))

    @property
    def sandbox(self) -> bool:
        """Whether it belongs to the sandbox."""
        return self._doc.get("sandbox") is True

    @property
    def doc(self) -> dict[str, Any]:
        """A copy of the document as last read; secrets are ``"******"``."""
        return copy.deepcopy(self._doc)

    def refresh(self) -> Connection:
        """Read the document again (one request) and return this connection.

        Examples
        --------
        >>> desk.refresh().name
        'Delay desk'
        """
        return self._keep(self.client.api.get_connection(self.id))

    # Changing it

    def replace(self, doc: Mapping[str, Any]) -> Connection:
        """Replace the whole document (PUT, one request): what `doc` leaves out is erased.

        Parameters
        ----------
        doc : mapping
            The whole document.

        Raises
        ------
        DocumentError
            `doc` holds a mask in place of a secret; nothing is sent.

        Examples
        --------
        >>> http = {"baseURI": "http://127.0.0.1:9", "mediaType": "json"}
        >>> made = client.connections.create({"name": "A", "type": "http", "http": http})
        >>> made.replace({**made.doc, "name": "B"}).name
        'B'
        """
        check_document(doc)
        paths, sealed = masked_paths(doc), seal_connection(writable(doc))
        del doc
        refuse_masks(paths, "connection")
        return self._keep(self.client.api.replace_connection(self.id, sealed))

    def update(self, changes: Mapping[str, Any], secrets: Mapping[str, Any] | None = None) -> Connection:
        """Change single fields, named by dotted paths, and leave all others.

        Parameters
        ----------
        changes : mapping
            Dotted path to new value, e.g. ``{"http.baseURI": "https://…"}``.
        secrets : mapping, optional
            Dotted path to text, for every secret of the document: the server hides them, so a full replacement has to
            bring them again.

        Returns
        -------
        Connection
            This one, with the new document.

        Raises
        ------
        DocumentError
            A masked secret is not in `secrets` (the text lists the paths), or a path leads nowhere.

        Notes
        -----
        Requests: PATCH and GET when every path is on the PATCH whitelist and there are no secrets; else GET and PUT.

        Examples
        --------
        >>> http = {"baseURI": "http://127.0.0.1:9", "mediaType": "json"}
        >>> made = client.connections.create({"name": "C", "type": "http", "http": http})
        >>> made.update({"name": "D"}).name
        'D'
        """
        if not secrets and changes and all(is_patchable(path) for path in changes):
            return self.patch(changes)
        merge = _sealed_merge(changes, secrets or {})
        del changes, secrets
        paths, sealed, problem = merge(self.client.api.get_connection(self.id))
        if problem is not None:
            raise problem
        refuse_masks(paths, "merged connection")
        return self._keep(self.client.api.replace_connection(self.id, sealed))

    def patch(self, changes: Mapping[str, Any]) -> Connection:
        """Change fields of the PATCH whitelist (one PATCH, and one GET where the server answers no document).

        Parameters
        ----------
        changes : mapping
            Dotted path to new value; only paths that PATCH takes.

        Examples
        --------
        >>> http = {"baseURI": "http://127.0.0.1:9", "mediaType": "json"}
        >>> made = client.connections.create({"name": "E", "type": "http", "http": http})
        >>> made.patch({"name": "F"}).name
        'F'
        """
        refuse_masks(masked_paths(dict(changes)), "patch")
        refused = [path for path in changes if not is_patchable(path)]
        if refused or not changes:
            raise DocumentError(
                f"PATCH does not take {', '.join(map(repr, refused)) or 'an empty change'}.",
                hint="update({...}) replaces the whole document where that is needed.",
            )
        answer = self.client.api.patch_connection(self.id, patch_operations(changes))
        if answer is not None and answer.get("_id") == self.id:
            return self._keep(answer)
        return self.refresh()

    def _keep(self, doc: Mapping[str, Any]) -> Connection:
        """Take the server's document; what is a secret by its place is masked, should the server have sent it plain."""
        self._doc = mask(doc)
        return self

    def delete(self) -> None:
        """Delete the connection (one request).

        Examples
        --------
        >>> http = {"baseURI": "http://127.0.0.1:9", "mediaType": "json"}
        >>> made = client.connections.create({"name": "G", "type": "http", "http": http})
        >>> made.delete()
        >>> "G" in client.connections.to_frame()["name"].tolist()
        False
        """
        self.client.api.delete_connection(self.id)

    def enable_debug(self, minutes: float = 15) -> datetime:
        """Keep debug entries for the next minutes (0 stops) and return until when, in UTC.

        Parameters
        ----------
        minutes : float, default 15
            0 stops.

        Examples
        --------
        >>> desk.enable_debug(5) > pd.Timestamp.now("UTC")
        True
        """
        number = as_number(minutes)
        if number is None or not 0 <= number <= 60 * 24 * 365:
            raise ConfigError(f"Bad minutes {shown(minutes)}; expected a number from 0 up.")
        until = datetime.now(timezone.utc) + timedelta(minutes=number)
        self.patch({"debugDate": until.isoformat(timespec="milliseconds").replace("+00:00", "Z")})
        return until

    def authorize(self, *, timeout: float = 180, open_browser: bool = True) -> Connection:
        """Authorize by OAuth 2.0: shows the provider's page, opens it, and waits until it is done.

        Requests: two, and then one every three seconds. Raises :class:`RequestTimeoutError` after `timeout` seconds.

        Parameters
        ----------
        timeout : float, default 180
            Seconds to wait until consent was given.
        open_browser : bool, default True
            Open the provider's page; its address is shown in any case.

        Examples
        --------
        >>> con.authorize()  # doctest: +SKIP
        """
        authorize(self, timeout=timeout, open_browser=open_browser)
        return self

    # Asking about it

    def ping(self) -> PingResult:
        """Check whether the connection works (one request, two where the server pings by GET only).

        Examples
        --------
        >>> bool(desk.ping())
        True
        """
        return PingResult.from_body(self.client.api.ping_connection(self.id))

    def debug_log(self, resource_id: str | None = None) -> pd.DataFrame:
        """Debug entries: ``time, request_id, resource_type, resource_id, kind, payload``. One request.

        Parameters
        ----------
        resource_id : str, optional
            Entries of one saved export or import only.

        Examples
        --------
        >>> "payload" in desk.debug_log()
        True
        """
        return debug_frame(self.client.api.debug_log(self.id, resource_id))

    def audit_log(self, **filters: str) -> pd.DataFrame:
        """Who changed what: one row per changed field. Filters as the server knows them (``source``, ``limit``, …).

        Parameters
        ----------
        **filters : str
            Query parameters, as the server knows them.

        Examples
        --------
        >>> len(desk.audit_log()) > 0
        True
        """
        return audit_frame(self.client.api.audit_log(self.id, **filters))

    def dependencies(self) -> pd.DataFrame:
        """What uses the connection: ``kind, id, name, paths, access_level, dependency_ids``. One request.

        Examples
        --------
        >>> len(desk.dependencies())
        0
        """
        return dependencies_frame(self.client.api.dependencies(self.id))

    # Working through it

    def preview_export(self, export: DocumentLike, rows: int = 20, *, consume: bool = False) -> pd.DataFrame:
        """Run an export once (``/export``) and show its first rows.

        Parameters
        ----------
        export : Mapping, builder or saved export
            The export document.
        rows : int, default 20
            How many to show.
        consume : bool
            Allow an export that changes its source: a preview does that, too.

        Raises
        ------
        DocumentError
            The export changes its source (``type: once``, files without ``skipDelete``), and `consume` is not given.

        Examples
        --------
        >>> export = {"rdbms": {"query": "select id from orders"}}
        >>> len(shop.preview_export(export, rows=3))
        3
        """
        return preview(self, export, rows, consume=consume)

    @documented_as(read_export, "con")
    def read_export(
        self,
        export: DocumentLike,
        *,
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
        expect: str | os.PathLike[str] | None = None,
        errors: Literal["warn", "raise"] = "warn",
        consume: bool = False,
        progress: ProgressSetting = None,
        journal: str | os.PathLike[str] | PullJournal | None = None,
        resume: bool | Literal["auto"] = "auto",
    ) -> pd.DataFrame:
        """:func:`celigo_pandas.read_export` through this connection.

        Examples
        --------
        >>> export = {"rdbms": {"query": "select id from orders"}}
        >>> len(shop.read_export(export, progress=False))
        400
        """
        return read_export(
            export,
            self,
            page_size=page_size,
            max_rows=max_rows,
            columns=columns,
            nested=nested,
            sep=sep,
            explode=explode,
            grouped=grouped,
            dtype=dtype,
            dtype_backend=dtype_backend,
            parse_dates=parse_dates,
            expect=expect,
            errors=errors,
            consume=consume,
            progress=progress,
            journal=journal,
            resume=resume,
        )

    @documented_as(read_exports, "con")
    def read_exports(
        self,
        exports: Mapping[str, Export] | Iterable[Export],
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
        """:func:`celigo_pandas.read_exports` through this connection, for exports that come without one.

        Examples
        --------
        >>> export = {"rdbms": {"query": "select id from orders"}}
        >>> shop.read_exports({"orders": export}, progress=False)
        <Pulls 1 frames, 400 rows>
        """
        return read_exports(
            exports,
            self,
            max_workers=max_workers,
            on_error=on_error,
            page_size=page_size,
            max_rows=max_rows,
            columns=columns,
            nested=nested,
            sep=sep,
            explode=explode,
            grouped=grouped,
            dtype=dtype,
            dtype_backend=dtype_backend,
            parse_dates=parse_dates,
            consume=consume,
            progress=progress,
        )

    @documented_as(iter_export, "con")
    def iter_export(
        self,
        export: DocumentLike,
        *,
        chunksize: int | None = None,
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
    ) -> Iterator[pd.DataFrame]:
        """:func:`celigo_pandas.iter_export` through this connection.

        Examples
        --------
        >>> export = {"rdbms": {"query": "select id from orders"}}
        >>> [len(chunk) for chunk in shop.iter_export(export, chunksize=250, progress=False)]
        [250, 150]
        """
        return iter_export(
            export,
            self,
            chunksize=chunksize,
            page_size=page_size,
            max_rows=max_rows,
            columns=columns,
            nested=nested,
            sep=sep,
            explode=explode,
            grouped=grouped,
            dtype=dtype,
            dtype_backend=dtype_backend,
            parse_dates=parse_dates,
            consume=consume,
            progress=progress,
        )

    @documented_as(export_to_parquet, "con")
    def export_to_parquet(
        self,
        export: DocumentLike,
        path: str | os.PathLike[str],
        *,
        page_size: int | Literal["auto"] = "auto",
        columns: Sequence[str] | None = None,
        nested: Literal["flatten", "json"] = "flatten",
        sep: str = ".",
        explode: str | None = None,
        schema: object = None,
        compression: str = "zstd",
        consume: bool = False,
        progress: ProgressSetting = None,
    ) -> Path:
        """:func:`celigo_pandas.export_to_parquet` through this connection.

        Examples
        --------
        >>> export = {"rdbms": {"query": "select id from orders"}}
        >>> path = shop.export_to_parquet(export, "orders-of-shop.parquet", progress=False)
        >>> len(pd.read_parquet("orders-of-shop.parquet"))
        400
        """
        return export_to_parquet(
            export,
            self,
            path,
            page_size=page_size,
            columns=columns,
            nested=nested,
            sep=sep,
            explode=explode,
            schema=schema,
            compression=compression,
            consume=consume,
            progress=progress,
        )

    @documented_as(to_import, "con")
    def to_import(
        self,
        df: pd.DataFrame,
        import_doc: DocumentLike,
        *,
        batch_size: int = 100,
        max_workers: int = 1,
        first: int = 5,
        max_failures: int | None = None,
        na: str = "omit",
        unflatten: Unflatten = "auto",
        sep: str = ".",
        on_error: str = "collect",
        preview: bool = False,
        progress: ProgressSetting = None,
        journal: str | os.PathLike[str] | None = None,
        scripts: ScriptsLike | None = None,
    ) -> ImportResult:
        """:func:`celigo_pandas.to_import` through this connection.

        Examples
        --------
        >>> desk.to_import(orders, import_doc, progress=False).summary()
        '20 rows: 18 ok, 2 failed.'
        """
        return to_import(
            df,
            import_doc,
            self,
            batch_size=batch_size,
            max_workers=max_workers,
            first=first,
            max_failures=max_failures,
            na=na,
            unflatten=unflatten,
            sep=sep,
            on_error=on_error,
            preview=preview,
            progress=progress,
            journal=journal,
            scripts=scripts,
        )

    @documented_as(dry_run, "con")
    def dry_run(
        self,
        df: pd.DataFrame,
        import_doc: DocumentLike,
        *,
        batch_size: int = 100,
        na: str = "omit",
        unflatten: Unflatten = "auto",
        sep: str = ".",
        progress: ProgressSetting = None,
        scripts: ScriptsLike | None = None,
        allow_api: Account | None = None,
    ) -> DryRun:
        """:func:`celigo_pandas.dry_run` through this connection.

        Examples
        --------
        >>> desk.dry_run(orders, import_doc, progress=False)
        <DryRun 20 rows: 20 mapped.>
        """
        return dry_run(
            df,
            import_doc,
            self,
            batch_size=batch_size,
            na=na,
            unflatten=unflatten,
            sep=sep,
            progress=progress,
            scripts=scripts,
            allow_api=allow_api,
        )

    @documented_as(map_import, "con")
    def map_import(
        self,
        df: pd.DataFrame,
        import_doc: DocumentLike,
        *,
        batch_size: int = 100,
        na: str = "omit",
        unflatten: Unflatten = "auto",
        sep: str = ".",
        progress: ProgressSetting = None,
        scripts: ScriptsLike | None = None,
        allow_api: Account | None = None,
    ) -> pd.DataFrame:
        """:func:`celigo_pandas.map_import` through this connection.

        Examples
        --------
        >>> list(desk.map_import(orders, import_doc, progress=False).columns)
        ['order', 'email']
        """
        return map_import(
            df,
            import_doc,
            self,
            batch_size=batch_size,
            na=na,
            unflatten=unflatten,
            sep=sep,
            progress=progress,
            scripts=scripts,
            allow_api=allow_api,
        )

    @documented_as(plan_import, "con")
    def plan_import(
        self,
        df: pd.DataFrame,
        import_doc: DocumentLike,
        *,
        current: CurrentLike,
        key: KeyLike,
        columns: Sequence[str] | Mapping[str, str] | None = None,
        ignore: Iterable[str] | str = (),
        normalize: str | Callable[[Any], Any] | Sequence[Any] | Mapping[str, Any] | None = None,
        current_con: ConnectionLike | None = None,
        map_on: Literal["here", "server"] = "here",
        na: str = "omit",
        unflatten: Unflatten = "auto",
        sep: str = ".",
        progress: ProgressSetting = None,
    ) -> ImportPlan:
        """:func:`celigo_pandas.plan_import` through this connection.

        Examples
        --------
        >>> desk.plan_import(orders, import_doc, current=late, key="order").summary()
        '20 rows: 18 create, 1 update, 1 unchanged. 1 row at the destination is not among them.'
        """
        return plan_import(
            df, import_doc, self, current=current, key=key, columns=columns, ignore=ignore, normalize=normalize,
            current_con=current_con, map_on=map_on, na=na, unflatten=unflatten, sep=sep, progress=progress,
        )  # fmt: skip

    def sync(
        self,
        export: DocumentLike,
        *,
        to: Destination,
        table: str | None = None,
        key: str | Sequence[str] | None = None,
        cursor: str | None = None,
        overlap: str | timedelta | float | None = "10min",
        start: str | date | float | None = None,
        deletes: Literal["compare"] | Mapping[str, Any] | None = None,
        max_delete: float = 0.05,
        schema: Literal["evolve", "freeze"] = "evolve",
        full_every: str | timedelta | float | None = None,
        mode: Literal["merge", "append", "replace"] = "merge",
        consume: bool = False,
        journal: str | os.PathLike[str] | None = None,
        progress: ProgressSetting = None,
    ) -> SyncResult:
        """:func:`celigo_pandas.sync` through this connection.

        Parameters
        ----------
        export, to, table, key, cursor, overlap, start, deletes, max_delete
            As in :func:`celigo_pandas.sync`.
        schema, full_every, mode, consume, journal, progress
            As in :func:`celigo_pandas.sync`.

        Examples
        --------
        >>> export = {"rdbms": {"query": "select * from orders"}}
        >>> shop.sync(export, to="through.duckdb", table="orders", key="id", progress=False)
        <SyncResult 400 rows: 400 inserted.>
        """
        return run_sync(
            export, self, to=to, table=table, key=key, cursor=cursor, overlap=overlap, start=start, deletes=deletes,
            max_delete=max_delete, schema=schema, full_every=full_every, mode=mode, consume=consume, journal=journal,
            progress=progress,
        )  # fmt: skip

    def edit(self) -> ConnectionEditor:
        """Open the :class:`~celigo_pandas.ConnectionForm` of this connection.

        Examples
        --------
        >>> desk.edit()  # doctest: +SKIP
        """
        return open_editor(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Connection):
            return NotImplemented
        return (self.id, self.client) == (other.id, other.client)

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        notes = [self.type, self.id] + (["sandbox"] if self.sandbox else [])
        notes += ["offline"] if self._doc.get("offline") is True else []
        account = self.client.account
        notes.append(f"at {self.client.host}" + (f", account {account}" if account else ""))
        return f"<celigo Connection {self.name!r}, {', '.join(note for note in notes if note)}>"

    def _repr_html_(self) -> Markup:
        rows = [
            ("id", self.id),
            ("type", self.type),
            ("host", self.client.host),
            ("account", self.client.account or "not asked yet"),
            ("sandbox", "yes" if self.sandbox else "no"),
            ("offline", "yes" if self._doc.get("offline") is True else "no"),
        ]
        return tag("div", tag("b", self.name), table(("", ""), rows))


def _sealed_merge(
    changes: Mapping[str, Any], secrets: Mapping[str, Any]
) -> Callable[[Mapping[str, Any]], tuple[tuple[str, ...], Any, DocumentError | None]]:
    """Make a merge that does not raise, so that no frame that raises holds the secrets."""

    def merge(current: Mapping[str, Any]) -> tuple[tuple[str, ...], Any, DocumentError | None]:
        try:
            doc = merged(writable(current), {**changes, **secrets})
        except DocumentError as error:
            return (), None, DocumentError(error.message, hint=error.hint)
        return masked_paths(doc), seal_connection(doc, secrets.values()), None

    return merge
