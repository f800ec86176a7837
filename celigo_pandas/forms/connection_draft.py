"""One step of editing a connection document, and what the edits need to know about it. Pure functions.

Secrets stand beside the document as :class:`~celigo_pandas.documents.secret.Secret` objects, never in it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from celigo_pandas.documents.connection_documents import ALL_SECRETS, secret_paths
from celigo_pandas.documents.connection_fields import ConnectionField, fields_for, is_empty, read
from celigo_pandas.documents.dotted import leaves, with_member, without_member
from celigo_pandas.documents.secret import MASK, Secret
from celigo_pandas.documents.userinfo import masked_url, url_secrets, urls_with_userinfo
from celigo_pandas.errors import Problem

__all__ = [
    "Draft",
    "FieldView",
    "at_first_part",
    "filled",
    "is_missing",
    "is_nothing",
    "is_parent",
    "lifted",
    "map_of",
    "may_hold_secret",
    "rebased",
    "secrets_in",
]


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field as the form shows it.

    ``stored`` says that the server holds the secret, ``given`` that one was typed; neither shows it.
    """

    row: ConnectionField
    value: Any
    required: bool
    problems: tuple[str, ...]
    stored: bool = False
    given: bool = False


@dataclass(frozen=True)
class Draft:
    """One step of the undo history."""

    doc: dict[str, Any]
    secrets: Mapping[str, Secret]
    unread: Mapping[str, str]


def filled(doc: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields that an edit made appear, and that are required, the default the vendor's form gives them."""
    old = {row.path for row in fields_for(before)}
    for row in fields_for(doc):
        if row.path not in old and row.default is not None and row.is_required(doc) and is_empty(read(doc, row.path)):
            doc = with_member(doc, row.path, row.default)
    return doc


def lifted(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Secret]]:
    """Take the secrets out of a document: the rest, and the secrets by path. Masks stay, as the problem they are.

    A user name and password in a URL have no field of their own to be kept in: the mask takes their place.
    """
    doc, secrets = copy.deepcopy(dict(document)), {}
    for path in secret_paths(doc):
        value = read(doc, path)
        members = {f"{path}.{name}": member for name, member in value.items()} if isinstance(value, Mapping) else {}
        for place, text in (members or {path: value}).items():
            if isinstance(text, Secret) or (isinstance(text, str) and text != MASK):
                secrets[place] = text if isinstance(text, Secret) else Secret(text)
                doc = without_member(doc, place)
    for path, url in list(urls_with_userinfo(doc)):
        doc = with_member(doc, path, masked_url(url))
    return doc, secrets


def secrets_in(path: str, value: object) -> list[str]:
    """Name the secrets that a value at `path` is or holds, in a URL too, when it is about to be kept as plain text."""
    holder = with_member({}, path, value)
    urls = [found for found, url in urls_with_userinfo(holder) if url_secrets(url)]
    return [*(found for found in secret_paths(holder) if read(holder, found) != MASK), *urls]


def may_hold_secret(path: str) -> bool:
    """Whether a member at or below `path` is stored encrypted: text there that cannot be read is not kept."""
    return any(f"{secret}.".startswith(f"{path}.") for secret in ALL_SECRETS)


def rebased(doc: dict[str, Any], sent: Draft, now: Draft) -> Draft:
    """Put what was edited between two steps onto another document: what the server made of the first of them."""
    there = dict.fromkeys(leaves(now.doc, set()))
    for path in dict.fromkeys((*leaves(sent.doc, set()), *there)):
        value = read(now.doc, path)
        if value != read(sent.doc, path):
            doc = with_member(doc, path, value) if path in there else without_member(doc, path)
    secrets = {path: secret for path, secret in now.secrets.items() if sent.secrets.get(path) is not secret}
    for path in secrets:
        doc = without_member(doc, path)
    return Draft(doc, secrets, {path: text for path, text in now.unread.items() if sent.unread.get(path) != text})


def map_of(path: str, rows: Any) -> str | None:
    """Return the path of the free-form map that a secret belongs to, if `rows` has it."""
    holder = path.rsplit(".", 1)[0]
    return holder if holder in rows else None


def is_parent(row: ConnectionField, doc: Mapping[str, Any]) -> bool:
    """Whether a JSON field is drawn by the fields below it."""
    return row.kind == "json" and any(other.path.startswith(f"{row.path}.") for other in fields_for(doc))


def is_missing(problem: Problem) -> bool:
    """Whether a problem only says that something is not there yet."""
    return problem.code in ("missing_required_field", "agent_mode_only")


def at_first_part(views: list[FieldView], problem: Problem) -> list[FieldView]:
    """Put the problem of an object that is drawn in parts at the first of them."""
    for place, view in enumerate(views):
        if view.row.path.startswith(f"{problem.field}."):
            texts = (*view.problems, problem.message)
            return [*views[:place], replace(view, problems=texts), *views[place + 1 :]]
    return views


def is_nothing(typed: object) -> bool:
    """Whether an empty field was left: a blank that was kept on purpose is something."""
    return typed is None or (isinstance(typed, list) and not typed)
