"""Routes: from HTTP to the executor and back."""
