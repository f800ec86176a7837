"""The same function of a script under node's ``vm`` and here: what each answers, in one form."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import needs

import celigo_pandas.scripts.libraries as libraries
from celigo_pandas.errors import ScriptError
from celigo_pandas.scripts import ScriptHost, ScriptText

_SCRIPT = Path(__file__).parent.parent / "node" / "scripts.js"
_FOLDER = Path(libraries.__file__).parent


@dataclass(frozen=True)
class Case:
    """One call; `each` are the common options of a function that takes one record at a time."""

    text: str
    function: str
    options: Any
    each: Mapping[str, Any] | None = None
    truth: bool = False
    module: bool = False
    tags: tuple[str, ...] = field(default=())


def under_node(cases: Iterable[Case]) -> list[Any]:
    """Return node's answers."""
    lines = [
        json.dumps(
            {
                "text": case.text,
                "function": case.function,
                "options": json.dumps(case.options),
                "each": None if case.each is None else json.dumps(case.each),
                "truth": case.truth,
                "module": case.module,
                "libraries": {name: str(_FOLDER / f"{name}.js") for name in libraries.LIBRARIES},
            }
        )
        for case in cases
    ]
    result = subprocess.run(
        [needs.require("node"), "--experimental-vm-modules", "--no-warnings", str(_SCRIPT)],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env={**os.environ, "TZ": "UTC", "LANG": "en_US.UTF-8", "LC_ALL": "en_US.UTF-8"},
    )
    assert result.returncode == 0, result.stderr[-2000:]
    answers = [json.loads(line) for line in result.stdout.split("\n")[:-1]]
    assert len(answers) == len(lines)
    return answers


def here(host: ScriptHost, case: Case) -> Any:
    """Return our answer in node's form."""
    script = ScriptText(case.text, "case.js")
    try:
        if case.each is None:
            return {"value": host.run_page(script, case.function, case.options).value}
        kind = "truth" if case.truth else "value"
        found = host.run_each(script, case.function, case.options, case.each, kind=kind).value
        return {"value": [_one(value) for value in found]}
    except ScriptError as error:
        return _failure(error)


def _one(value: Any) -> Any:
    if isinstance(value, ScriptError):
        return _failure(value)
    return {"value": value[0] if isinstance(value, tuple) else value}


def _failure(error: ScriptError) -> Any:
    said = error.message.split(": ", 1)[1]
    if error.code == "bad_answer" and "it returned" in said:
        return {"undefined": True}
    return {"error": said.removeprefix("what it returned cannot be written as JSON: ")}
