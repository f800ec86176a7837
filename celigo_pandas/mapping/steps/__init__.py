"""What is done to a rule's values, a column at a time, and what one evaluation carries."""
