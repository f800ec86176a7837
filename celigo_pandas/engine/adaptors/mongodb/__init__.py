"""Exports and imports of ``mongodb`` connections (the extra ``mongodb`` is PyMongo)."""

from __future__ import annotations

from celigo_pandas.errors import MissingExtraError

try:
    from celigo_pandas.engine.adaptors.mongodb.adaptor import MongodbAdaptor
except ModuleNotFoundError as error:
    if error.name not in ("pymongo", "bson"):
        raise
    raise MissingExtraError("A mongodb connection", "mongodb") from None

__all__ = ["adaptor"]

adaptor = MongodbAdaptor()
