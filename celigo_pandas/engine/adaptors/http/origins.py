"""Whose server a URL names: the one comparison that decides where credentials may go."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["Origin", "is_absolute", "join", "origin_of", "same_origin", "shown_origin"]

Origin = tuple[str, str, int]

_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> Origin:
    """Return scheme, lower-case host and port of an absolute URL.

    Raises
    ------
    ValueError
        It has another scheme, no host, or a port that is no number.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname:
        raise ValueError("needs the form http(s)://host/…")
    return scheme, parts.hostname.rstrip(".").lower(), parts.port or _PORTS[scheme]


def same_origin(own: str, other: str) -> bool:
    """Whether `other` may see what is meant for `own`: the same scheme, host and port.

    The step from ``http`` on port 80 to ``https`` on port 443 of one host loses no secrecy and is allowed too.
    """
    try:
        first, second = origin_of(own), origin_of(other)
    except ValueError:
        return False
    upgraded = first[0] == "http" and first[2] == 80 and second[0] == "https" and second[2] == 443
    return first == second or (upgraded and first[1] == second[1])


def shown_origin(url: str) -> str:
    """Return ``scheme://host:port`` for a message: no path, no query, no user."""
    try:
        scheme, host, port = origin_of(url)
    except ValueError:
        return "an unreadable URL"
    return f"{scheme}://{host}" if port == _PORTS[scheme] else f"{scheme}://{host}:{port}"


def is_absolute(text: str) -> bool:
    """Whether a rendered URI names its own server."""
    return text.lstrip()[:8].lower().startswith(("http://", "https://"))


def join(base: str, relative: str) -> str:
    """Put a relative URI behind a base URI, with exactly one slash between two path parts.

    A relative URI that starts with ``/`` stays below the base's path: the platform concatenates, it does not resolve.
    """
    base, relative = base.strip(), relative.strip()
    if not relative:
        return base
    if relative[0] in "?#":
        return base + relative
    return base.rstrip("/") + "/" + relative.lstrip("/")
