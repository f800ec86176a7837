"""SQL databases: sqlite (a local extension), PostgreSQL, MySQL and MariaDB."""

from celigo_pandas.engine.adaptors.sql.adaptor import SqlAdaptor

__all__ = ["SqlAdaptor", "adaptor"]

adaptor = SqlAdaptor()
