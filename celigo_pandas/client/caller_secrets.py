"""What a caller passed as a secret, masked in whatever comes back for it.

A server that repeats a password, in the document it stored or in an error, does not get it into a document, a message
or a notebook. Values are looked at one by one: an answer stays JSON whatever the secret is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from celigo_pandas.client.json_bodies import decode, encode
from celigo_pandas.client.messages import Response
from celigo_pandas.client.token_mask import TokenMask
from celigo_pandas.documents.secret import MASK, Secret

__all__ = ["masked"]

_SHORTEST = 4
"""Shorter secrets are masked where they are the whole of a text: within others they would blot out unrelated words."""


def masked(response: Response, secrets: Iterable[Secret]) -> Response:
    """Return an answer with the secrets masked in every value."""
    known = [secret for secret in secrets if secret]
    if not known or not response.content:
        return response
    masks = [TokenMask(secret) for secret in known if len(secret.reveal()) >= _SHORTEST]
    try:
        return replace(response, content=encode(_masked(decode(response.content), known, masks)))
    except (ValueError, RecursionError):
        content = response.content
        for mask in masks:
            content = mask.body(content, records=False)
        return replace(response, content=content)


def _masked(value: object, known: list[Secret], masks: list[TokenMask]) -> object:
    if isinstance(value, dict):
        return {name: _masked(member, known, masks) for name, member in value.items()}
    if isinstance(value, list):
        return [_masked(element, known, masks) for element in value]
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        text = Secret(str(value))
        if any(text == secret for secret in known):
            return MASK
    return _within(value, masks) if isinstance(value, str) else value


def _within(text: str, masks: list[TokenMask]) -> str:
    content = text.encode("utf-8", "surrogatepass")
    for mask in masks:
        content = mask.body(content, records=False)
    return content.decode("utf-8", "surrogatepass")
