"""Progress of a pull or a push: a bar, a line of text, or a function of the caller's.

A bar never warns or hangs: whatever goes wrong while it is drawn switches the drawing off, and the work goes on. Only
what ends a program (Ctrl-C, ``sys.exit``) and what a time limit's signal raises (``TimeoutError``) go through it. A
function of the caller's ends the work by what it raises.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, TypeAlias

from celigo_pandas.documents.environment import setting as from_environment
from celigo_pandas.errors import ConfigError, shown

__all__ = ["Progress", "ProgressSetting", "check_progress", "open_progress"]

ProgressSetting: TypeAlias = str | bool | Callable[[int, int | None], Any] | None

_SETTINGS = ("auto", "notebook", "text")
_INTERVAL_S = 0.1


@contextmanager
def _drawing() -> Iterator[None]:
    """Pass over what a widget or a stream fails with, and not over a time limit's signal that comes meanwhile."""
    try:
        yield
    except (TimeoutError, MemoryError):
        raise
    except Exception:  # a bar that cannot be drawn is no reason to lose a pull; callables of users pass elsewhere
        return


class Progress:
    """What is shown; use it as a context manager.

    Parameters
    ----------
    draw : callable or None
        Takes the rows done and the rows in total (None while unknown); called at most ten times a second.
    close : callable
        Ends the drawing.
    is_callers : bool
        Whether `draw` is a function of the caller's, whose failure ends the work.

    Attributes
    ----------
    failure : BaseException or None
        What a function of the caller's raised.
    """

    def __init__(
        self,
        draw: Callable[[int, int | None], Any] | None = None,
        close: Callable[[], Any] = lambda: None,
        *,
        is_callers: bool = False,
    ) -> None:
        self._draw = draw
        self._close = close
        self._is_callers = is_callers
        self.failure: BaseException | None = None
        self._due = 0.0
        self._last: tuple[int, int | None] | None = None

    def show(self, done: int, total: int | None = None) -> None:
        """Show how far the work is."""
        self.note(done, total)
        now = time.monotonic()
        if now >= self._due:
            self._due = now + _INTERVAL_S
            self._flush()

    def note(self, done: int, total: int | None = None) -> None:
        """Know how far the work is; it is drawn with the next state, or at the end."""
        self._last = (done, total)

    def _flush(self) -> None:
        if self._draw is not None and self._last is not None:
            last, self._last = self._last, None
            draw, self._draw = self._draw, None  # once it has failed it is not called again
            if self._is_callers:
                try:
                    draw(*last)
                except BaseException as error:
                    self.failure = error
                    raise
                self._draw = draw
            else:
                with _drawing():
                    draw(*last)
                    self._draw = draw

    def close(self) -> None:
        """Show the last state and end."""
        try:
            self._flush()
        finally:
            self._draw = None
            close, self._close = self._close, lambda: None
            with _drawing():
                close()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            with suppress(Exception):  # what ended the work goes on, not what showing its last state leads to
                self._flush()
        self.close()


def check_progress(setting: ProgressSetting) -> None:
    """Refuse a setting that :func:`open_progress` would refuse, before anything needs it."""
    if not (setting is None or isinstance(setting, bool) or callable(setting) or setting in _SETTINGS):
        raise ConfigError(f"progress: got {shown(setting)}; expected 'auto', 'notebook', 'text', False or a function.")


def open_progress(
    setting: ProgressSetting, *, description: str, unit: str = "rows", position: int | None = None
) -> Progress:
    """Open a progress display.

    Parameters
    ----------
    setting : {None, "auto", "notebook", "text", False, True} or callable
        ``None`` and ``"auto"`` take what ``CELIGO_PANDAS_PROGRESS`` says, else a widget in a notebook, a bar where the
        standard error stream is a terminal, else nothing. A callable gets ``(rows_done, rows_total_or_None)``, and
        what it raises ends the work.
    description : str
        Stands before the bar.
    unit : str
        What is counted.
    position : int, optional
        Line of the bar, when there are several.

    Returns
    -------
    Progress

    Raises
    ------
    ConfigError
        `setting` is none of these.
    """
    check_progress(setting)
    if setting is None or setting == "auto":
        setting = _from_environment()
    if callable(setting):
        return Progress(setting, is_callers=True)
    if setting is False:
        return Progress()
    if setting is True:
        setting = "auto"
    kind = _detected() if setting == "auto" else setting
    if kind is None:
        return Progress()
    bar = Progress()
    with _drawing():  # no widgets, no stream: work without a bar
        bar = _bar(kind, description, unit, position)
    return bar


def _from_environment() -> ProgressSetting:
    text = (from_environment("CELIGO_PANDAS_PROGRESS") or "").strip().lower()
    if text in ("0", "false", "off", "no", "none"):
        return False
    return text if text in _SETTINGS else "auto"


def _detected() -> str | None:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None and getattr(shell, "kernel", None) is not None:
        return "notebook"
    try:
        return "text" if sys.stderr.isatty() else None
    except (AttributeError, ValueError):
        return None


def _bar(kind: str, description: str, unit: str, position: int | None) -> Progress:
    options: dict[str, Any] = {"desc": description, "unit": f" {unit}", "unit_scale": True, "leave": False}
    if kind == "notebook":
        bar, end = _notebook_bar(options)
    else:
        bar, end = _text_bar({**options, "position": position, "dynamic_ncols": True, "mininterval": 0})
    began = time.monotonic()

    def draw(done: int, total: int | None) -> None:
        if total is not None and total >= done and bar.total != total:
            bar.total = total
            if hasattr(bar, "container"):
                bar.reset(total)
        elif bar.total is not None and done > bar.total:
            bar.total = None
        bar.update(done - bar.n)

    def close() -> None:
        title = f"{description}: " if position is not None else ""
        line = f"{title}{bar.n:,} {unit} in {time.monotonic() - began:.1f} s"
        bar.close()
        end(line)

    return Progress(draw, close)


def _text_bar(options: dict[str, Any]) -> tuple[Any, Callable[[str], None]]:
    """Make a bar of text, and what puts a line in its place: other bars stay where they are."""
    from tqdm import tqdm

    return tqdm(total=None, **options), lambda line: tqdm.write(line, file=sys.stderr)


def _notebook_bar(options: dict[str, Any]) -> tuple[Any, Callable[[str], None]]:
    """Make a widget for a bar, and what puts a line in its place: in a saved notebook no widget lives."""
    try:
        from IPython.display import display
        from tqdm.notebook import tqdm
    except ImportError:
        return _text_bar(options)
    bar = tqdm(total=None, display=False, **options)
    shown = display(bar.container, display_id=True)
    bar.displayed = True
    if shown is None:  # no kernel takes what is displayed
        return bar, lambda line: print(line)  # noqa: T201 - it is what a notebook shows
    return bar, lambda line: shown.update({"text/plain": line}, raw=True)
