"""What rules read from: records as columns, and the narrower batches inside arrays."""
