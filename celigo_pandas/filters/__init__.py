"""Filter rules: prefix arrays compiled to a function from record to true or false. Pure."""

from celigo_pandas.filters.expressions import compile_rules, keep, rules_of

__all__ = ["compile_rules", "keep", "rules_of"]
