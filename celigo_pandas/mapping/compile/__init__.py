"""Documents of both mappers, and transforms, to rules."""
