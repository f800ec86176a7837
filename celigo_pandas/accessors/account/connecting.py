"""How a notebook gets a client: ``connect``, ``login``, ``logout``."""

from __future__ import annotations

import ast
import getpass
import sys
import warnings

from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.progress import ProgressSetting, check_progress
from celigo_pandas.client.addresses import URL_SETTINGS, BaseUrl, UrlSettings, choose_base_url, without_userinfo
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.bearer_token import check_token, find_token, fingerprint
from celigo_pandas.client.pacing import bucket_for
from celigo_pandas.client.profiles import ProfileStore
from celigo_pandas.client.transport import RequestsTransport
from celigo_pandas.documents.counts import as_number, whole_number
from celigo_pandas.documents.environment import flag, secret_setting, settings
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import ConfigError, HintWarning, shown

__all__ = ["connect", "login", "logout", "open_api"]

_warned = {"literal": False}


def connect(
    token: str | Secret | None = None,
    *,
    base_url: str | None = None,
    region: str | None = None,
    profile: str | None = None,
    timeout: tuple[float, float] | float = (10, 300),
    max_retries: int = 5,
    progress: ProgressSetting = "auto",
    read_only: bool = False,
) -> Client:
    """Connect to integrator.io, or to another server that speaks its API.

    Parameters
    ----------
    token : str, optional
        API token. Without it: a profile asked for by name, ``CELIGO_API_TOKEN``, the profile file, the keyring.
    base_url : str, optional
        API host, with or without a trailing ``/v1``; ``CELIGO_BASE_URL`` otherwise. https, or http to this machine.
    region : {"na", "eu", "au", "ca"}, optional
        In place of a base URL; ``CELIGO_REGION`` otherwise.
    profile : str, optional
        Name under which :func:`login` stored the token.
    timeout : (float, float) or float, default (10, 300)
        Seconds to wait for a connection, and for each piece of an answer.
    max_retries : int, default 5
        Lowers the counts of the retry table (``celigo_pandas/client/retrying.py``); 0 sends everything once.
    progress : "auto", "notebook", "text", False or callable
        Default of the progress bars of this client.
    read_only : bool, default False
        Refuse, before the network, whatever could write; also by ``CELIGO_READ_ONLY=1``.

    Returns
    -------
    Client

    Raises
    ------
    ConfigError
        No token was found, or a setting cannot be right.

    Notes
    -----
    Makes no request; ``client.check()`` does. The token goes to the base URL's origin only.

    Examples
    --------
    >>> client = celigo.connect(region="eu", read_only=True)  # doctest: +SKIP
    """
    # Wrapped before anything can raise: a traceback shows the locals of this frame.
    secret = token if isinstance(token, Secret) or token is None else Secret(token)
    is_literal = token is not None and _in_running_cell(secret)
    del token
    base_url = without_userinfo(base_url)
    check_progress(progress)
    if is_literal:
        _warn_of_literal()
    found, stored_url = find_token(secret, profile, secret_setting("CELIGO_API_TOKEN"), ProfileStore())
    address = choose_base_url(base_url, region, UrlSettings.of(settings(*URL_SETTINGS)), stored_url)
    api = open_api(
        found,
        address,
        timeout=_checked_timeout(timeout),
        max_retries=whole_number("max_retries", max_retries, 0),
        read_only=bool(read_only) or flag("CELIGO_READ_ONLY"),
    )
    return Client(api, progress=progress)


def open_api(
    token: Secret,
    address: BaseUrl,
    *,
    timeout: tuple[float, float] = (10, 300),
    max_retries: int = 5,
    read_only: bool = False,
    paced: bool = True,
) -> ApiClient:
    """Put the low-level client together; the one place that chooses its parts.

    ``paced=False`` leaves out the account's rate bucket (the local engine has no account limit).
    """
    transport = RequestsTransport(address, token, timeout=timeout)
    bucket = bucket_for(str(address), fingerprint(token)) if paced else None
    return ApiClient(transport, base_url=str(address), read_only=read_only, max_retries=max_retries, bucket=bucket)


def login(profile: str | None = None, *, base_url: str | None = None, region: str | None = None) -> Client:
    """Ask for a token, check it, and store it: in the system's keyring, else in ``profiles.toml``.

    Parameters
    ----------
    profile : str, optional
        Name to store it under; the default profile is the one :func:`connect` uses by itself.
    base_url, region : str, optional
        As for :func:`connect`; stored beside the token.

    Returns
    -------
    Client
        Connected with the stored token.

    Raises
    ------
    ConfigError
        Nothing, or no token, was entered.
    AuthError
        The server refused it; nothing is stored.

    Notes
    -----
    One request (``GET /tokenInfo``).

    Examples
    --------
    >>> client = celigo.login("sandbox", region="eu")  # doctest: +SKIP
    """
    store = ProfileStore()
    base_url = without_userinfo(base_url)
    address = choose_base_url(base_url, region, UrlSettings.of(settings(*URL_SETTINGS)))
    token = check_token(Secret(getpass.getpass(f"API token for {address.netloc}: ")), "your input")
    client = Client(open_api(token, address))
    client.check()
    place = store.save(profile or "default", token, str(address))
    sys.stdout.write(f"Account {client.account} at {address.netloc}: the token is stored in {place}.\n")
    return client


def logout(profile: str | None = None) -> bool:
    """Remove a stored token from the keyring and the profile file; return whether there was one.

    Parameters
    ----------
    profile : str, optional
        Name under which :func:`login` stored the token.

    Examples
    --------
    >>> celigo.logout("sandbox")  # doctest: +SKIP
    """
    return ProfileStore().remove(profile or "default")


def _in_running_cell(token: Secret | None) -> bool:
    """Whether the notebook cell that runs now holds the token as a literal."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    cells = getattr(shell, "user_ns", {}).get("In") if shell is not None else None
    if token is None or not cells or not isinstance(cells[-1], str):
        return False
    try:
        tree = ast.parse(cells[-1])
    except (SyntaxError, ValueError):
        return False
    text = token.reveal()
    return any(isinstance(node, ast.Constant) and node.value == text for node in ast.walk(tree))


def _warn_of_literal() -> None:
    if _warned["literal"]:
        return
    _warned["literal"] = True
    # At this line, not at the caller's: the warning shows the source of the line it points at.
    warnings.warn(
        "The token is written in this cell, so it is saved in the notebook and in the history. "
        "Delete it there and run celigo.login() once; then celigo.connect() needs no token.",
        HintWarning,
        stacklevel=1,
    )


def _checked_timeout(timeout: object) -> tuple[float, float]:
    pair = timeout if isinstance(timeout, (tuple, list)) else (timeout, timeout)
    numbers = [number for part in pair if (number := as_number(part)) is not None and number > 0]
    if len(pair) != 2 or len(numbers) != 2:
        raise ConfigError(f"Bad timeout {shown(timeout)}; expected (connect, read) in seconds, both above 0.")
    return numbers[0], numbers[1]
