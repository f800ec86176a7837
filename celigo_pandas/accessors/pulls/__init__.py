"""Pulls: the pages of virtual exports become frames, chunks of frames, or a Parquet file."""
