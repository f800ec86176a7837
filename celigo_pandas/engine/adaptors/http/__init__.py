"""HTTP: connection types ``http`` and legacy ``rest``. See ``docs/http.md``."""

from __future__ import annotations

from celigo_pandas.engine.adaptors.http.adaptor import HttpAdaptor
from celigo_pandas.engine.adaptors.http.token_sending import token_sender

__all__ = ["HttpAdaptor", "adaptor", "token_sender"]

adaptor = HttpAdaptor()
