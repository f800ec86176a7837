"""Frozen examples: records with what a mapping made of them, in a file that a later mapping is checked against.

The time of freezing is kept in the file, and a later check sees it as the present. Cells that differ from one
evaluation to the next all the same (random text) are listed in the file and not checked. Scripts around the mapping
are pinned: their text is in the file, with its digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Set
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from celigo_pandas.documents.script_sources import ScriptsLike, ScriptSource
from celigo_pandas.errors import ConfigError, DocumentError, MappingError, Problem, problems_from_body
from celigo_pandas.experiments.frame_records import exact_frame
from celigo_pandas.experiments.hook_runs import HookRun, hooks_of, transform_run
from celigo_pandas.experiments.surrounding_documents import document_of
from celigo_pandas.folders import replacing, user_path
from celigo_pandas.frames.side_by_side import shown_output, type_change
from celigo_pandas.javascript.dates import utc_now
from celigo_pandas.mapping import CompiledMapping, compile_mapping
from celigo_pandas.mapping.explain.cell_rules import Cells, Steps, kind_of_cell
from celigo_pandas.mapping.explain.diff import CellChange, compare_outputs
from celigo_pandas.paths import cell_text

__all__ = ["check_frozen", "digest", "freeze"]

_FORMAT: Final = 2
_WITH_SCRIPTS: Final = 3
_NAMES: Final[dict[type, str]] = {dict: "an object", list: "a list", str: "text"}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def freeze(
    document: dict[str, Any], records: list[Any], path: str | os.PathLike[str], scripts: ScriptsLike | None = None
) -> int:
    """Write records, what `document` makes of each, and the document; return how many examples were written.

    Records that are the same, down to the order of their keys, are written once. The file is plain JSON, made to be
    kept under version control.

    Raises
    ------
    DocumentError
        A record, or what it is mapped to, holds what JSON cannot.
    ConfigError
        The file cannot be written.
    """
    compiled = compile_mapping(document)
    unique = list({_json(record, f"Record {place}"): record for place, record in enumerate(records)}.values())
    started = utc_now()
    hooks = None if scripts is None else hooks_of(document, scripts)
    outputs, again = (_evaluated(compiled, unique, hooks or transform_run(document), started) for _ in range(2))
    fixed = Cells(compiled).fixed
    varying = {_kind(change, fixed): None for change in compare_outputs(compiled, compiled, outputs, again).changes}
    frozen = {
        "format": _FORMAT if hooks is None else _WITH_SCRIPTS,
        "digest": digest(document),
        "now": started.isoformat(),
        "import": document,
        **({} if hooks is None else {"scripts": {id: _pinned(one) for id, one in hooks.sources.items()}}),
        "varying": list(varying),
        "examples": [_example(*pair) for pair in zip(unique, outputs, strict=True)],
    }
    target = user_path(path)
    text = _json(frozen, "What the records are mapped to, or the mapping,", indent=1) + "\n"
    try:
        with replacing(target) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"Cannot write the frozen examples {str(target)!r}: {error.strerror}.") from error
    return len(unique)


def _evaluated(compiled: CompiledMapping, records: list[Any], hooks: HookRun | None, now: datetime) -> list[Any]:
    if hooks is None:
        return compiled.evaluate(records, now=lambda: now)
    return hooks.evaluate(compiled, records, now=lambda: now)


def _pinned(source: ScriptSource) -> dict[str, str]:
    return {"name": source.name, "digest": source.digest, "content": source.text}


def _json(value: object, what: str, indent: int | None = None) -> str:
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise DocumentError(
            f"{what} cannot be frozen, since JSON cannot hold it: {error}.",
            hint="Give a DataFrame, which writes dates and missing values as a push does, or plain JSON values.",
        ) from error
    # Half a character can be written in JSON, in UTF-8 it cannot.
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _kind(change: CellChange, fixed: Set[Steps]) -> str:
    return cell_text(kind_of_cell(change.steps, fixed))


def _varies(change: CellChange, cells: Cells, varying: Set[str]) -> bool:
    if _kind(change, cells.fixed) in varying:
        return True
    # Earlier versions wrote every position as an element, ``street[*]`` for ``street[0]``.
    former = kind_of_cell(change.steps)
    return former not in cells.rules and cell_text(former) in varying


def check_frozen(
    path: str | os.PathLike[str], mapping: object = None, *, scripts: ScriptsLike | None = None
) -> pd.DataFrame:
    """Map the frozen records again and compare with what was frozen.

    Parameters
    ----------
    path : path
        File that :meth:`celigo_pandas.Mapping.freeze` wrote.
    mapping : Mapping or import document, optional
        What to check; by default the document in the file, which shows a change of this package, not of the rules.
    scripts : dict, or client.scripts, optional
        Scripts to check in place of the pinned ones, by id or name; what is not in it stays as it was pinned.

    Returns
    -------
    DataFrame
        One row per cell that differs: ``example`` (its position), ``cell``, ``rule``, ``expected``, ``got``,
        ``type_change`` (``"number → text"``, or empty). Empty when nothing changed.

    Raises
    ------
    DocumentError
        The file is none of these, or the mapping cannot be compiled.
    """
    frozen = _read(user_path(path))
    examples = frozen["examples"]
    before, after = _mappings(frozen["import"], mapping)
    hooks = _hooks(frozen, mapping, scripts)
    now = datetime.fromisoformat(frozen["now"])
    hooks = hooks or transform_run(frozen["import"] if mapping is None else document_of(mapping))
    got = _evaluated(after, [example["record"] for example in examples], hooks, now)
    difference = compare_outputs(before, after, list(map(_revived, examples)), got)
    cells, varying = Cells(before), frozenset(frozen["varying"])
    rows = (
        (
            change.position,
            change.cell,
            difference.rule_of(change),
            shown_output(change.before),
            shown_output(change.after),
            type_change(change.before, change.after),
        )
        for change in difference.changes
        if not _varies(change, cells, varying)
    )
    return exact_frame(rows, ["example", "cell", "rule", "expected", "got", "type_change"], ["example"])


def _hooks(frozen: dict[str, Any], mapping: object, scripts: ScriptsLike | None) -> HookRun | None:
    """Return the scripts to check: those that are given, else as they were pinned; none where none were frozen."""
    if scripts is None and "scripts" not in frozen:
        return None
    document = frozen["import"] if mapping is None else document_of(mapping)
    if scripts is not None and not isinstance(scripts, AnyMapping):
        return hooks_of(document, scripts)
    return hooks_of(document, scripts, _Pins(frozen.get("scripts", {})))


@dataclass(frozen=True)
class _Pin:
    id: str
    name: str
    content: str


class _Pins:
    """The scripts of a file of frozen examples, asked as those of an account."""

    def __init__(self, pinned: AnyMapping[str, AnyMapping[str, str]]) -> None:
        self._pinned = pinned

    def __getitem__(self, id: str) -> _Pin:
        found = self._pinned.get(id)
        if found is None:
            raise DocumentError(
                f"The script {id} was not frozen with the examples.", hint=f"Give it: scripts={{{id!r}: 'file.js'}}."
            )
        return _Pin(id, found["name"], found["content"])


def _mappings(frozen: Any, mapping: object) -> tuple[CompiledMapping, CompiledMapping]:
    """Compile the frozen mapping, which names the rules that were, and the one to check."""
    if mapping is None:
        compiled = compile_mapping(frozen)
        return compiled, compiled
    after = compile_mapping(document_of(mapping))
    try:
        return compile_mapping(frozen), after
    except DocumentError:
        # What an earlier version took may be refused today; the examples can be checked all the same.
        return after, after


def _read(path: Path) -> dict[str, Any]:
    try:
        frozen = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DocumentError(f"Cannot read the frozen examples {str(path)!r}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{str(path)!r} is not JSON: {error}.") from error
    if not isinstance(frozen, dict) or frozen.get("format") not in (_FORMAT, _WITH_SCRIPTS):
        raise DocumentError(f"{str(path)!r} holds no frozen examples of format {_FORMAT} or {_WITH_SCRIPTS}.")
    problems = list(_problems(frozen))
    if problems:
        raise DocumentError(f"{str(path)!r} holds damaged frozen examples: {problems[0]}.", problems=problems)
    return frozen


def _problems(frozen: dict[str, Any]) -> Iterator[Problem]:
    """Tell what a file of frozen examples lacks."""
    for name, kind in (("import", dict), ("now", str), ("varying", list), ("examples", list)):
        if not isinstance(frozen.get(name), kind):
            yield Problem("damaged", f"it must be {_NAMES[kind]}", name)
    yield from _script_problems(frozen)
    examples = frozen.get("examples")
    for place, example in enumerate(examples if isinstance(examples, list) else ()):
        if not isinstance(example, dict) or "record" not in example or ("mapped" in example) == ("error" in example):
            yield Problem("damaged", "it must have a record, and mapped or error", f"examples[{place}]")
        elif "error" in example and not _is_error(example["error"]):
            yield Problem("damaged", "it must have code, message and source", f"examples[{place}].error")
    try:
        datetime.fromisoformat(str(frozen.get("now")))
    except ValueError:
        yield Problem("damaged", "it must be a time in ISO 8601", "now")


def _script_problems(frozen: dict[str, Any]) -> Iterator[Problem]:
    scripts = frozen.get("scripts", {})
    if not isinstance(scripts, dict) or (frozen["format"] == _WITH_SCRIPTS) != ("scripts" in frozen):
        yield Problem("damaged", "it must be an object, and only of format 3", "scripts")
        return
    for id, pin in scripts.items():
        if not isinstance(pin, dict) or not all(isinstance(pin.get(key), str) for key in ("name", "digest", "content")):
            yield Problem("damaged", "it must have name, digest and content", f"scripts.{id}")
        elif ScriptSource(pin["name"], pin["content"]).digest != pin["digest"]:
            yield Problem("damaged", "its content is not that of its digest", f"scripts.{id}")


def _is_error(error: object) -> bool:
    return isinstance(error, dict) and all(isinstance(error.get(name), str) for name in ("code", "message", "source"))


def _example(record: object, output: object) -> dict[str, Any]:
    if not isinstance(output, MappingError):
        return {"record": record, "mapped": output}
    error = {"code": output.code, "message": output.message, "source": output.source}
    return {"record": record, "error": {**error, "problems": [problem.to_dict() for problem in output.problems]}}


def _revived(example: dict[str, Any]) -> Any:
    if "mapped" in example:
        return example["mapped"]
    error = example["error"]
    problems = problems_from_body({"errors": error.get("problems", [])})
    return MappingError(error["message"], code=error["code"], source=error["source"], problems=problems)


def digest(document: object) -> str:
    """Return a short digest of a document or of records, independent of the order of keys."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
