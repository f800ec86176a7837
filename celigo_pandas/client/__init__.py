"""One method per endpoint over one transport. Knows no pandas."""
