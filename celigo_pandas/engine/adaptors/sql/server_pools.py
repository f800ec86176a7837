"""What PostgreSQL and MySQL share: a host and a port, and a pool of sessions, each put back as it was opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from celigo_pandas.engine.adaptors.protocol import SourceFailure

__all__ = ["host_and_port", "pooled_engine"]


def pooled_engine(url: str, creator: Callable[[], Any], put_back: Callable[[Any], None]) -> sa.Engine:
    """Return an engine whose sessions go through `put_back` between two calls: none must find what another one set."""
    # Walks keep their connection between pages, so the pool may overflow; the engine bounds open walks.
    engine = sa.create_engine(
        url,
        creator=creator,
        pool_size=5,
        max_overflow=200,
        pool_pre_ping=True,
        pool_recycle=600,
        pool_reset_on_return=None,
    )

    def reset(raw: object, record: Any, state: object) -> None:
        try:
            put_back(raw)
        except Exception:  # lost, or a server that cannot do this: the session is not used again
            record.invalidate()

    sa.event.listen(engine, "reset", reset)
    return engine


def host_and_port(block: Mapping[str, Any], usual_port: int) -> tuple[str, int]:
    """Return where a document's server is; :class:`SourceFailure` for what is no host or no port."""
    host = str(block.get("host") or "")
    if not host or host.startswith(("/", "@")):
        raise SourceFailure(f"The host {host!r} is no host name.", code="invalid_field", field="rdbms.host")
    try:
        port = int(block.get("port") or usual_port)
    except (TypeError, ValueError):
        port = 0
    if not 0 < port < 65_536:
        raise SourceFailure("The port is no number from 1 to 65535.", code="invalid_field", field="rdbms.port")
    return host, port
