"""Mapper 1.0 and 2.0 and transforms: compile to rules, evaluate. Pure."""

from celigo_pandas.mapping.compile.compiled_mapping import CompiledMapping, compile_mapping, map_records
from celigo_pandas.mapping.compile.transforms import CompiledTransform, compile_transform, transform_records
from celigo_pandas.mapping.evaluate.traces import CellTrace, TracedStep
from celigo_pandas.mapping.explain.validation import validate
from celigo_pandas.mapping.pipeline import ImportStep, run_export_steps, run_import_steps

__all__ = [
    "CellTrace",
    "CompiledMapping",
    "CompiledTransform",
    "ImportStep",
    "TracedStep",
    "compile_mapping",
    "compile_transform",
    "map_records",
    "run_export_steps",
    "run_import_steps",
    "transform_records",
    "validate",
]
