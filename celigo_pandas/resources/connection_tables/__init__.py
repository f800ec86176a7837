"""The connection fields of each type, as tables; :mod:`celigo_pandas.resources.connection_fields` joins them."""
