"""Keys and what they protect: secrets at rest, spooled pages, and the signature of a page state.

Documents with secrets are sealed with Fernet (``MultiFernet``: the first key seals, every key opens, so keys can be
rotated). Bulk data (pages, debug entries) uses AES-GCM under a key derived from the first one: the same protection at
a tenth of the cost. The keys are never beside the store: a copied store is useless without them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from celigo_pandas.engine.failures import VaultError
from celigo_pandas.engine.texts import json_text
from celigo_pandas.errors import ConfigError
from celigo_pandas.folders import user_folder

__all__ = ["Vault", "VaultError", "find_keys", "new_key"]

KEY_VARIABLE = "CELIGO_ENGINE_KEY"


def new_key() -> str:
    """Return a fresh Fernet key (32 random bytes, URL-safe base64)."""
    return Fernet.generate_key().decode()


def find_keys(environ: Mapping[str, str], *, config_folder: Path | None = None) -> list[str]:
    """Return the keys: ``CELIGO_ENGINE_KEY`` (several with commas, the first seals), else the user's key file.

    The file ``engine-keys/engine.key`` in the user's configuration folder is created on first use, for this user
    only.

    Raises
    ------
    ConfigError
        The file can be read by others, or holds no key.
    """
    given = [part.strip() for part in environ.get(KEY_VARIABLE, "").split(",") if part.strip()]
    if given:
        return given
    folder = (config_folder or user_folder("config")) / "engine-keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "engine.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(handle, "w") as file:
            file.write(new_key())
            file.flush()
            os.fsync(file.fileno())
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigError(f"The key file {path} can be read by others.", hint=f"Run: chmod 600 {path}")
    return [part for part in path.read_text().split() if part]


class Vault:
    """Seals, opens and signs with one list of keys, the newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            raw = [base64.urlsafe_b64decode(key) for key in keys]
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except (ValueError, binascii.Error):
            raise ConfigError(
                f"{KEY_VARIABLE} holds something that is no key; expected 32 bytes in URL-safe base64.",
                hint='Make one with: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key())"',
            ) from None
        self._bulk = [AESGCM(_derive(key, b"pages")) for key in raw]
        self._signing = [_derive(key, b"page state") for key in raw]

    def seal(self, value: object) -> bytes:
        """Encrypt a JSON-able value."""
        return self._fernet.encrypt(json_text.dump(value))

    def unseal(self, sealed: bytes) -> Any:
        """Decrypt what :meth:`seal` gave; :class:`VaultError` with another key."""
        try:
            return json_text.load(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise VaultError("The store was written with another key.") from None

    def pack(self, data: bytes, label: str) -> bytes:
        """Encrypt bulk data; `label` says what it is and must be the same when it is unpacked."""
        nonce = os.urandom(12)
        return nonce + self._bulk[0].encrypt(nonce, data, label.encode())

    def unpack(self, packed: bytes, label: str) -> bytes:
        """Decrypt what :meth:`pack` gave under the same label."""
        for cipher in self._bulk:
            try:
                return cipher.decrypt(packed[:12], packed[12:], label.encode())
            except InvalidTag:
                continue
        raise VaultError("Spooled data was written with another key, or is damaged.")

    def sign(self, message: bytes) -> str:
        """Return HMAC-SHA-256 of `message`, 64 hex digits."""
        return hmac.new(self._signing[0], message, hashlib.sha256).hexdigest()

    def is_signed(self, message: bytes, signature: str) -> bool:
        """Say whether `signature` belongs to `message`, in constant time."""
        found = [hmac.new(key, message, hashlib.sha256).hexdigest() for key in self._signing]
        return any(hmac.compare_digest(one.encode(), signature.encode("utf-8", "replace")) for one in found)


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, b"celigo_pandas engine: " + purpose, hashlib.sha256).digest()
