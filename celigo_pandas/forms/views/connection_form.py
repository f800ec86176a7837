"""The ConnectionForm of a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.forms.connection_layout import connection_layout
from celigo_pandas.forms.connection_state import ConnectionState
from celigo_pandas.forms.elements import Element
from celigo_pandas.forms.views.arguments import need_client
from celigo_pandas.forms.views.form import FormView
from celigo_pandas.resources.connection_fields import TYPES
from celigo_pandas.resources.secret import Secret

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
    >>> celigo.ConnectionForm(client.connections["NYC flights"])  # doctest: +SKIP
    """

    state: ConnectionState

    def __init__(self, target: Any, type: str = "http", document: Mapping[str, Any] | None = None) -> None:
        need_client("ConnectionForm", target, or_connection=True)
        if document is not None and not isinstance(document, Mapping):
            raise ConfigError(f"ConnectionForm: document is a {document.__class__.__name__}; expected a dict.")
        if type not in TYPES:
            raise ConfigError(f"Unknown type {shown(type)}; expected one of {', '.join(TYPES)}.")
        super().__init__(ConnectionState(target, type, document))

    def layout(self) -> Element:
        """Describe what the form shows now."""
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

    def set(self, path: str, value: Any) -> None:
        """Set the field at a dotted path, as if it were typed."""
        self.state.set_text(path, value)

    def set_secret(self, id: str, secret: Secret | str) -> None:
        """Give a secret for the next Save or Ping."""
        secret = secret if isinstance(secret, Secret) else Secret(secret)
        if id == "extra:value":
            self.state.extra_value = secret
            self.state.changed()
            return
        self.state.set_secret(id, secret)

    def set_value(self, id: str, value: Any) -> None:
        """Take over what was typed or chosen in a field."""
        if id == "extra:path":
            self.state.extra_path = str(value)
        elif id.startswith("name:"):
            self.state.name_secret(id.removeprefix("name:"), str(value))
        else:
            self.state.set_text(id, value)

    def add_member(self) -> None:
        """Add the member typed under *Everything else*."""
        self.state.add_member()

    def ping(self, wait: bool = True) -> Any:
        """Check the connection; returns the :class:`PingResult` when it waited."""
        self.run(self.state.ping, wait)
        return self.state.last_ping if wait else None

    def save(self, wait: bool = True) -> None:
        """Create the connection, or update it; a mask is never written back."""
        self.run(self.state.save, wait)

    def revert(self, wait: bool = True) -> None:
        """Throw the edits away and read the connection again."""
        self.run(self.state.revert, wait)

    def delete(self, wait: bool = True) -> None:
        """Delete the connection: the first call asks, the second does it."""
        self.run(self.state.delete, wait)

    def authorize(self, wait: bool = True) -> None:
        """Show the provider's link and wait for the authorization, without blocking the kernel when pressed."""
        self.run(self.state.authorize, wait)

    def undo(self) -> None:
        """Go one edit back."""
        self.state.undo()

    def redo(self) -> None:
        """Take one undo back."""
        self.state.redo()
