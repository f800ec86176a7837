"""The Explorer of a notebook."""

from __future__ import annotations

import weakref
from typing import Any

import ipywidgets

from celigo_pandas.forms.elements import Element
from celigo_pandas.forms.explorer_layout import explorer_layout
from celigo_pandas.forms.explorer_state import ExplorerState
from celigo_pandas.forms.views.arguments import need_client
from celigo_pandas.forms.views.connection_form import ConnectionForm
from celigo_pandas.forms.views.form import FormView

__all__ = ["Explorer"]

_FIRST_LOOK_S = 3.0


class Explorer(FormView):
    """Look through the connections of an account: type, ping light, offline mark, last change, search.

    A click on a connection shows what uses it, who changed it and its debug log, and opens its form below.

    Parameters
    ----------
    client : Client
        Whose account is shown.

    Attributes
    ----------
    form : ConnectionForm or None
        Of the connection that was clicked last.

    Notes
    -----
    Requests: the list when it is made (beside the kernel); one per ping; three per click, and more where the audit
    log has several pages.

    Examples
    --------
    >>> explorer = celigo.Explorer(client)
    >>> explorer.wait()
    True
    """

    state: ExplorerState

    def __init__(self, client: object) -> None:
        need_client("Explorer", client)
        super().__init__(ExplorerState(client))
        self.form: ConnectionForm | None = None
        self._box: ipywidgets.VBox | None = None
        self._giving_up: str | None = None
        me = weakref.ref(self)

        def follow() -> None:
            explorer = me()
            if explorer is not None:
                explorer._follow_list()

        self.state.subscribe(follow)
        self.state.refresh()

    def layout(self) -> Element:
        """Describe what the explorer shows now; the widget, the HTML and the text are drawn from it.

        Returns
        -------
        Element
            The root of a tree of plain dicts.

        Examples
        --------
        >>> explorer = celigo.Explorer(client)
        >>> explorer.wait()
        True
        >>> explorer.layout()["k"]
        'box'
        """
        return explorer_layout(self.state)

    @property
    def shown(self) -> Any:
        """The explorer and, below it, the form of the connection that was clicked."""
        if self._box is None:
            self._box = ipywidgets.VBox([self.widget])
            self._show_form()
        return self._box

    def _show_form(self) -> None:
        if self._box is not None:
            self._box.children = [self.widget] if self.form is None else [self.widget, self.form.widget]

    def set_value(self, id: str, value: object) -> None:
        """Take over what was typed into the search field of the browser; from code, use :meth:`search`.

        Parameters
        ----------
        id : str
            ``search``; any other is passed over.
        value : object
            What was typed.

        Examples
        --------
        >>> explorer = celigo.Explorer(client)
        >>> explorer.wait()
        True
        >>> explorer.set_value("search", "desk")
        >>> [con.name for con in explorer.state.found]
        ['Delay desk']
        """
        if id == "search":
            self.state.set_search(str(value))

    def search(self, text: str) -> None:
        """Show only the connections that hold these words.

        Parameters
        ----------
        text : str
            Words of names, types, ids and hosts, in any order; empty shows all.

        Examples
        --------
        >>> explorer = celigo.Explorer(client)
        >>> explorer.wait()
        True
        >>> explorer.search("desk")
        >>> [con.name for con in explorer.state.found]
        ['Delay desk']
        """
        self.state.set_search(text)

    def pick_cell(self, id: str, row: object, column: int) -> None:
        """Act on a click on a line of the list, beside the kernel; from code, use :meth:`pick`.

        Parameters
        ----------
        id : str
            ``connections``; any other table is passed over.
        row : str
            Id of the connection.
        column : int
            Place of the column; all do the same.

        Examples
        --------
        >>> explorer = celigo.Explorer(client)
        >>> explorer.wait()
        True
        >>> explorer.pick_cell("connections", desk.id, 0)
        >>> explorer.wait()
        True
        >>> explorer.form.connection.name
        'Delay desk'
        """
        if id == "connections":
            self.pick(str(row), wait=False)

    def pick(self, connection_id: str, wait: bool = True) -> None:
        """Show what is known about a connection and open its form.

        Where the open form holds edits that are not saved, the first call says so and the second gives them up.

        Parameters
        ----------
        connection_id : str
            Id of a connection of the list.
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Examples
        --------
        >>> explorer = celigo.Explorer(client)
        >>> explorer.wait()
        True
        >>> explorer.pick(desk.id)
        >>> explorer.form.connection.name
        'Delay desk'
        """
        if self._keeps_edits(connection_id):
            return
        self.run(lambda: self.state.pick(connection_id), wait)
        self.open_form()

    def _keeps_edits(self, connection_id: str) -> bool:
        asked, self._giving_up = self._giving_up, None
        form = self.form
        if form is None or form.connection.id == connection_id or form.state.deleted:
            return False
        form.state.refuse_busy()
        if not form.state.dirty or asked == connection_id:
            return False
        self.state.refuse_busy()
        self._giving_up = connection_id
        self.state.say("warning", f"The form of {form.connection.name!r} holds edits that are not saved.",
                       "Save them, or click the other connection once more to give them up.")  # fmt: skip
        return True

    def open_form(self) -> Any:
        """Open the form of the picked connection, if it is not open.

        Returns
        -------
        ConnectionForm or None
            The form; None when nothing was picked.

        Examples
        --------
        >>> explorer = celigo.Explorer(client)
        >>> explorer.wait()
        True
        >>> explorer.pick(desk.id)
        >>> explorer.open_form() is explorer.form
        True
        """
        connection = self.state.connection
        if connection is not None and (self.form is None or self.form.connection.id != connection.id):
            self._close_form()
            self.form = form = ConnectionForm(connection)
            seen = [form.state.stored]
            me = weakref.ref(self)

            def follow() -> None:
                explorer = me()
                if explorer is None or explorer.form is not form:
                    return
                if form.state.deleted:
                    explorer.state.forget(form.connection.id)
                elif form.state.stored is not seen[0]:
                    seen[0] = form.state.stored
                    explorer.state.renew(form.connection)

            form.state.subscribe(follow)
            self._show_form()
        return self.form

    def _close_form(self) -> None:
        form, self.form = self.form, None
        if form is not None:
            self._show_form()
            form.close()

    def _follow_list(self) -> None:
        """Close the form of a connection that is in the list no more."""
        form = self.form
        if form is None or not self.state.loaded or self.state.busy:
            return
        if all(con.id != form.connection.id for con in self.state.connections):
            self._close_form()
            self.state.say("warning", f"{form.connection.name!r} is gone; its form was closed.")

    def refresh(self, wait: bool = True) -> None:
        """Read the list of connections again.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Examples
        --------
        >>> explorer = celigo.Explorer(client)
        >>> explorer.wait()
        True
        >>> explorer.refresh()
        >>> desk.id in [con.id for con in explorer.state.connections]
        True
        """
        self.run(self.state.refresh, wait)

    def ping_all(self, wait: bool = True) -> dict[str, Any]:
        """Ping the connections that are shown.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Returns
        -------
        dict of str to PingResult
            The results so far, by the connection's id.

        Examples
        --------
        >>> explorer = celigo.Explorer(client)
        >>> explorer.wait()
        True
        >>> explorer.search("desk")
        >>> explorer.ping_all()[desk.id]
        <PingResult ok>
        """
        self.run(self.state.ping_all, wait)
        return dict(self.state.pings)

    def close(self) -> None:
        """Stop what runs and remove the widgets; the open form is closed as well.

        Examples
        --------
        >>> explorer = celigo.Explorer(client)
        >>> explorer.close()
        """
        if self.form is not None:
            self.form.close()
        if self._box is not None:
            self._box.close()
            self._box = None
        super().close()

    def _repr_mimebundle_(self, **options: Any) -> object:
        # The form without a browser should list something: wait a moment for the first list.
        self.state.wait(_FIRST_LOOK_S)
        return super()._repr_mimebundle_(**options)
