"""Pushes: the rows of a frame go through a virtual import, and each has one outcome."""
