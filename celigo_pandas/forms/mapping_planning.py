"""What a plan in the mapping editor needs beside the rules: what is at the destination, and the key. No toolkit."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from celigo_pandas.errors import ConfigError

__all__ = ["Planning"]

_SQL = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)


@dataclass
class Planning:
    """The two fields of a plan, as they stand in the form.

    Attributes
    ----------
    current : str
        An export as JSON, a statement of SQL, or the name of a saved export.
    key : str
        Fields with commas between.
    given : object
        Rows or an export that the editor was opened with; what is typed takes its place.
    """

    current: str = ""
    key: str = ""
    given: Any = None

    @classmethod
    def of(cls, current: object, key: Any) -> Planning:
        """Begin with what the editor was opened with."""
        names = [key] if isinstance(key, str) else list(key or ())
        if any(not isinstance(name, str) for name in names):
            raise ConfigError(f"key: got {key!r}; expected the name of a field, or a list of names.")
        return cls("", ", ".join(names), current)

    def set(self, name: str, value: object) -> None:
        """Take over what was typed."""
        if name not in ("current", "key"):
            raise ConfigError(f"There is no field {name!r} of a plan here.")
        setattr(self, name, str(value or "").strip())

    @property
    def keys(self) -> list[str]:
        """The names of the key."""
        return [name.strip() for name in self.key.split(",") if name.strip()]

    def read(self, client: object) -> tuple[object, list[str]]:
        """Return what reads the destination, and the key.

        Parameters
        ----------
        client : Client
            Knows the saved exports.

        Raises
        ------
        ConfigError
            One of both is missing, or cannot be read.
        """
        if not self.keys:
            raise ConfigError("A plan needs a key: the field by which a row is known at the destination.")
        if not self.current:
            if self.given is None:
                raise ConfigError(
                    "A plan needs what is at the destination.",
                    hint="Write an export (SQL, JSON, or the name of a saved one), or open the editor with current=….",
                )
            return self.given, self.keys
        return self._written(client), self.keys

    def _written(self, client: Any) -> object:
        if _SQL.match(self.current):
            return {"rdbms": {"query": self.current}}
        if not self.current.startswith("{"):
            return client.exports[self.current]
        try:
            return json.loads(self.current)
        except ValueError as error:
            raise ConfigError(f"What is at the destination: this is not JSON: {error}.") from error
