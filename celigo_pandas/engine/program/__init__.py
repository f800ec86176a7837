"""The process: its options, its socket, its end."""
