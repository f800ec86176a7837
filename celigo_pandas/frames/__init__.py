"""Records to DataFrames and back."""
