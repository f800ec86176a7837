"""Plans: what a push would create, update and leave alone, before it does."""
