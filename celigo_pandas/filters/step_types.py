"""What a filter or a transform is: rules, or a script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.errors import shown

__all__ = ["unread_step"]


def unread_step(step: Mapping[str, Any]) -> str | None:
    """Say why a filter or a transform is neither rules nor a script, so that it would do nothing; None where it is.

    Examples
    --------
    >>> unread_step({"type": "Script"})
    "type is 'Script'; expected 'expression' or 'script'."
    """
    kind, script = step.get("type"), step.get("script")
    if kind and kind not in ("expression", "script"):
        return f"type is {shown(kind)}; expected 'expression' or 'script'."
    if not kind and isinstance(script, Mapping) and script.get("_scriptId"):
        return "It names a script and has no type; expected type 'script'."
    return None
