"""What a mapping does to records, said: problems, blame, coverage, diff, traps, upgrade."""
