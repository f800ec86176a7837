"""Filter rules. Pure."""
