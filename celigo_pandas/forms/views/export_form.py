"""The ExportForm of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celigo_pandas.forms.elements import Element
from celigo_pandas.forms.export_layout import export_layout
from celigo_pandas.forms.export_state import ExportState
from celigo_pandas.forms.views.arguments import connection_of, document_of
from celigo_pandas.forms.views.form import FormView

if TYPE_CHECKING:
    import pandas as pd


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

    Examples
    --------
    >>> form = celigo.ExportForm(shop, {"rdbms": {"query": "select * from orders"}})
    >>> len(form.pull())
    400
    """

    state: ExportState

    def __init__(self, con: object, export: object = None, *, consume: bool = False) -> None:
        con = connection_of("ExportForm", con, export)
        if export is not None:
            export = document_of("ExportForm", "export", export)
        super().__init__(ExportState(con, export, consume=consume))

    def layout(self) -> Element:
        """Describe what the form shows now; the widget, the HTML and the text are drawn from it.

        Returns
        -------
        Element
            The root of a tree of plain dicts.

        Examples
        --------
        >>> form = celigo.ExportForm(shop, {"rdbms": {"query": "select id, status from orders order by id"}})
        >>> form.layout()["k"]
        'box'
        """
        return export_layout(self.state)

    @property
    def df(self) -> pd.DataFrame | None:
        """What the last Pull read."""
        df: pd.DataFrame | None = self.state.df
        return df

    @property
    def export(self) -> dict[str, Any]:
        """The export document as edited."""
        return self.state.export

    def set(self, path: str, value: object) -> None:
        """Set a field, as if it were typed.

        Parameters
        ----------
        path : str
            Path of the field in the document, or ``page_size``, ``max_rows``, ``document``.
        value : str, bool, dict or list
            What is typed or chosen; empty text removes the member.

        Examples
        --------
        >>> form = celigo.ExportForm(shop, {"rdbms": {"query": "select id, status from orders order by id"}})
        >>> form.set("max_rows", "5")
        >>> len(form.pull())
        5
        """
        self.state.set_text(path, value)

    def set_value(self, id: str, value: object) -> None:
        """Take over what was typed or chosen in a field of the browser; from code, use :meth:`set`.

        Parameters
        ----------
        id : str
            As the path of :meth:`set`.
        value : object
            What was typed or chosen.

        Examples
        --------
        >>> form = celigo.ExportForm(shop)
        >>> form.set_value("rdbms.query", "select id from orders")
        >>> form.export
        {...'rdbms': {'query': 'select id from orders'}...}
        """
        self.state.set_text(id, value)

    def preview(self, wait: bool = True) -> pd.DataFrame | None:
        """Show the first rows.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Returns
        -------
        DataFrame or None
            These rows; None when it did not wait.

        Examples
        --------
        >>> form = celigo.ExportForm(shop, {"rdbms": {"query": "select id, status from orders order by id"}})
        >>> form.preview().head(2)
           id   status
        0   1     open
        1   2  shipped
        """
        self.run(self.state.preview, wait)
        return self.state.previewed if wait else None

    def pull(self, wait: bool = True) -> pd.DataFrame | None:
        """Read all rows into ``df``.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Returns
        -------
        DataFrame or None
            ``df``; None when it did not wait.

        Examples
        --------
        >>> form = celigo.ExportForm(shop, {"rdbms": {"query": "select id, status from orders order by id"}})
        >>> form.pull().shape
        (400, 2)
        """
        self.run(self.state.pull, wait)
        return self.state.df if wait else None

    def undo(self) -> None:
        """Go one edit back.

        Examples
        --------
        >>> form = celigo.ExportForm(shop, {"rdbms": {"query": "select id, status from orders order by id"}})
        >>> form.set("rdbms.query", "select id from orders")
        >>> form.undo()
        >>> form.export["rdbms"]["query"]
        'select id, status from orders order by id'
        """
        self.state.undo()

    def redo(self) -> None:
        """Take one undo back.

        Examples
        --------
        >>> form = celigo.ExportForm(shop, {"rdbms": {"query": "select id, status from orders order by id"}})
        >>> form.set("rdbms.query", "select id from orders")
        >>> form.undo()
        >>> form.redo()
        >>> form.export["rdbms"]["query"]
        'select id from orders'
        """
        self.state.redo()
