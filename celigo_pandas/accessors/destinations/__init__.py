"""What is at a destination, and how the rows of an import stand to it."""
