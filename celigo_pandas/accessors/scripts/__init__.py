"""Scripts of a notebook: where their text comes from, and what they do to records."""
