"""One widget that draws a layout in the browser and hands back what the user does.

A stock widget will not do here: a password box keeps its text in a synced trait, a form of sixty fields is some two
hundred models, and a table of stock widgets has no cells to click. This one has a single synced layout without any
secret, and messages.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from comm import get_comm_manager

__all__ = ["STOP_TARGET", "Panel", "register_stop"]

_HERE = Path(__file__).parent

STOP_TARGET = "celigo_pandas.stop"
"""Name under which the browser opens a comm in a subshell to stop an action while a cell runs."""


class Panel(anywidget.AnyWidget):  # type: ignore[misc]
    """The widget; ``tree`` is one element tree of :mod:`celigo_pandas.forms.elements`.

    Parameters
    ----------
    on_event : callable
        Gets each message of the browser: ``{"event": "set" | "secret" | "press" | "cell", …}``.
    form_id : str
        What a Stop message names.
    """

    # One module: what a notebook saves of a widget is one text, and nothing may be fetched.
    _esm = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("code_field.js", "panel.js"))
    _css = _HERE / "panel.css"
    tree = traitlets.Dict({}).tag(sync=True)
    form_id = traitlets.Unicode("").tag(sync=True)

    def __init__(self, on_event: Callable[[dict[str, Any]], None], form_id: str, **more: Any) -> None:
        super().__init__(form_id=form_id, **more)
        self.on_msg(lambda widget, content, buffers: on_event(content))


def register_stop(stop: Callable[[str], None]) -> None:
    """Have `stop` called with a form's id when the browser asks for it, on the thread of the kernel's subshell."""

    def opened(comm: Any, message: dict[str, Any]) -> None:
        data = message.get("content", {}).get("data", {})
        stop(str(data.get("form", "")))
        comm.close()

    get_comm_manager().register_target(STOP_TARGET, opened)
