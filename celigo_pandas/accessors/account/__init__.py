"""The account: its client, its connections, its saved documents."""
