"""The compiled rule tree."""
