"""The Explorer of a notebook."""

from __future__ import annotations

from typing import Any

import ipywidgets

from celigo_pandas.forms.elements import Element
from celigo_pandas.forms.explorer_layout import explorer_layout
from celigo_pandas.forms.explorer_state import ExplorerState
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

    Attributes
    ----------
    form : ConnectionForm or None
        Of the connection that was clicked last.

    Notes
    -----
    Requests: the list when it is made (beside the kernel); one per ping; three per click.
    """

    state: ExplorerState

    def __init__(self, client: Any) -> None:
        super().__init__(ExplorerState(client))
        self.form: ConnectionForm | None = None
        self._box: ipywidgets.VBox | None = None
        self.state.refresh()

    def layout(self) -> Element:
        """Describe what the explorer shows now."""
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

    def set_value(self, id: str, value: Any) -> None:
        """Take over what was typed into the search field."""
        if id == "search":
            self.state.set_search(str(value))

    def search(self, text: str) -> None:
        """Show only the connections that hold these words."""
        self.state.set_search(text)

    def pick_cell(self, id: str, row: Any, column: int) -> None:
        """Show what is known about a connection and open its form."""
        if id == "connections":
            self.pick(str(row), wait=False)

    def pick(self, connection_id: str, wait: bool = True) -> None:
        """Show what is known about a connection and open its form."""
        self.run(lambda: self.state.pick(connection_id), wait)
        self.open_form()

    def open_form(self) -> Any:
        """Open the form of the picked connection; returns it."""
        connection = self.state.connection
        if connection is not None and (self.form is None or self.form.connection is not connection):
            if self.form is not None:
                self.form.close()
            self.form = ConnectionForm(connection)
            self._show_form()
        return self.form

    def refresh(self, wait: bool = True) -> None:
        """Read the list of connections again."""
        self.run(self.state.refresh, wait)

    def ping_all(self, wait: bool = True) -> dict[str, Any]:
        """Ping the connections that are shown; returns the results by id when it waited."""
        self.run(self.state.ping_all, wait)
        return dict(self.state.pings)

    def close(self) -> None:
        """Stop what runs and remove the widgets."""
        if self.form is not None:
            self.form.close()
        if self._box is not None:
            self._box.close()
            self._box = None
        super().close()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        # The form without a browser should list something: wait a moment for the first list.
        self.state.wait(_FIRST_LOOK_S)
        return super()._repr_mimebundle_(**options)
