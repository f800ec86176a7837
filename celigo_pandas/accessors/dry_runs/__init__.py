"""Dry runs: what an import would make of the rows of a frame."""
