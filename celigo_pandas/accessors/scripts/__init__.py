"""Scripts of a notebook: what one says, and what it does to records."""
