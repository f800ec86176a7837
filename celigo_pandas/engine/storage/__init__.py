"""What survives a restart: documents, audit records, debug entries, pages, and the keys that seal them."""
