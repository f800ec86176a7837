"""Outer systems behind one protocol, found by name, imported on use."""
