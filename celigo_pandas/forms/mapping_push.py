"""The way of mapped rows to their target: brakes, what would be sent, the push, its retry. No toolkit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from celigo_pandas.errors import CeligoError, ConfigError, DocumentError, Problem, PushCancelled
from celigo_pandas.forms.export_state import stopping_progress
from celigo_pandas.forms.mapping_planning import Planning
from celigo_pandas.forms.state import FormState
from celigo_pandas.forms.work import Stopped, Task

__all__ = ["PushPart"]


class PushPart(FormState, ABC):
    """The half of a MappingEditor's state that sends.

    Parameters
    ----------
    df : DataFrame
        The rows. Not modified.
    con : Connection, optional
        Where they go.
    planning : Planning, optional
        What is at the destination, and the key.

    Attributes
    ----------
    push_options : dict
        ``batch_size``, ``first``, ``max_failures``.
    push_preview : PushPreview or None
        What *Send* would send.
    planning : Planning
        What *Plan* needs to know.
    shown_plan : ImportPlan or None
        What a push would change; *Push plan* sends it.
    result : ImportResult or None
        Of the last push or retry.
    """

    problems: tuple[Problem, ...] = ()
    stale = False

    def __init__(self, df: Any, con: Any = None, planning: Planning | None = None) -> None:
        super().__init__()
        self.df = df
        self.connection = con
        self.push_options: dict[str, Any] = {"batch_size": 100, "first": 5, "max_failures": None}
        self.push_preview: Any = None
        self.planning = planning or Planning()
        self.shown_plan: Any = None
        self.result: Any = None
        self._pushed_doc: dict[str, Any] | None = None
        self._progress: Callable[[int, int | None], None] = lambda done, total: None

    @property
    def api(self) -> Any:
        """The low-level client of the connection, if there is one."""
        return None if self.connection is None else self.connection.client.api

    @property
    @abstractmethod
    def import_doc(self) -> dict[str, Any]:
        """The document that is sent; the editor's state, which this is a part of, says which."""

    def set_push_option(self, name: str, value: object) -> None:
        """Set ``batch_size``, ``first`` or ``max_failures``."""
        text = str(value).strip() if value is not None else ""
        if name not in self.push_options:
            raise ConfigError(f"There is no push option {name!r} here.")
        if not text and name == "max_failures":
            self.push_options[name] = None
        elif text.isdecimal() and (int(text) > 0 or name != "batch_size"):
            self.push_options[name] = int(text)
        else:
            raise ConfigError(f"{name}: got {text!r}; expected a whole number.")
        self.changed()

    def set_planning(self, name: str, value: object) -> None:
        """Set ``current`` or ``key`` of a plan."""
        self.planning.set(name, value)
        self.drop_shown()
        self.changed()

    def drop_shown(self) -> None:
        """Forget what a push was shown to do: something it depends on is another now."""
        self.push_preview = self.shown_plan = None

    def plan(self) -> None:
        """Show what a push would create, update and leave alone; :meth:`push_plan` sends it."""
        connection = self.connected("Plan")
        self._refuse_problems()
        current, key = self.planning.read(connection.client)
        doc, frame = self.import_doc, self.df

        def done(plan: Any) -> None:
            if not self._is_still(doc):
                return
            self.push_preview, self.shown_plan = None, plan
            self.say("info", plan.summary())

        def run(task: Task) -> Any:
            return connection.plan_import(frame, doc, current=current, key=key, progress=stopping_progress(task))

        self.run_long("Plan", run, done)

    def push_plan(self) -> None:
        """Send what the plan would create and update; Stop keeps the outcomes so far."""
        plan = self.shown_plan
        if plan is None:
            raise ConfigError("Nothing was planned yet.", hint="Press Plan first: it shows what a push would change.")
        self.drop_shown()
        self._pushed_doc = self.import_doc
        self._send("Push", lambda **more: plan.push(**self._options(), **more))

    def push(self) -> None:
        """Show what a push would send and where to; :meth:`send` sends it."""
        connection = self.connected("Push")
        self._refuse_problems()
        doc, frame, options = self.import_doc, self.df, self._options()

        def done(shown: Any) -> None:
            if not self._is_still(doc):
                return
            self.push_preview, self.shown_plan = shown, None
            self.say("warning", f"{len(frame):,} rows would go to {shown.target}. Press Send to send them.")

        self.run_long("Push", lambda task: connection.to_import(frame, doc, preview=True, **options), done)

    def _is_still(self, doc: dict[str, Any]) -> bool:
        """Whether the rules are those that an action began with; says so where they are not."""
        if self.import_doc == doc:
            return True
        self.say("warning", "The rules were edited meanwhile; what was found is about the rules before.",
                 "Press it once more.")  # fmt: skip
        return False

    def send(self) -> None:
        """Send the rows that the preview of :meth:`push` showed; Stop keeps the outcomes so far."""
        if self.push_preview is None:
            raise ConfigError("Nothing was shown yet.", hint="Press Push first: it shows what would be sent.")
        connection, doc = self.connected("Push"), self.import_doc
        self.drop_shown()
        self._pushed_doc = doc
        self._send("Push", lambda **more: connection.to_import(self.df, doc, **self._options(), **more))

    def cancel(self) -> None:
        """Drop the preview of a push, or its plan; nothing is sent."""
        self.drop_shown()
        self.say("info", "Nothing was sent.")

    def retry_failed(self) -> None:
        """Send the rows that failed or were not sent again.

        With the rules they were sent with, the result is over all rows; after an edit they are sent with the rules as
        they are now, and the result is over these rows.
        """
        last = self.result
        if last is None:
            raise ConfigError("Nothing was pushed yet.")
        doc = self.import_doc
        if doc == self._pushed_doc:
            self._send("Retry", lambda **more: last.retry())
            return
        self._refuse_problems()
        connection = self.connected("Push")
        due = last.frame["outcome"].isin(["failed", "not_sent"]).to_numpy()
        rows = last.join()[list(self.df.columns)][due]
        rows.attrs.update(self.df.attrs)
        self._pushed_doc = doc
        options = {**self._options(), "first": 0}
        self._send("Retry", lambda **more: connection.to_import(rows, doc, **options, **more))

    def _send(self, name: str, send: Callable[..., Any]) -> None:
        def run(task: Task) -> Any:
            # A retry uses the progress function of its push: it must find the task of now.
            self._progress = stopping_progress(task)
            try:
                return send(progress=self._show)
            except PushCancelled as stopped:
                if not task.stop_requested:
                    raise
                self.result = stopped.result
                raise Stopped from None
            except CeligoError:
                # Outcomes of the rows that had been answered are kept by the client.
                self.result = getattr(self.connection.client, "last_push", None) or self.result
                raise

        def done(result: Any) -> None:
            self.result = result
            counts = result.counts
            bad = counts.get("failed", 0) + counts.get("unknown", 0) + counts.get("not_sent", 0)
            self.say("warning" if bad else "good", result.summary())

        self.run_long(name, run, done)

    def _show(self, done: int, total: int | None) -> None:
        self._progress(done, total)

    def _options(self) -> dict[str, Any]:
        return dict(self.push_options)

    def connected(self, what: str) -> Any:
        """Return the connection; raises :class:`ConfigError` where there is none."""
        if self.connection is None:
            raise ConfigError(f"{what} needs a connection.", hint="Open the editor with con=client.connections['…'].")
        return self.connection

    def _refuse_problems(self) -> None:
        if self.stale or self.problems:
            raise DocumentError("The rules have problems; nothing was sent.", hint="Each is marked at its rule.",
                                problems=self.problems)  # fmt: skip

    @property
    def can_retry(self) -> bool:
        """Whether the last push left rows to send again."""
        counts = self.result.counts if self.result is not None else {}
        return bool(counts.get("failed", 0) + counts.get("not_sent", 0))
