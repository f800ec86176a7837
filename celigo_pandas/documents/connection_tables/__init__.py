"""The connection fields of each type, as tables; :mod:`celigo_pandas.documents.connection_fields` joins them."""
