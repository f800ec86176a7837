"""What every form is underneath: values and what is wrong with them, and nothing of any toolkit.

A state changes only through its methods, and says so to whoever subscribed. Errors never leave it silently: they
become a :class:`Notice` in the form and a line in the log.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from celigo_pandas.errors import CeligoError, DocumentError
from celigo_pandas.forms.work import Outcome, Task, Worker

__all__ = ["FormState", "History", "NotKept", "Notice"]

log = logging.getLogger("celigo_pandas.forms")

T = TypeVar("T")


class NotKept(DocumentError):
    """What was typed may hold a secret: it was not taken, and nothing of it may be kept or shown again."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message of a form: what happened and what to do next."""

    level: Literal["info", "good", "warning", "error"]
    text: str
    hint: str = ""


class History(Generic[T]):
    """Undo and redo over whole values; a value is never changed once it is in here.

    Parameters
    ----------
    value : T
        The value now.
    limit : int, default 200
        Steps kept.
    """

    def __init__(self, value: T, limit: int = 200) -> None:
        self._past: list[T] = []
        self._future: list[T] = []
        self._limit = limit
        self.now = value

    def push(self, value: T) -> None:
        """Make `value` the one now; what had been undone is gone."""
        self._past = [*self._past[-self._limit + 1 :], self.now]
        self._future = []
        self.now = value

    def undo(self) -> bool:
        """Go one step back; False at the beginning."""
        if not self._past:
            return False
        self._future.append(self.now)
        self.now = self._past.pop()
        return True

    def redo(self) -> bool:
        """Take back one undo; False when there is none."""
        if not self._future:
            return False
        self._past.append(self.now)
        self.now = self._future.pop()
        return True

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to go back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone step."""
        return bool(self._future)


class FormState:
    """Base of the states: notices, listeners, and one worker thread for long actions."""

    title = "Form"
    marks_problems = False
    """Whether the problems of a document are marked at their fields, and so not listed beside the error."""

    def __init__(self) -> None:
        self.notices: tuple[Notice, ...] = ()
        self.last_error: BaseException | None = None
        self.progress: tuple[int, int | None] = (0, None)
        self.progress_note = ""
        self.worker = Worker()
        self.lock = threading.RLock()
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each change, from whichever thread made it; returns a function that ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def changed(self) -> None:
        """Tell the listeners."""
        for listener in tuple(self._listeners):
            listener()

    def say(self, level: Literal["info", "good", "warning", "error"], text: str, hint: str = "") -> None:
        """Show one message in place of the last ones."""
        self.notices = (Notice(level, text, hint),)
        self.changed()

    def report(self, error: BaseException) -> None:
        """Show an error with its hint and its single problems, and log it.

        The log's line has the message only: a traceback could show the values of local variables.
        """
        self.last_error = error
        text = getattr(error, "message", None) or str(error) or type(error).__name__
        hint = getattr(error, "hint", None) or ""
        is_ours = isinstance(error, CeligoError)
        listed = error.problems if isinstance(error, CeligoError) else ()
        notices = [Notice("error", text if is_ours else f"{type(error).__name__}: {text}", hint)]
        notices += [Notice("error", str(problem)) for problem in listed
                    if problem.message not in text and not (self.marks_problems and problem.field)]  # fmt: skip
        self.notices = tuple(notices)
        log.error("%s: %s: %s", self.title, type(error).__name__, text)
        self.changed()

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Turn an error of a handler into a notice."""
        try:
            yield
        except Exception as error:
            self.report(error)

    @property
    def busy(self) -> str:
        """Name of the action that runs now, or empty text."""
        return self.worker.running

    @property
    def actions(self) -> dict[str, bool]:
        """Names of the form's buttons and whether each can be pressed now."""
        return {"stop": bool(self.busy)}

    @property
    def stopping(self) -> bool:
        """Whether the running action was asked to end."""
        return self.worker.stopping

    @property
    def api(self) -> Any:
        """The low-level client whose requests Stop ends, or None where nothing is sent."""
        return None

    def stop(self) -> None:
        """Ask the running action to end: a request that is on its way is waited for, no other is sent."""
        self.worker.stop()
        self.changed()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the running action, at most `timeout_s` seconds; True when none runs.

        For scripts and tests. Never call it in a notebook while you expect clicks: they wait for the cell.
        """
        return self.worker.wait(timeout_s)

    def close(self) -> None:
        """Stop what runs."""
        self.worker.stop()

    def refuse_busy(self) -> None:
        """Raise :class:`CeligoError` while something runs."""
        if self.busy:
            raise CeligoError(f"{self.busy} is still running.", hint="Wait for it, or press Stop.")

    def run_long(self, name: str, run: Callable[[Task], Any], done: Callable[[Any], None]) -> None:
        """Run something on the form's thread.

        Parameters
        ----------
        name : str
            What the form shows while it runs.
        run : callable
            Gets the :class:`~celigo_pandas.forms.work.Task`; its value goes to `done`.
        done : callable
            Called on the worker thread with the value; errors of both are reported in the form.

        Raises
        ------
        CeligoError
            Something runs already.
        """
        self.refuse_busy()

        def stoppable(task: Task) -> object:
            api = self.api
            with nullcontext() if api is None else api.stopping(task.stop_event):
                return run(task)

        def finished(outcome: Outcome) -> None:
            if outcome.stopped:
                self.say("warning", f"{name} was stopped.", getattr(outcome.error, "message", ""))
            elif outcome.error is not None:
                self.report(outcome.error)
            else:
                with self.reporting():
                    done(outcome.value)
            self.changed()

        def show(done_so_far: int, total: int | None, note: str) -> None:
            self.progress, self.progress_note = (done_so_far, total), note
            self.changed()

        self.progress, self.progress_note, self.notices, self.last_error = (0, None), "", (), None
        self.worker.start(name, stoppable, finished, show)
        self.changed()
