"""Where synced tables lie: DuckDB, folders of Parquet, Delta."""
