"""What the engine does for a request: it runs exports and imports, pings, and looks at systems."""
