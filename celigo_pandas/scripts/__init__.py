"""The platform's JavaScript, run here: V8 in a process of its own, JSON texts in and out.

``host`` runs functions, ``contracts`` say what each kind gets and gives, ``references`` where documents name scripts,
``checking`` what is wrong with a text.
"""

from __future__ import annotations

from celigo_pandas.scripts.calls import ApiDoor, Function, Limits, LogLine, Returned, ScriptRunner, ScriptText
from celigo_pandas.scripts.checking import check_script, function_names
from celigo_pandas.scripts.host import ScriptHost, shared_host
from celigo_pandas.scripts.modules import ScriptProblem
from celigo_pandas.scripts.outcomes import Page, PageOutcome, RecordOutcome
from celigo_pandas.scripts.references import FindScript, Reference, Wiring, script_references

__all__ = [
    "ApiDoor",
    "FindScript",
    "Function",
    "Limits",
    "LogLine",
    "Page",
    "PageOutcome",
    "RecordOutcome",
    "Reference",
    "Returned",
    "ScriptHost",
    "ScriptProblem",
    "ScriptRunner",
    "ScriptText",
    "Wiring",
    "check_script",
    "function_names",
    "script_references",
    "shared_host",
]
