"""Wire documents: connections, exports, imports, builders, secrets, validation. Pure."""
