"""What an FTP server's refusals and broken exchanges are called: by codes, never by words in a reply."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from celigo_pandas.engine.adaptors.files.ftp_control import reply_code
from celigo_pandas.engine.adaptors.files.listings import ListingError
from celigo_pandas.engine.adaptors.files.remote_server import RemoteServer
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.safety.reach import ReachError
from celigo_pandas.errors import shown

__all__ = ["MISSING_OR_REFUSED", "Failures", "said"]

MISSING_OR_REFUSED = frozenset({"550", "553", "450"})
"""Servers answer these to a file that is not there and to one that is closed to the login."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Explains the failures of one server; `resumes` is whether TLS sessions are resumed already."""

    server: RemoteServer
    resumes: bool

    def refused(self, reply: Exception, what: str) -> SourceFailure:
        """Explain a refusal of one command."""
        code = "permission_denied" if reply_code(reply) in MISSING_OR_REFUSED | {"530", "532"} else "file_error"
        return SourceFailure(f"{what}: {self.server.shown} refuses ({said(reply)}).", code=code)

    def failed(self, what: str) -> Callable[[Exception], SourceFailure]:
        """Return what explains anything that goes wrong while `what` is tried."""

        def explained(error: Exception) -> SourceFailure:
            if isinstance(error, UnicodeError):
                return SourceFailure(f"{what}: a file name on {self.server.shown} is not UTF-8.", code="file_error")
            if isinstance(error, ListingError):
                hint = "Set ftp.entryParser to UNIX, UNIX-TRIM or WINDOWS if the server has one of these forms."
                return SourceFailure(f"{what}: {error} {hint}", code="file_error", field="ftp.entryParser")
            if isinstance(error, ReachError):
                return SourceFailure(str(error), code="out_of_reach", field="ftp.hostURI")
            if reply_code(error):
                code = "permission_denied" if reply_code(error) == "550" else "file_error"
                hint = " Set ftp.requireSocketReUse." if reply_code(error) == "522" and not self.resumes else ""
                return SourceFailure(f"{what}: {self.server.shown} answered {said(error)}.{hint}", code=code)
            reason = "the server closed the connection" if isinstance(error, EOFError) else _plain(error)
            return SourceFailure(
                f"{what}: the exchange with {self.server.shown} broke off ({reason}).", code="file_error"
            )

        return explained

    def unreachable(self, error: Exception) -> SourceFailure:
        """Explain a server that cannot be used at all."""
        if isinstance(error, ssl.SSLCertVerificationError):
            text = (
                f"The certificate of {self.server.shown} is not trusted: {error.verify_message}. Put its authority "
                "into ssl.ca of the connection."
            )
            return SourceFailure(text, code="unreachable", field="ssl.ca")
        reason = said(error) if reply_code(error) else _plain(error)
        return SourceFailure(f"{self.server.shown} cannot be used: {reason}.", code="unreachable")

    def login_failed(self, error: Exception) -> SourceFailure:
        """Explain a login that was refused; the reply's text is left out: a server may repeat what it was given."""
        code = reply_code(error)
        if not code:
            return self.unreachable(error)
        if code[0] == "4" and code != "430":
            text = f"{self.server.shown} takes no login now (it answered {code})."
            return SourceFailure(text, code="unreachable")
        text = f"{self.server.shown} refused the login of {shown(self.server.username)} (it answered {code})."
        return SourceFailure(
            f"{text} Check ftp.username and ftp.password.", code="login_refused", offline=True, field="ftp.password"
        )


def said(error: Exception) -> str:
    """Return a server's reply, on one line and not too long."""
    text = " ".join("".join(char if char.isprintable() else " " for char in str(error)).split())
    return text if len(text) <= 160 else text[:159] + "…"


def _plain(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
