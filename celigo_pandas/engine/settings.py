"""How one engine was started."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from celigo_pandas.documents.secret import Secret
from celigo_pandas.engine.choices import CHOICES, Choices

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the composition root needs.

    Parameters
    ----------
    token : Secret
        What every request must carry.
    keys : tuple of Secret
        Keys of the store, the newest first.
    folder : Path
        The store.
    host, port : str, int
        What to listen on; port 0 takes a free one.
    names : tuple of str
        Further names under which clients may address this engine.
    allow_hosts, allow_dirs : tuple, optional
        What may be reached; None for all of it (loopback only).
    key_folder : Path, optional
        Where the key file is, if there is one: never reachable by a connection.
    """

    token: Secret
    keys: tuple[Secret, ...]
    folder: Path
    host: str = "127.0.0.1"
    port: int = 0
    names: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] | None = None
    allow_dirs: tuple[Path, ...] | None = None
    key_folder: Path | None = None
    call_timeout_s: float = 120.0
    gate_patience_s: float = 30.0
    choices: Choices = field(default=CHOICES)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in {"127.0.0.1", "::1", "localhost"}
