"""The modules that a script may import beside ``integrator-api``: each one file as its makers publish it.

dayjs 1.11.23 (MIT) and sjcl 1.0.9 (taken under its BSD licence); the licences lie beside them. What is read is held
against its digest, so that a script runs with exactly these texts or not at all.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

from celigo_pandas.errors import ConfigError

__all__ = ["LIBRARIES", "library_text"]

LIBRARIES: Final = {
    "dayjs": "0198dd0b1f760cded169c7e7ff7eaf56bc36c4c22c7c9b7c683e59437ed8700e",
    "sjcl": "d09a8688f37c7442bb1e6699b46efb191d9281ef05a492586fa0f54dc4e5110a",
}
"""Names as scripts import them, and the SHA-256 of each file."""


@cache
def library_text(name: str) -> str:
    """Return the text of a library.

    Raises
    ------
    ConfigError
        The file is not the one that this version ships.
    """
    data = files(__name__).joinpath(f"{name}.js").read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != LIBRARIES[name]:
        raise ConfigError(
            f"The library {name!r} of scripts has the digest {found[:16]}…; expected {LIBRARIES[name][:16]}….",
            hint="Its file was changed: install celigo-pandas again.",
        )
    return data.decode("utf-8")
