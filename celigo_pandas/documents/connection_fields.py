"""What a connection document is made of: one table, read by the forms and by the validation.

Each row names a dotted path, how it is shown, and when it is needed. ``required`` is what the API itself refuses
(422); ``wanted`` is what the vendor's own form asks for and a working connection needs, though the API stores the
document without it. The same conditions decide what is shown.

Source: the vendor's published connection schemas (celigo/ai, MIT, ``skills/configuring-connections``) and its
Connection API article. ``rdbms.type`` ``sqlite`` is this project's own extension of the local engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.documents.connection_field import Clause, ConnectionField, has, is_empty, lacks, one_of, read
from celigo_pandas.documents.connection_field import ConnectionField as F
from celigo_pandas.documents.connection_tables.database_fields import DYNAMODB, JDBC, MONGODB, RDBMS
from celigo_pandas.documents.connection_tables.shared import LIMITS, MORE, reference
from celigo_pandas.documents.connection_tables.systems import (
    AS2,
    FILESYSTEM,
    FTP,
    NETSUITE,
    S3,
    SALESFORCE,
    VAN,
    WRAPPER,
)
from celigo_pandas.documents.connection_tables.web import HTTP, MCP, REST

__all__ = [
    "BLOCKS",
    "COMMON",
    "FIELDS",
    "TYPES",
    "Clause",
    "ConnectionField",
    "fields_for",
    "has",
    "is_empty",
    "lacks",
    "one_of",
    "read",
]

TYPES: dict[str, str] = {
    "http": "HTTP (REST, SOAP, GraphQL)",
    "rest": "REST (legacy)",
    "rdbms": "Database (SQL)",
    "jdbc": "Database through JDBC",
    "ftp": "FTP, SFTP, FTPS",
    "s3": "Amazon S3",
    "mongodb": "MongoDB",
    "dynamodb": "Amazon DynamoDB",
    "netsuite": "NetSuite",
    "salesforce": "Salesforce",
    "as2": "AS2",
    "van": "VAN",
    "wrapper": "Wrapper (custom code on a stack)",
    "filesystem": "File system of an agent",
    "mcp": "MCP server",
}
"""Every connection type with the name that the form shows."""

BLOCKS: dict[str, str] = {name: name for name in TYPES}
"""The member that holds what is particular to a type."""

COMMON: tuple[F, ...] = (
    F("name", "Name", help="How the connection is listed.", required=True, max_length=100),
    F("type", "Type", "choice", choices=tuple(TYPES), required=True),
    F("externalId", "External id", help="Your own key for this connection.", group=MORE),
    F("assistant", "Application", help="Lower-case name of a prebuilt application.", when=(one_of("type", "http"),),
      group=MORE),
    reference("_agentId", "Agent id", help="The on-premise agent that reaches the system.", group=MORE),
    reference("_borrowConcurrencyFromConnectionId", "Borrow concurrency from",
      help="Id of a connection whose concurrency this one shares; its own level is then ignored.", group=LIMITS),
    F("autoRecoverRateLimitErrors", "Recover from rate limits", "boolean", default=True, group=LIMITS),
    F("debugDate", "Debug until", help="ISO time; requests are logged until then.", form="date", group=MORE),
    F("debugUntil", "Debug until (newer name)", form="date", when=(has("debugUntil"),), group=MORE),
    F("settingsForm", "Settings form", "json", group=MORE),
    F("settings", "Settings", "json", help="Free values that templates read as settings.connection.", group=MORE),
    F("pgp.publicKey", "PGP public key", multiline=True, group=MORE),
    F("pgp.privateKey", "PGP private key", "secret", multiline=True, group=MORE),
    F("pgp.passphrase", "PGP passphrase", "secret", group=MORE),
    F("ssl.ca", "TLS authority", multiline=True, group=MORE),
    F("ssl.cert", "TLS certificate", multiline=True, group=MORE),
    F("ssl.key", "TLS key", "secret", multiline=True, group=MORE),
    F("ssl.passphrase", "TLS passphrase", "secret", group=MORE),
    F("sandbox", "Sandbox", "boolean", help="Deprecated; only with sandbox exports and imports.", group=MORE),
)  # fmt: skip
"""Fields beside the type's own block."""


FIELDS: dict[str, tuple[ConnectionField, ...]] = {
    "http": HTTP,
    "rest": REST,
    "rdbms": RDBMS,
    "jdbc": JDBC,
    "ftp": FTP,
    "s3": S3,
    "mongodb": MONGODB,
    "dynamodb": DYNAMODB,
    "netsuite": NETSUITE,
    "salesforce": SALESFORCE,
    "as2": AS2,
    "van": VAN,
    "wrapper": WRAPPER,
    "filesystem": FILESYSTEM,
    "mcp": MCP,
}
"""Fields of each type's block, in the order in which the form shows them. A path may occur several times with
conditions that exclude each other."""


def fields_for(doc: Mapping[str, Any]) -> tuple[ConnectionField, ...]:
    """Return the fields that apply to a document, in the form's order.

    Parameters
    ----------
    doc : mapping
        A connection document; its ``type`` may be missing or unknown.

    Returns
    -------
    tuple of ConnectionField
        Each path once: the type's own row wins over the common one.
    """
    kind = doc.get("type")
    own = FIELDS.get(kind, ()) if isinstance(kind, str) else ()
    shown = [row for row in own if row.is_shown(doc)]
    paths = {row.path for row in shown}
    head = [row for row in COMMON[:2] if row.path not in paths]
    tail = [row for row in COMMON[2:] if row.path not in paths and row.is_shown(doc)]
    return (*head, *shown, *tail)
