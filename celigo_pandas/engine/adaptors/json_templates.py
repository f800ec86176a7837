"""What templates of JSON see of one record: numbers that the template language would round are text.

Shared by the systems whose documents hold JSON: MongoDB and DynamoDB.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.engine.adaptors.protocol import Outgoing
from celigo_pandas.handlebars import contexts

__all__ = ["record_context"]

_SAFE = 2**53 - 1


def record_context(context: Mapping[str, Any], outgoing: Outgoing) -> dict[str, Any]:
    """Return what a member sees of one record: what a request for it does, with exact numbers."""
    return contexts.record_context(_exact(outgoing.mapped), context)


def _exact(value: object) -> Any:
    # The template language's numbers are doubles; a key of 2**53 + 1 must not become its neighbour.
    if type(value) is int:
        return value if -_SAFE <= value <= _SAFE else str(value)
    if isinstance(value, dict):
        return {name: _exact(one) for name, one in value.items()}
    return [_exact(one) for one in value] if isinstance(value, list) else value
