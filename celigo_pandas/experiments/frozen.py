"""Frozen examples: records with what a mapping made of them, in a file that a later mapping is checked against."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from celigo_pandas.errors import DocumentError, MappingError
from celigo_pandas.experiments.documents import document_of
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping import compile_mapping
from celigo_pandas.mapping.diff import compare_outputs, rule_of

__all__ = ["check_frozen", "digest", "freeze", "shown_output"]

_FORMAT = 1
_FAILED = "__error__"


def freeze(document: dict[str, Any], records: list[Any], path: str | os.PathLike[str]) -> int:
    """Write records, what `document` makes of each, and the document; return how many examples were written.

    Records that are the same are written once. The file is plain JSON, made to be kept under version control.
    """
    compiled = compile_mapping(document)
    unique = list({json.dumps(record, sort_keys=True, default=str): record for record in records}.values())
    outputs = [_plain(output) for output in compiled.evaluate(unique)]
    frozen = {
        "format": _FORMAT,
        "digest": digest(document),
        "import": document,
        "examples": [{"record": record, "mapped": output} for record, output in zip(unique, outputs, strict=True)],
    }
    target = Path(path)
    unfinished = target.with_name(target.name + ".unfinished")
    unfinished.write_text(json.dumps(frozen, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(unfinished, target)
    return len(unique)


def check_frozen(path: str | os.PathLike[str], mapping: Any = None) -> pd.DataFrame:
    """Map the frozen records again and compare with what was frozen.

    Parameters
    ----------
    path : path
        File that :meth:`celigo_pandas.Mapping.freeze` wrote.
    mapping : Mapping or import document, optional
        What to check; by default the document in the file, which shows a change of this package, not of the rules.

    Returns
    -------
    DataFrame
        One row per cell that differs: ``example`` (its position), ``cell``, ``rule``, ``expected``, ``got``. Empty
        when nothing changed.

    Raises
    ------
    DocumentError
        The file is none of these, or the mapping cannot be compiled.
    """
    frozen = _read(Path(path))
    examples = frozen["examples"]
    compiled = compile_mapping(frozen["import"] if mapping is None else document_of(mapping))
    got = compiled.evaluate([example["record"] for example in examples])
    expected = [_revived(example["mapped"]) for example in examples]
    rows = [
        {
            "example": change.position,
            "cell": change.cell,
            "rule": getattr(rule_of(compiled, change.cell), "path", None),
            "expected": shown_output(change.before),
            "got": shown_output(change.after),
        }
        for change in compare_outputs(compiled, compiled, expected, got).changes
    ]
    return pd.DataFrame(rows, columns=["example", "cell", "rule", "expected", "got"])


def shown_output(value: Any) -> Any:
    """Show an output in a table: an absent value and a failure as text, everything else as it is."""
    if value is UNDEFINED:
        return "(left out)"
    return f"(fails: {value.message})" if isinstance(value, MappingError) else value


def _read(path: Path) -> dict[str, Any]:
    try:
        frozen = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DocumentError(f"Cannot read the frozen examples {str(path)!r}: {error.strerror}.") from error
    except ValueError as error:
        raise DocumentError(f"{str(path)!r} is not JSON: {error}.") from error
    if not isinstance(frozen, dict) or frozen.get("format") != _FORMAT or not isinstance(frozen.get("examples"), list):
        raise DocumentError(f"{str(path)!r} holds no frozen examples of format {_FORMAT}.")
    return frozen


def _plain(output: Any) -> Any:
    if isinstance(output, MappingError):
        return {_FAILED: {"code": output.code, "message": output.message, "source": output.source}}
    return output


def _revived(output: Any) -> Any:
    if isinstance(output, dict) and set(output) == {_FAILED}:
        return MappingError(output[_FAILED]["message"], code=output[_FAILED]["code"], source=output[_FAILED]["source"])
    return output


def digest(document: Any) -> str:
    """Return a short digest of a document or of records, independent of the order of keys."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
