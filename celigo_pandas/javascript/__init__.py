"""JavaScript value semantics where they show: text, numbers, truth, comparison, patterns, dates. Pure."""
