"""What the four widgets share: drawing a state, dispatching what the user does, and the forms without a browser."""

from __future__ import annotations

import inspect
import threading
import uuid
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import CeligoError
from celigo_pandas.forms.elements import Element, walk
from celigo_pandas.forms.state import FormState, NotKept
from celigo_pandas.forms.static import static_html, static_text
from celigo_pandas.forms.views.panel import Panel, register_stop

__all__ = ["FormView"]

# What may be pressed while something typed was not taken: it acts on no document, or gives the typed text up.
_PASSING = frozenset({"stop", "undo", "revert", "delete", "cancel", "pick", "previous_page", "next_page",
                      "next_failing"})  # fmt: skip
_GIVING_UP = frozenset({"undo", "revert"})

_OPEN: weakref.WeakValueDictionary[str, FormView] = weakref.WeakValueDictionary()


def _stop(form_id: str) -> None:
    form = _OPEN.get(form_id)
    if form is not None:
        form.state.stop()


class FormView(ABC):
    """A form in a notebook; shown as the last expression of a cell.

    A subclass gives :meth:`layout` and one public method for every button; what a field's id means is decided by
    :meth:`set_value`, :meth:`set_secret` and :meth:`pick_cell`.

    Parameters
    ----------
    state : FormState
        What the form holds; the widget only mirrors it.
    """

    def __init__(self, state: FormState) -> None:
        self.state = state
        self._form_id = uuid.uuid4().hex
        self._widget: Panel | None = None
        # What was typed and not taken stays in its field, with the reason; nothing typed is lost by an error. None
        # stands for text that may hold a secret: only the browser's own box has it.
        self._untaken: dict[str, tuple[Any, str]] = {}
        self._answered = ""
        self._handler: int | None = None
        _OPEN[self._form_id] = self
        # The state must not keep the form alive, nor the form be called once it is gone.
        me = weakref.ref(self)

        def redraw() -> None:
            form = me()
            if form is not None:
                form.redraw()

        state.subscribe(redraw)

    @abstractmethod
    def layout(self) -> Element:
        """Describe what the form shows now; each form has its own."""

    @property
    def widget(self) -> Panel:
        """The widget, made on first use."""
        if self._widget is None:
            register_stop(_stop)
            me = weakref.ref(self)

            def handle(message: dict[str, Any]) -> None:
                form = me()
                if form is not None:
                    form.handle(message)

            self._widget = Panel(handle, self._form_id)
            self.redraw()
        return self._widget

    @property
    def shown(self) -> Any:
        """What a cell displays: the widget, or several of them in a box."""
        return self.widget

    def redraw(self) -> None:
        """Send the layout to the browser, if there is a widget; the form calls it itself after each change.

        Examples
        --------
        >>> form = celigo.ConnectionForm(shop)
        >>> form.redraw()
        """
        widget = self._widget
        if widget is None or self._handler == threading.get_ident():
            return
        # The worker thread and the kernel's thread both come here.
        with self.state.lock:
            widget.tree = {**self._with_untaken(self.layout()), "answered": self._answered}

    def _with_untaken(self, layout: Element) -> Element:
        if not self._untaken:
            return layout
        shown = {element["id"]: element for element in walk(layout) if element["k"] == "field"}
        # What has no field any more cannot be mended there.
        self._untaken = {id: entry for id, entry in self._untaken.items() if id in shown}
        for id, (text, problem) in self._untaken.items():
            kept = {"keeps": True} if text is None else {"value": text}
            shown[id].update(problems=[*shown[id]["problems"], problem], **kept)
        for element in walk(layout):
            if element["k"] == "button" and element["action"] == "undo" and self._untaken:
                element["enabled"] = True
        return layout

    def handle(self, message: dict[str, Any]) -> None:
        """Act on one message of the browser; an error of it shows in the form and in the log.

        The form is drawn once, at the end, with the message's stamp: the browser then knows what this is the answer to.

        Parameters
        ----------
        message : dict
            ``event`` (``set``, ``secret``, ``press`` or ``cell``) and what belongs to it.

        Examples
        --------
        >>> form = celigo.ConnectionForm(client)
        >>> form.handle({"event": "set", "id": "name", "value": "Orders API"})
        >>> form.doc["name"]
        'Orders API'
        """
        self._handler = threading.get_ident()
        try:
            with self.state.reporting():
                self._act(message)
        finally:
            self._handler = None
            self._answered = str(message.get("stamp", ""))
        self.redraw()

    def _act(self, message: dict[str, Any]) -> None:
        event = message.get("event")
        if event == "press":
            self._press(str(message.get("action")), message.get("argument"))
        elif event == "set":
            self._set(str(message["id"]), message["value"])
        elif event == "secret":
            self.set_secret(str(message["id"]), Secret(str(message.pop("value"))))
        elif event == "cell":
            self.pick_cell(str(message["id"]), message["row"], int(message["column"]))

    def _set(self, id: str, value: object) -> None:
        self._untaken.pop(id, None)
        try:
            self.set_value(id, value)
        except Exception as error:
            text = None if isinstance(error, NotKept) else value
            self._untaken[id] = (text, getattr(error, "message", None) or str(error))
            raise

    def _press(self, action: str, argument: object) -> None:
        if action not in _PASSING:
            self._refuse_untaken()
        elif action in _GIVING_UP and self._untaken:
            self._untaken.clear()
            self.state.notices = ()
            if action == "undo":
                return
        method = None if action.startswith("_") else getattr(self, action, None)
        if not callable(method):
            raise CeligoError(f"This form has no action {action!r}.")
        arguments = [] if argument is None else [argument]
        waits = "wait" in inspect.signature(method).parameters
        method(*arguments, **({"wait": False} if waits else {}))

    def _refuse_untaken(self) -> None:
        if self._untaken:
            raise CeligoError(
                "Something typed could not be taken; nothing was done.",
                hint="It is marked at its field: mend it, or press Undo to drop it.",
            )

    def run(self, action: Callable[[], None], wait: bool) -> None:
        """Start an action; with `wait`, wait for its end and raise what went wrong. The methods of the buttons call it.

        Ctrl-C while waiting stops the action.

        Parameters
        ----------
        action : callable
            Starts the action; a method of ``form.state``.
        wait : bool
            Whether to wait.

        Examples
        --------
        >>> form = celigo.ConnectionForm(shop)
        >>> form.run(form.state.ping, wait=True)
        >>> form.state.last_ping
        <PingResult ok>
        """
        self.state.last_error = None
        action()
        if not wait:
            return
        try:
            self.state.wait()
        except KeyboardInterrupt:
            self.state.stop()
            raise
        if self.state.last_error is not None:
            raise self.state.last_error

    def set_value(self, id: str, value: object) -> None:
        """Take over what was typed or chosen in a field; each form has its own."""
        raise NotImplementedError

    def set_secret(self, id: str, secret: Secret) -> None:
        """Take over what was typed into a secret field; a form that has none refuses it.

        Parameters
        ----------
        id : str
            Id of the field in the layout.
        secret : Secret
            What was typed.

        Examples
        --------
        >>> celigo.ExportForm(shop).set_secret("http.auth.token", "s3cret")
        Traceback (most recent call last):
            ...
        celigo_pandas.errors.CeligoError: This form takes no secret for 'http.auth.token'.
        """
        raise CeligoError(f"This form takes no secret for {id!r}.")

    def pick_cell(self, id: str, row: object, column: int) -> None:  # noqa: B027 - most forms have no such table
        """Act on a click on a cell of a table; a form without such a table does nothing.

        Parameters
        ----------
        id : str
            Id of the table in the layout.
        row : object
            What the row stands for.
        column : int
            Place of the column.

        Examples
        --------
        >>> celigo.ExportForm(shop).pick_cell("preview", 0, 1)
        """

    def stop(self) -> None:
        """Stop the running action; it ends within one request.

        Examples
        --------
        >>> form = celigo.ConnectionForm(shop)
        >>> form.ping(wait=False)
        >>> form.stop()
        >>> form.wait()
        True
        """
        self.state.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the running action; for scripts and tests.

        Parameters
        ----------
        timeout_s : float, optional
            Seconds to wait at most; without it, until the end.

        Returns
        -------
        bool
            Whether nothing runs any more.

        Examples
        --------
        >>> form = celigo.ConnectionForm(shop)
        >>> form.ping(wait=False)
        >>> form.wait()
        True
        """
        return self.state.wait(timeout_s)

    def close(self) -> None:
        """Stop what runs and remove the widget; shown again, the form lives again.

        Examples
        --------
        >>> form = celigo.ConnectionForm(shop)
        >>> form.close()
        """
        self.state.close()
        if self._widget is not None:
            self._widget.close()
            self._widget = None

    def __repr__(self) -> str:
        return static_text(self.layout())

    def _repr_html_(self) -> str:
        return str(static_html(self.layout()))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        shown = self.shown._repr_mimebundle_(**options)
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        return {**(data or {}), "text/html": self._repr_html_(), "text/plain": repr(self)}, metadata
