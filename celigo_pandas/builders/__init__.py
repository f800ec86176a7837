"""Builders: small objects that print as the exact JSON they send and are accepted wherever a document is.

Each checks its arguments when it is made, and with them the rules, filters and templates that they hold. What a builder
has no argument for is given with ``members=`` in the vendor's own spelling and merged over what the builder wrote, so
that no document is out of reach.
Source: ``integrator-api.md`` §4 and §6, which follow the vendor's published schemas.
"""

from __future__ import annotations

from celigo_pandas.builders.checked_document import Document, load
from celigo_pandas.builders.export_builders import (
    dynamodb_export,
    file_export,
    http_export,
    mongodb_export,
    netsuite_export,
    salesforce_export,
    sql_export,
)
from celigo_pandas.builders.import_builders import dynamodb_import, file_import, http_import, mongodb_import, sql_import

__all__ = [
    "Document",
    "dynamodb_export",
    "dynamodb_import",
    "file_export",
    "file_import",
    "http_export",
    "http_import",
    "load",
    "mongodb_export",
    "mongodb_import",
    "netsuite_export",
    "salesforce_export",
    "sql_export",
    "sql_import",
]
