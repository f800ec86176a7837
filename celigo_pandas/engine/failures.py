"""What fails below the engine's runs, as those who answer for it see it: an outer system, or the key of the store."""

from __future__ import annotations

__all__ = ["SourceFailure", "VaultError"]


class SourceFailure(Exception):
    """The outer system failed the whole call: it refused, could not be reached, or answered nonsense.

    ``offline`` asks the executor to mark the connection offline; ``sent`` is False when the request surely never left.
    The message never holds a secret.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "source_error",
        offline: bool = False,
        field: str | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.offline = offline
        self.field = field
        self.sent = sent

    def copy(self, message: str | None = None, *, sent: bool | None = None) -> SourceFailure:
        """Return a new one, without traceback and context; with another message, or another word on sending."""
        return SourceFailure(
            self.message if message is None else message,
            code=self.code,
            offline=self.offline,
            field=self.field,
            sent=self.sent if sent is None else sent,
        )


class VaultError(Exception):
    """Something sealed does not open: another key, or damaged."""
