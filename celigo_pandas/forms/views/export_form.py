"""The ExportForm of a notebook."""

from __future__ import annotations

from typing import Any

from celigo_pandas.forms.elements import Element
from celigo_pandas.forms.export_layout import export_layout
from celigo_pandas.forms.export_state import ExportState
from celigo_pandas.forms.views.arguments import connection_of, document_of
from celigo_pandas.forms.views.form import FormView

__all__ = ["ExportForm"]


class ExportForm(FormView):
    """Describe what to read from a connection, look at its first rows, and pull it into ``form.df``.

    Parameters
    ----------
    con : Connection, name or id
        Read through.
    export : dict, builder or saved export, optional
        The document to start from.
    consume : bool, default False
        Allow an export that changes its source; otherwise preview and pull refuse it and name the member.

    Attributes
    ----------
    df : DataFrame or None
        What the last Pull read; after Stop or a failure, the rows up to then, if there are any.
    export : dict
        The document as edited.

    Notes
    -----
    Requests: one per Preview, one per page of a Pull. A Pull runs beside the kernel: other cells run meanwhile, and
    Stop ends it within one request.
    """

    state: ExportState

    def __init__(self, con: Any, export: Any = None, *, consume: bool = False) -> None:
        con = connection_of("ExportForm", con, export)
        if export is not None:
            export = document_of("ExportForm", "export", export)
        super().__init__(ExportState(con, export, consume=consume))

    def layout(self) -> Element:
        """Describe what the form shows now."""
        return export_layout(self.state)

    @property
    def df(self) -> Any:
        """What the last Pull read."""
        return self.state.df

    @property
    def export(self) -> dict[str, Any]:
        """The export document as edited."""
        return self.state.export

    def set(self, path: str, value: Any) -> None:
        """Set the field at a dotted path (or ``page_size``, ``max_rows``), as if it were typed."""
        self.state.set_text(path, value)

    def set_value(self, id: str, value: Any) -> None:
        """Take over what was typed or chosen in a field."""
        self.state.set_text(id, value)

    def preview(self, wait: bool = True) -> Any:
        """Show the first rows; returns them when it waited."""
        self.run(self.state.preview, wait)
        return self.state.previewed if wait else None

    def pull(self, wait: bool = True) -> Any:
        """Read all rows into ``df``; returns them when it waited."""
        self.run(self.state.pull, wait)
        return self.state.df if wait else None

    def undo(self) -> None:
        """Go one edit back."""
        self.state.undo()

    def redo(self) -> None:
        """Take one undo back."""
        self.state.redo()
