"""The platform's JavaScript, run here: V8 in a process of its own, JSON texts in and out.

``script_host`` runs functions, ``hook_contracts`` say what each kind gets and gives, ``script_wiring`` makes those of a
document, ``script_checks`` says what is wrong with a text.
"""

from __future__ import annotations

from celigo_pandas.scripts.hook_outcomes import Page, PageOutcome, RecordOutcome
from celigo_pandas.scripts.integrator_api import Send, api_door
from celigo_pandas.scripts.script_calls import ApiDoor, Function, Limits, LogLine, Returned, ScriptRunner, ScriptText
from celigo_pandas.scripts.script_checks import check_script, function_names
from celigo_pandas.scripts.script_host import ScriptHost, shared_host
from celigo_pandas.scripts.script_modules import ScriptProblem
from celigo_pandas.scripts.script_wiring import (
    ExportHooks,
    FindScript,
    ImportHooks,
    NamedScript,
    Wiring,
    common_options,
)

__all__ = [
    "ApiDoor",
    "ExportHooks",
    "FindScript",
    "Function",
    "ImportHooks",
    "Limits",
    "LogLine",
    "NamedScript",
    "Page",
    "PageOutcome",
    "RecordOutcome",
    "Returned",
    "ScriptHost",
    "ScriptProblem",
    "ScriptRunner",
    "ScriptText",
    "Send",
    "Wiring",
    "api_door",
    "check_script",
    "common_options",
    "function_names",
    "shared_host",
]
