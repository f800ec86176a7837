"""The local engine: the same API on loopback, executed for real."""
