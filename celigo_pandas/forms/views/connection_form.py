"""The ConnectionForm of a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.documents.connection_fields import TYPES
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.forms.connection_layout import connection_layout
from celigo_pandas.forms.connection_state import ConnectionState
from celigo_pandas.forms.elements import Element
from celigo_pandas.forms.views.arguments import need_client
from celigo_pandas.forms.views.form import FormView

__all__ = ["ConnectionForm"]


class ConnectionForm(FormView):
    """Edit a connection, or create one, in a notebook.

    Every button has a method of the same name. Called from code, a method waits until it is done and raises what
    went wrong; pressed, it runs beside the kernel and shows it.

    Parameters
    ----------
    target : Connection or Client
        A connection to edit, or a client to create one with.
    type : str, default "http"
        Type of a new connection.
    document : dict, optional
        What a new connection starts from, e.g. a copy of another's; its secrets are taken out of it.

    Notes
    -----
    A typed secret leaves the browser once, in a message, and is kept in an object without a text form: it is in no
    widget state, no saved notebook, no repr. Requests: none until a button is pressed.

    Examples
    --------
    >>> celigo.ConnectionForm(client.connections["Small shop"])
    Small shop  ...
    """

    state: ConnectionState

    def __init__(self, target: object, type: str = "http", document: Mapping[str, Any] | None = None) -> None:
        need_client("ConnectionForm", target, or_connection=True)
        if document is not None and not isinstance(document, Mapping):
            raise ConfigError(f"ConnectionForm: document is a {document.__class__.__name__}; expected a dict.")
        if type not in TYPES:
            raise ConfigError(f"Unknown type {shown(type)}; expected one of {', '.join(TYPES)}.")
        super().__init__(ConnectionState(target, type, document))

    def layout(self) -> Element:
        """Describe what the form shows now; the widget, the HTML and the text are drawn from it.

        Returns
        -------
        Element
            The root of a tree of plain dicts.

        Examples
        --------
        >>> form = celigo.ConnectionForm(shop)
        >>> form.layout()["k"]
        'box'
        """
        return connection_layout(self.state)

    @property
    def connection(self) -> Any:
        """The saved connection, or None before the first Save."""
        return self.state.connection

    @property
    def doc(self) -> dict[str, Any]:
        """The document as edited; stored secrets are masks, typed ones are not in it."""
        return self.state.doc

    @property
    def problems(self) -> list[Any]:
        """What the API would refuse, each with its path."""
        return self.state.problems

    def set(self, path: str, value: object) -> None:
        """Set the field at a dotted path, as if it were typed.

        Parameters
        ----------
        path : str
            Path of the field in the document.
        value : str, bool, dict or list
            What is typed or chosen; empty text removes the member.

        Examples
        --------
        >>> form = celigo.ConnectionForm(client)
        >>> form.set("http.baseURI", "https://api.example.com")
        >>> form.doc["http"]["baseURI"]
        'https://api.example.com'
        """
        self.state.set_text(path, value)

    def set_secret(self, id: str, secret: Secret | str) -> None:
        """Give a secret for the next Save or Ping.

        Parameters
        ----------
        id : str
            Path of the secret field.
        secret : Secret or str
            The secret itself; an empty one forgets what was given.

        Examples
        --------
        >>> form = celigo.ConnectionForm(client)
        >>> form.set("http.auth.type", "basic")
        >>> form.set_secret("http.auth.basic.password", "s3cret")
        >>> "s3cret" in repr(form)
        False
        """
        secret = secret if isinstance(secret, Secret) else Secret(secret)
        if id == "extra:value":
            self.state.extra_value = secret
            self.state.changed()
            return
        self.state.set_secret(id, secret)

    def set_value(self, id: str, value: object) -> None:
        """Take over what was typed or chosen in a field of the browser; from code, use :meth:`set`.

        Parameters
        ----------
        id : str
            Path of the field, ``extra:path``, or ``name:`` and the path of a map of secrets.
        value : object
            What was typed or chosen.

        Examples
        --------
        >>> form = celigo.ConnectionForm(client)
        >>> form.set_value("name", "Orders API")
        >>> form.doc["name"]
        'Orders API'
        """
        if id == "extra:path":
            self.state.extra_path = str(value)
        elif id.startswith("name:"):
            self.state.name_secret(id.removeprefix("name:"), str(value))
        else:
            self.state.set_text(id, value)

    def add_member(self) -> None:
        """Add the member typed under *Everything else*.

        Examples
        --------
        >>> form = celigo.ConnectionForm(client)
        >>> form.set_value("extra:path", "http.formType")
        >>> form.set_secret("extra:value", "rest")
        >>> form.add_member()
        >>> form.doc["http"]["formType"]
        'rest'
        """
        self.state.add_member()

    def ping(self, wait: bool = True) -> Any:
        """Check the connection: the saved one, or the document as edited.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Returns
        -------
        PingResult or None
            Truthy when the connection works; None when it did not wait.

        Examples
        --------
        >>> form = celigo.ConnectionForm(shop)
        >>> form.ping()
        <PingResult ok>
        """
        self.run(self.state.ping, wait)
        return self.state.last_ping if wait else None

    def save(self, wait: bool = True) -> None:
        """Create the connection, or update it; a mask is never written back.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Examples
        --------
        >>> form = celigo.ConnectionForm(client)
        >>> form.set("name", "Orders API")
        >>> form.set("http.baseURI", "https://api.example.com")
        >>> form.save()
        >>> form.connection.name
        'Orders API'
        """
        self.run(self.state.save, wait)

    def revert(self, wait: bool = True) -> None:
        """Throw the edits away and read the connection again.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Examples
        --------
        >>> form = celigo.ConnectionForm(shop)
        >>> form.set("name", "Large shop")
        >>> form.revert()
        >>> form.doc["name"]
        'Small shop'
        """
        self.run(self.state.revert, wait)

    def delete(self, wait: bool = True) -> None:
        """Delete the connection: the first call asks, the second does it.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Examples
        --------
        >>> form = celigo.ConnectionForm(shop)
        >>> form.delete()
        >>> form.state.notices[0].text
        "Delete 'Small shop'? Press Delete once more."
        """
        self.run(self.state.delete, wait)

    def authorize(self, wait: bool = True) -> None:
        """Show the provider's link and wait for the authorization, without blocking the kernel when pressed.

        Parameters
        ----------
        wait : bool, default True
            Wait until it is done, and raise what went wrong; otherwise it runs beside the kernel.

        Examples
        --------
        >>> form = celigo.ConnectionForm(shop)
        >>> form.authorize()  # doctest: +SKIP
        """
        self.run(self.state.authorize, wait)

    def undo(self) -> None:
        """Go one edit back.

        Examples
        --------
        >>> form = celigo.ConnectionForm(shop)
        >>> form.set("name", "Large shop")
        >>> form.undo()
        >>> form.doc["name"]
        'Small shop'
        """
        self.state.undo()

    def redo(self) -> None:
        """Take one undo back.

        Examples
        --------
        >>> form = celigo.ConnectionForm(shop)
        >>> form.set("name", "Large shop")
        >>> form.undo()
        >>> form.redo()
        >>> form.doc["name"]
        'Large shop'
        """
        self.state.redo()
