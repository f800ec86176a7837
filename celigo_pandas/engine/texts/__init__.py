"""JSON and XML as texts, in and out, and paths into what they hold."""
