"""The token: where it comes from, what it may look like, how it is written to a header.

A plain token is wrapped before anything can fail, so that no frame that raises holds its text.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from celigo_pandas.client.profiles import ProfileStore
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import ConfigError

__all__ = ["bearer_value", "check_token", "find_token", "fingerprint"]

_PROCESS_KEY = secrets.token_bytes(32)


def find_token(
    token: Secret | None, profile: str | None, from_environment: Secret | None, store: ProfileStore
) -> tuple[Secret, str | None]:
    """Find the token and the base URL stored with it.

    Order: argument, a profile that was asked for by name, ``CELIGO_API_TOKEN``, the profile file, the keyring.

    Raises
    ------
    ConfigError
        There is none (the text lists the ways), or the one found cannot be a token.
    """
    if token is not None:
        return check_token(token, "token="), None
    if profile is None and from_environment is not None:
        return check_token(from_environment, "CELIGO_API_TOKEN"), None
    name = profile or "default"
    found = store.find(name)
    if found is None:
        unused = " (not used beside profile=)" if profile else ""
        file = store.path or "no profile file (there is no home folder)"
        raise ConfigError(
            f"No API token was found for profile {name!r}. Looked at: token=, the environment variable "
            f"CELIGO_API_TOKEN{unused}, {file}, the system's keyring.",
            hint="To store one, run celigo.login().",
        )
    return check_token(found.token, f"profile {name!r}"), found.base_url


def check_token(token: Secret, where: str) -> Secret:
    """Strip a token; refuse an empty one, and white space or control characters inside."""
    stripped = _strip(token)
    problem = _problem(stripped)
    if problem:
        raise ConfigError(
            f"The token from {where} {problem}; expected one line of printable characters without blanks.",
            hint="Copy it again from integrator.io, Resources > API tokens.",
        )
    return stripped


def _strip(token: Secret) -> Secret:
    text = token.reveal()
    return Secret(text.strip()) if isinstance(text, str) else token


def _problem(token: Secret) -> str | None:
    text: object = token.reveal()
    if not isinstance(text, str):
        return f"is of type {type(text).__name__}"
    if not text:
        return "is empty"
    if text.lower().startswith("bearer ") or text.lower() == "bearer":
        return "begins with the word Bearer, which is added by itself"
    if any(character.isspace() for character in text):
        return "has white space inside"
    if not text.isprintable():
        return "has a control character inside"
    if text == "*" * len(text):
        return "is a mask"
    return None


def bearer_value(token: Secret) -> bytes:
    """Make the value of the Authorization header."""
    text = "Bearer " + token.reveal()
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def fingerprint(token: Secret) -> str:
    """Name a token within this process, without saying anything about it."""
    return hmac.new(_PROCESS_KEY, token.reveal().encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16]
