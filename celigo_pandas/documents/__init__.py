"""Wire documents: connections, exports, imports, secrets, validation. Pure."""
