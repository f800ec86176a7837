"""Which host a client talks to, and what may be sent there.

Decides the base URL from arguments and environment, refuses what would carry a token in the clear, and turns the URLs
of ``Link`` headers back into paths below ``/v1``. Opens no socket.

Regions: those that the vendor's documentation names; for others a whole base URL is given.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit

from celigo_pandas.errors import ApiError, ConfigError, shown

__all__ = [
    "REGIONS",
    "URL_SETTINGS",
    "BaseUrl",
    "UrlSettings",
    "choose_base_url",
    "is_loopback_host",
    "without_userinfo",
]

REGIONS: Mapping[str, str] = {
    "na": "https://api.integrator.io",
    "eu": "https://api.eu.integrator.io",
    "au": "https://api.au.integrator.io",
    "ca": "https://api.ca.integrator.io",
}
URL_SETTINGS = ("CELIGO_BASE_URL", "CELIGO_REGION")
"""Variables of the environment that :class:`UrlSettings` reads."""

_WEB_HOSTS: Mapping[str, str] = {
    "www.integrator.io": "na",
    **{url.removeprefix("https://api."): region for region, url in REGIONS.items()},
}
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?\Z")


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A checked base URL: ``https``, or ``http`` to this machine.

    Parameters
    ----------
    scheme, host : str
        Lower case; an IPv6 host without brackets.
    port : int
    prefix : str
        Path before ``/v1``, without a trailing slash; mostly empty.
    """

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> BaseUrl:
        """Read a base URL with or without a trailing ``/v1``; raises :class:`ConfigError`."""
        text = without_userinfo(text)
        if not isinstance(text, str):
            raise _bad_url(text, "is not text")
        if "@" in text:
            raise ConfigError(
                "The base URL holds an @, as before it a user name or password stands; expected scheme, host and port.",
                hint="Pass the token as token=, or run celigo.login().",
            )
        parts, port = _split(text.strip())
        if parts is None:
            raise _bad_url(text, "is not a URL")
        host = (parts.hostname or "").lower()
        if parts.scheme not in _PORTS or not _is_host(host):
            raise _bad_url(text, "is not a URL with a host")
        if parts.query or parts.fragment:
            raise _bad_url(text, "has a query or fragment")
        if host in _WEB_HOSTS:
            raise _bad_url(text, "is the web application", REGIONS[_WEB_HOSTS[host]])
        if parts.scheme == "http" and not is_loopback_host(host):
            raise ConfigError(
                f"The base URL {shown(text)} would send the token in clear text; expected https (or http to loopback).",
                hint=f"Use https://{host}.",
            )
        prefix = re.sub(r"/v1\Z", "", parts.path.rstrip("/")).rstrip("/")
        return cls(parts.scheme, host, port or _PORTS[parts.scheme], prefix)

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        return is_loopback_host(self.host)

    @property
    def netloc(self) -> str:
        """Host, with its port where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.prefix}"

    @property
    def api_root(self) -> str:
        """The URL that paths are appended to."""
        return f"{self}/v1"

    def path_of(self, target: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Turn the target of a ``Link`` into a path below ``/v1`` and its query parameters.

        Raises
        ------
        ApiError
            The target is on another origin or outside ``/v1``: the token does not go there.
        """
        parts, port = _split(urljoin(self.api_root + "/", target))
        same = parts is not None and (parts.scheme, (parts.hostname or "").lower()) == (self.scheme, self.host)
        root = f"{self.prefix}/v1/"
        if parts is None or not same or (port or _PORTS[self.scheme]) != self.port or "@" in parts.netloc:
            raise ApiError(
                f"The server's next page is on another host: got {shown(_origin(target))}; expected {self.netloc}.",
                hint="It was not followed, because that would send the token there.",
            )
        if not parts.path.startswith(root) or ".." in parts.path.split("/"):
            raise ApiError(f"The server's next page is outside {root!r}: got {shown(parts.path)}. It was not followed.")
        return parts.path[len(root) - 1 :], tuple(parse_qsl(parts.query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class UrlSettings:
    """What the environment says of the base URL; the environment itself, which holds the token, goes no further."""

    base_url: str | None = None
    region: str | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> UrlSettings:
        """Read ``CELIGO_BASE_URL`` and ``CELIGO_REGION``; empty ones count as missing."""
        return cls(without_userinfo(environ.get("CELIGO_BASE_URL") or None), environ.get("CELIGO_REGION") or None)


def without_userinfo(url: object) -> Any:
    """Hide what stands before an ``@``: it may be a password, and frames that refuse the URL show their locals."""
    return "https://…@…" if isinstance(url, str) and "@" in url else url


def choose_base_url(
    base_url: str | None, region: str | None, environment: UrlSettings, stored: str | None = None
) -> BaseUrl:
    """Choose the base URL: argument, then environment, then what a profile stored, then North America.

    An argument of either kind wins over the environment: ``region="eu"`` is not overruled by ``CELIGO_BASE_URL``.
    """
    if base_url is not None and region is not None:
        raise ConfigError("Both base_url= and region= are given; expected one of them.")
    text = base_url
    if text is None and region is None:
        text = environment.base_url
        region = None if text else environment.region
    if text is not None:
        return BaseUrl.parse(text)
    if region is not None:
        if not isinstance(region, str) or region.strip().lower() not in REGIONS:
            raise ConfigError(
                f"Unknown region {shown(region)}; expected one of {', '.join(sorted(REGIONS))}.",
                hint="For another region give its API host as base_url=.",
            )
        return BaseUrl.parse(REGIONS[region.strip().lower()])
    return BaseUrl.parse(stored or REGIONS["na"])


def is_loopback_host(host: str) -> bool:
    """Whether a host name or address surely is this machine."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _split(text: str) -> tuple[SplitResult | None, int | None]:
    if any(ord(character) <= 32 or character == "\\" for character in text):
        return None, None
    try:
        parts = urlsplit(text)
        return parts, parts.port
    except ValueError:
        return None, None


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            return False
        return True
    return bool(_HOST.match(host))


def _origin(target: str) -> str:
    parts, _ = _split(target)
    return target[:40] if parts is None else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _bad_url(text: object, what: str, instead: str | None = None) -> ConfigError:
    return ConfigError(
        f"The base URL {shown(text)} {what}; expected something like 'https://api.integrator.io'.",
        hint=f"Use {instead!r}."
        if instead
        else f"Or choose a host by region=, one of {', '.join(map(repr, REGIONS))}.",
    )
