"""A small shop that ships with the package: customers, products, orders and their lines, the same on every machine."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from celigo_pandas.engine.demo.demo_databases import cached

__all__ = ["CONNECTION_NAME", "database"]

CONNECTION_NAME = "Small shop"

_FIRST = "Ada Bo Carla Dmitri Eve Farid Grace Hugo Ines Jun Kofi Lena Mia Nils Olga Pablo Quinn Rosa Sven Tala".split()
_LAST = "Arnold Baker Costa Dahl Evans Fischer Garcia Haddad Ito Jensen".split()
_COUNTRIES = ("US", "DE", "FR", "JP", "BR", "CA")
_PRODUCTS = (
    ("KB-001", "Keyboard", "49.90"),
    ("MS-002", "Mouse", "19.50"),
    ("MN-003", "Monitor, 27 inch", "289.00"),
    ("CB-004", "Cable, 2 m", "7.25"),
    ("DK-005", "Docking station", "159.00"),
    ("HS-006", "Headset", "79.00"),
    ("LP-007", "Desk lamp", "34.40"),
    ("CH-008", "Chair", "219.99"),
)
_SCHEMA = """
create table customers (id integer primary key, name text, email text, country text, zip text);
create table products (sku text primary key, name text, price text);
create table orders (id integer primary key, customer_id integer, ordered_at text, status text);
create table order_lines (order_id integer, line integer, sku text, quantity integer, price text);
"""


def database() -> Path:
    """Return the path of the database, built on first use (well under a second)."""
    return cached("small-shop", _fill)


def _fill(target: sqlite3.Connection) -> None:
    chance = Random(20130101)
    target.executescript(_SCHEMA)
    target.executemany("insert into products values (?, ?, ?)", _PRODUCTS)
    names = [f"{first} {last}" for first in _FIRST for last in _LAST[:3]]
    customers = [
        (
            number,
            name,
            # One in ten has no address: what a destination refuses, so that there is something to mend.
            None if number % 10 == 0 else f"{name.lower().replace(' ', '.')}@example.com",
            chance.choice(_COUNTRIES),
            f"{chance.randrange(100_000):05d}",
        )
        for number, name in enumerate(names, start=1)
    ]
    target.executemany("insert into customers values (?, ?, ?, ?, ?)", customers)
    start = datetime(2026, 1, 1, 8)
    for order in range(1, 401):
        moment = start + timedelta(minutes=chance.randrange(60 * 24 * 180))
        status = chance.choice(("open", "open", "shipped", "cancelled"))
        customer = chance.randrange(1, len(customers) + 1)
        target.execute("insert into orders values (?, ?, ?, ?)", (order, customer, moment.isoformat() + "Z", status))
        for line in range(1, chance.randrange(2, 6)):
            sku, _, price = chance.choice(_PRODUCTS)
            row = (order, line, sku, chance.randrange(1, 5), price)
            target.execute("insert into order_lines values (?, ?, ?, ?, ?)", row)
