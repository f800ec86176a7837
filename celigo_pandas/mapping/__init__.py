"""Mapper 1.0 and 2.0 and transforms: compile to rules, evaluate. Pure."""
