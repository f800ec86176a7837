"""Connection documents: what the API would refuse, which members are secret, and the masked form.

It decides nothing about single types: those rules are the rows of
:mod:`celigo_pandas.documents.connection_fields`. Source of the error codes: the vendor's published schemas and its
error examples; where the sources are silent the choice is marked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from typing import Any

from celigo_pandas.documents.connection_fields import (
    COMMON,
    FIELDS,
    TYPES,
    ConnectionField,
    fields_for,
    is_empty,
    read,
)
from celigo_pandas.documents.dotted import put_member
from celigo_pandas.documents.members import got_instead, missing
from celigo_pandas.documents.scalars import is_date, is_object_id, truth
from celigo_pandas.documents.secret import MASK, Secret
from celigo_pandas.documents.userinfo import masked_url, url_secrets, urls_with_userinfo
from celigo_pandas.errors import Problem

__all__ = [
    "ALL_SECRETS",
    "mask",
    "masked_secrets",
    "secret_paths",
    "secret_values",
    "validate_connection",
    "wanted_fields",
]


def validate_connection(doc: object, *, masks: bool = False) -> list[Problem]:
    """List what the API refuses in a connection document that is to be stored.

    Parameters
    ----------
    doc : object
        The document, secrets in it as text or as :class:`~celigo_pandas.documents.secret.Secret`. Not modified.
    masks : bool, default False
        Take ``"******"`` as a secret that is already stored (a form that edits a saved connection). Otherwise a mask
        is a problem: the API would store six asterisks as the secret.

    Returns
    -------
    list of Problem
        Empty when the document can be stored. ``field`` is the dotted path, ``code`` the API's
        (``missing_required_field``, ``invalid_field``, ``agent_mode_only``, ``netsuite_wsdl_tba_mandatory``).
        No secret is in any message.

    Notes
    -----
    A placeholder, which says ``offline: true`` itself, may lack everything but its name, type and block.

    Examples
    --------
    >>> [problem.field for problem in validate_connection({"name": "Orders", "type": "ftp", "ftp": {"port": 70000}})]
    ['ftp.hostURI', 'ftp.port', 'ftp.username']
    """
    if not isinstance(doc, Mapping):
        return [Problem("invalid_field", f"A connection is an object: got {type(doc).__name__}.")]
    kind = doc.get("type")
    problems = [problem for row in COMMON[:2] for problem in _check(row, doc)]
    if isinstance(kind, str) and kind in TYPES:
        problems += _blocks(kind, doc)
        if isinstance(doc.get(kind), Mapping):
            problems += _members(kind, doc)
    if not masks:
        problems += [_mask_problem(path) for path in masked_secrets(doc)]
    return problems


def wanted_fields(doc: Mapping[str, Any]) -> list[str]:
    """List the paths that the vendor's form asks for and this document lacks, though the API would store it."""
    return [
        row.path
        for row in fields_for(doc)
        if row.is_wanted(doc) and not row.is_required(doc) and is_empty(read(doc, row.path))
    ]


def secret_paths(doc: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the secrets that a document holds.

    Parameters
    ----------
    doc : mapping
        A connection document, masked or not.

    Returns
    -------
    tuple of str
        Dotted paths of members that the API stores encrypted and that are set here, in the table's order, whatever
        the document's type or conditions say: a secret of a block that does not apply is a secret still.
    """
    own = read(doc, "as2.encrypted")
    # Whatever an AS2 document keeps in its encrypted block is a secret, not only the member that is documented.
    more = [f"as2.encrypted.{name}" for name in own if "." not in name] if isinstance(own, Mapping) else []
    return tuple(path for path in dict.fromkeys((*_SECRETS, *more)) if not is_empty(read(doc, path)))


def masked_secrets(doc: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the secrets of a document whose value is the mask ``"******"``, or an object or URL that holds one."""
    urls = (path for path, text in urls_with_userinfo(doc) if f"/{MASK}@" in text)
    return (*(path for path in secret_paths(doc) if _holds_mask(read(doc, path))), *urls)


def mask(doc: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a document with every secret replaced by exactly six asterisks, in a URL its userinfo.

    ``http.encrypted`` and its like are objects on write and the mask, a text, on read.
    """
    masked: dict[str, Any] = deepcopy(dict(doc))
    for path in secret_paths(doc):
        put_member(masked, path, MASK)
    for path, text in list(urls_with_userinfo(masked)):
        put_member(masked, path, masked_url(text))
    return masked


def secret_values(doc: Mapping[str, Any]) -> set[str]:
    """Return every text that the masked form of `doc` hides."""
    found: set[str] = set()
    _differences(doc, mask(dict(doc)), found)
    return found


def _all_secrets() -> Iterator[str]:
    for rows in (COMMON, *FIELDS.values()):
        for row in rows:
            if row.secret:
                yield row.path


_SECRETS: tuple[str, ...] = tuple(dict.fromkeys(_all_secrets()))

ALL_SECRETS: frozenset[str] = frozenset(_SECRETS)
"""Dotted paths of every member of any type that is stored encrypted."""


def _holds_mask(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_mask(member) for member in value.values())
    return value == MASK


def _mask_problem(path: str) -> Problem:
    text = f"Refused the mask {MASK!r} as the value of {path}: it would be stored as the secret. Give the secret again."
    return Problem("invalid_field", text, path)


def _members(kind: str, doc: Mapping[str, Any]) -> Iterator[Problem]:
    """Check every member that the table knows: also those that do not apply, which the platform casts all the same."""
    shown_rows = [row for row in fields_for(doc) if row.path not in ("name", "type")]
    paths = {row.path for row in shown_rows}
    yield from _places(kind, doc)
    is_placeholder = doc.get("offline") is True
    for row in shown_rows:
        if not (is_placeholder and is_empty(read(doc, row.path))):
            yield from _check(row, doc)
    for path, row in _rows_of(kind).items():
        if path not in paths and not is_empty(read(doc, path)):
            yield from _check(row, doc)


@lru_cache
def _rows_of(kind: str) -> Mapping[str, ConnectionField]:
    return {row.path: row for row in (*FIELDS[kind], *COMMON[2:])}


def _places(kind: str, doc: Mapping[str, Any]) -> Iterator[Problem]:
    """Refuse what stands where an object with members belongs: its members would be lost."""
    for path in _objects_of(kind):
        value = read(doc, path)
        is_empty_place = value is None or value == "" or value == MASK
        is_truth = path in _MAY_BE_TRUTHS and truth(value) is not None
        if not (is_empty_place or is_truth or isinstance(value, Mapping)):
            yield got_instead(path, value, "an object")


@lru_cache
def _objects_of(kind: str) -> tuple[str, ...]:
    """Name the objects that hold a type's members, but for those that have a row of their own."""
    rows = _rows_of(kind)
    parents = dict.fromkeys(parent for path in rows for parent in _parents(path))
    return tuple(parent for parent in parents if parent not in rows)


_MAY_BE_TRUTHS = frozenset({"rdbms.ssl"})
"""Objects in whose place a truth value is understood: an encrypted connection without certificates of one's own."""


def _parents(path: str) -> Iterator[str]:
    steps = path.split(".")[:-1]
    return (".".join(steps[:length]) for length in range(1, len(steps) + 1))


def _blocks(kind: str, doc: Mapping[str, Any]) -> list[Problem]:
    block = doc.get(kind)
    if block is None:
        return [_missing(kind)]
    if not isinstance(block, Mapping):
        return [got_instead(kind, block, "an object")]
    # The platform answers old rest connections with an http block beside: only a block of another kind is refused.
    twins = {"http", "rest"} if kind in ("http", "rest") else {kind}
    extra = [name for name in TYPES if name not in twins and isinstance(doc.get(name), Mapping)]
    return [
        Problem("invalid_field", f"A connection of type {kind!r} has exactly one type block: remove {name!r}.", name)
        for name in extra
    ]


def _check(row: ConnectionField, doc: Mapping[str, Any]) -> Iterator[Problem]:
    value = read(doc, row.path)
    if is_empty(value):
        if row.is_required(doc):
            yield _missing(row.path, row.code)
        return
    if row.secret:
        yield from _check_secret(row, value)
        return
    expected = _CHECKS[row.kind](row, value)
    if isinstance(value, str) and value in row.refuses:
        yield Problem(row.refuses[value], f"{row.path} {value!r} is refused; expected {_names(row.choices)}.", row.path)
    elif expected is not None:
        yield got_instead(row.path, value, expected)


def _check_secret(row: ConnectionField, value: object) -> Iterator[Problem]:
    if _holds_mask(value):
        return  # stored already, or a problem of its own: see validate_connection
    # The value itself stays out of the message, whatever it is.
    if row.kind == "secret" and not isinstance(value, (str, Secret)):
        yield Problem("invalid_field", f"{row.path} must be text: got {type(value).__name__}.", row.path)
    if row.kind == "secret_map" and not isinstance(value, Mapping):
        yield Problem("invalid_field", f"{row.path} must be an object: got {type(value).__name__}.", row.path)


def _missing(path: str, code: str = "missing_required_field") -> Problem:
    if code == "agent_mode_only":
        return Problem(code, "This system is reached through an agent only. Expected field: _agentId.", path)
    return replace(missing(path), code=code)


def _names(choices: tuple[str, ...]) -> str:
    return "one of " + ", ".join(repr(choice) for choice in choices)


def _text(row: ConnectionField, value: object) -> str | None:
    # The platform turns a number or a boolean into text, and refuses anything else.
    if not isinstance(value, (str, int, float)):
        return "text"
    if row.max_length is not None and len(str(value)) > row.max_length:
        return f"at most {row.max_length} characters"
    return _FORMS[row.form](value) if row.form else None


def _object_id(value: object) -> str | None:
    return None if is_object_id(value) else "an id of 24 hexadecimal digits"


def _date(value: object) -> str | None:
    return None if is_date(value) else "an ISO 8601 date"


_FORMS = {"object id": _object_id, "date": _date}


def _number(row: ConnectionField, value: object) -> str | None:
    try:
        number = math.nan if isinstance(value, (bool, list, dict)) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    low, high = row.minimum, row.maximum
    if not math.isfinite(number) or (low is not None and number < low) or (high is not None and number > high):
        bounds = "" if low is None else f" of {low:g} or more" if high is None else f" from {low:g} to {high:g}"
        return f"a number{bounds}"
    return None


def _boolean(row: ConnectionField, value: object) -> str | None:
    return "true or false" if truth(value) is None else None


def _choice(row: ConnectionField, value: object) -> str | None:
    allowed = (*row.choices, *row.accepts)
    return None if isinstance(value, str) and value in allowed else _names(row.choices)


def _texts(row: ConnectionField, value: object) -> str | None:
    # A single text is taken as a list of one, as the platform does.
    items = value if isinstance(value, list) else [value]
    return None if all(isinstance(item, (str, int, float)) for item in items) else "a list of text"


def _pairs(row: ConnectionField, value: object) -> str | None:
    good = isinstance(value, list) and all(isinstance(item, Mapping) and item.get("name") for item in value)
    return None if good else "a list of {name, value}"


def _json(row: ConnectionField, value: object) -> str | None:
    return None if isinstance(value, (Mapping, list)) else "an object or a list"


_CHECKS = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "choice": _choice,
    "texts": _texts,
    "pairs": _pairs,
    "json": _json,
}


def _differences(real: object, masked: object, found: set[str]) -> None:
    if real == masked:
        return
    if isinstance(real, Mapping) and isinstance(masked, Mapping):
        for key, value in real.items():
            _differences(value, masked.get(key), found)
    elif isinstance(real, list) and isinstance(masked, list) and len(real) == len(masked):
        for one, other in zip(real, masked, strict=True):
            _differences(one, other, found)
    elif isinstance(real, str) and isinstance(masked, str) and masked != MASK:
        found.update(url_secrets(real))
    else:
        found.update(str(value) for value in _leaves(real) if value not in (None, "", True, False))


def _leaves(value: object) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    else:
        yield value
