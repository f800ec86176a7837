"""Rules to columns, columns to output records; and the watch that tells it cell by cell."""
