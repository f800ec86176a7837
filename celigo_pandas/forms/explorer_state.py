"""The state of an Explorer: the connections of an account, whether they work, and what is known about one of them."""

from __future__ import annotations

from typing import Any

from celigo_pandas.errors import CeligoError, ConfigError
from celigo_pandas.forms.state import FormState
from celigo_pandas.forms.work import Task

__all__ = ["ExplorerState"]


class ExplorerState(FormState):
    """What an Explorer holds.

    Parameters
    ----------
    client : Client
    """

    title = "Explorer"

    def __init__(self, client: Any) -> None:
        super().__init__()
        self.client = client
        self.connections: tuple[Any, ...] = ()
        self.loaded = False
        self.search = ""
        self.pings: dict[str, Any] = {}
        self.picked: str | None = None
        self.details: dict[str, Any] = {}

    @property
    def api(self) -> Any:
        """The low-level client."""
        return self.client.api

    @property
    def found(self) -> list[Any]:
        """The connections whose name, id, type or address holds every word that is searched for."""
        words = self.search.lower().split()
        return [con for con in self.connections if all(word in _text(con) for word in words)]

    @property
    def connection(self) -> Any:
        """The picked connection, or None."""
        return next((con for con in self.connections if con.id == self.picked), None)

    def set_search(self, text: str) -> None:
        """Show only the connections that hold these words."""
        self.search = text
        self.changed()

    def refresh(self) -> None:
        """Read the list of connections again."""

        def done(connections: tuple[Any, ...]) -> None:
            with self.lock:
                self.connections, self.loaded = connections, True
                if self.connection is None:
                    self.picked, self.details = None, {}
            self.changed()

        self.run_long("Refresh", lambda task: tuple(self.client.connections), done)

    def renew(self, connection: Any) -> None:
        """Show a connection that was saved elsewhere as it is now."""
        with self.lock:
            self.connections = tuple(connection if con.id == connection.id else con for con in self.connections)
        self.changed()

    def forget(self, connection_id: str) -> None:
        """Take a connection that was deleted out of the list."""
        with self.lock:
            self.connections = tuple(con for con in self.connections if con.id != connection_id)
            if self.picked == connection_id:
                self.picked, self.details = None, {}
        self.changed()

    def ping_all(self) -> None:
        """Ping every connection that is shown, one after the other; Stop ends it after the one that runs."""
        connections = self.found

        def run(task: Task) -> int:
            for place, connection in enumerate(connections):
                task.check()
                self.pings[connection.id] = _pinged(connection)
                task.show(place + 1, len(connections))
                self.changed()
            return sum(bool(self.pings[con.id]) for con in connections)

        def done(good: int) -> None:
            level = "good" if good == len(connections) else "warning"
            self.say(level, f"{good} of {len(connections)} connections answer.")  # type: ignore[arg-type]

        self.run_long("Ping", run, done)

    def pick(self, connection_id: str) -> None:
        """Show what is known about a connection: what uses it, who changed it, its debug log."""
        connection = next((con for con in self.connections if con.id == connection_id), None)
        if connection is None:
            raise ConfigError(f"There is no connection {connection_id!r} in the list.", hint="Press Refresh.")
        self.refuse_busy()
        self.picked, self.details = connection_id, {}
        questions = {
            "Dependencies": connection.dependencies,
            "Audit": connection.audit_log,
            "Debug log": connection.debug_log,
        }

        def run(task: Task) -> None:
            for name, ask in questions.items():
                task.check()
                try:
                    answer = ask()
                except CeligoError as error:
                    # One route that is missing or not allowed does not hide the others.
                    answer = error
                if self.picked != connection_id:
                    return
                self.details = {**self.details, name: answer}
                self.changed()

        self.run_long("Details", run, lambda _: None)

    @property
    def actions(self) -> dict[str, bool]:
        """Names of the buttons and whether each can be pressed now."""
        free = not self.busy
        return {"refresh": free, "ping_all": free and bool(self.found), "stop": not free, "open_form": free}


def _text(connection: Any) -> str:
    doc = connection.doc
    block = doc.get(connection.type)
    block = block if isinstance(block, dict) else {}
    places = [str(block.get(name, "")) for name in ("baseURI", "host", "hostURI", "database", "account", "serverURL")]
    return " ".join([connection.name, connection.id, connection.type, *places]).lower()


def _pinged(connection: Any) -> object:
    try:
        return connection.ping()
    except CeligoError as error:
        return Failed(str(error))


class Failed:
    """A ping that could not be asked."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<ping failed: {self.text}>"
