"""The template language and its helpers. Pure."""
