"""The canary: a secret that no escaping leaves alone, searched in every spelling it could leak in."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable
from pathlib import Path
from traceback import TracebackException
from urllib.parse import quote, quote_plus

CANARY = 'cän"a/r+y=%<'


def spellings(secret: str = CANARY) -> dict[str, bytes]:
    """Every way the secret could be written, as bytes, by name."""
    utf8 = secret.encode()
    found: dict[str, bytes] = {"raw": utf8, "latin-1": secret.encode("latin-1", "replace")}
    for encoding in ("utf-16-le", "utf-16-be"):
        found[encoding] = secret.encode(encoding)
    found["json"] = json.dumps(secret)[1:-1].encode()
    found["json, not ascii"] = json.dumps(secret, ensure_ascii=False)[1:-1].encode()
    found["json, slash"] = json.dumps(secret)[1:-1].replace("/", "\\/").encode()
    found["repr"] = repr(secret)[1:-1].encode()
    found["bytes repr"] = repr(utf8)[2:-1].encode()
    found["bytes repr, latin-1"] = repr(found["latin-1"])[2:-1].encode()
    found["url"] = quote(secret, safe="").encode()
    found["url, slash kept"] = quote(secret).encode()
    found["form"] = quote_plus(secret).encode()
    found["url, lower case"] = found["url"].lower()
    found["html"] = html.escape(secret).encode()
    found["html, no quotes"] = html.escape(secret, quote=False).encode()
    for name, raw in (("utf-8", utf8), ("latin-1", found["latin-1"])):
        found[f"hex, {name}"] = raw.hex().encode()
        found[f"HEX, {name}"] = raw.hex().upper().encode()
        for shift in range(3):  # base64 of a longer text holds the secret at one of three alignments
            padded = base64.b64encode(b"\0" * shift + raw).decode()
            middle = padded[(0, 2, 3)[shift] : len(padded) - 4].encode()
            found[f"base64, {name}, shift {shift}"] = middle
            found[f"base64 url, {name}, shift {shift}"] = middle.replace(b"+", b"-").replace(b"/", b"_")
    return found


def leaks(content: str | bytes, secret: str = CANARY) -> list[str]:
    """Return the names of the spellings that occur in `content`."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    once = data.replace(b"\\\\", b"\\")  # a repr within a repr, JSON within JSON
    twice = once.replace(b"\\\\", b"\\")
    return [
        name for name, spelling in spellings(secret).items() if any(spelling in text for text in (data, once, twice))
    ]


def assert_no_canary(*contents: str | bytes, secret: str = CANARY) -> None:
    """Fail if any text or bytes holds the secret in any spelling."""
    for content in contents:
        found = leaks(content, secret)
        assert not found, f"The secret leaked as: {', '.join(found)}."


def assert_no_canary_in_files(*roots: Path, secret: str = CANARY, but: Iterable[Path] = ()) -> None:
    """Search every file below the given folders, file names included."""
    allowed = {path.resolve() for path in but}
    for root in roots:
        for path in [root, *root.rglob("*")]:
            assert_no_canary(str(path.name), secret=secret)
            if path.is_file() and path.resolve() not in allowed:
                found = leaks(path.read_bytes(), secret)
                assert not found, f"The secret leaked into {path} as: {', '.join(found)}."


def traceback_text(error: BaseException, *, own: str) -> str:
    """Write a traceback with captured locals, of the error and all it is linked to, suppressed links too.

    Frames of the file `own` (the test, which knows the secret) are left out.
    """
    parts: list[str] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        waiting += [link.__cause__, link.__context__]
        waiting += [value for value in vars(link).values() if isinstance(value, BaseException)]
        shown = TracebackException(type(link), link, link.__traceback__, capture_locals=True)
        for frame in shown.stack:
            if frame.filename != own:
                parts.append(f"{frame.filename}:{frame.lineno} {frame.name}")
                parts += [f"{name} = {value}" for name, value in (frame.locals or {}).items()]
        parts += [repr(link), str(link), repr(link.args), deep_text(vars(link))]
    return "\n".join(parts)


def deep_text(value: object, depth: int = 6, _seen: set[int] | None = None) -> str:
    """Show a value and, below it, the ``vars``, slots, items and keys of all it holds."""
    seen = set() if _seen is None else _seen
    if depth < 0 or id(value) in seen:
        return ""
    seen.add(id(value))
    parts = [_repr(value)]
    if isinstance(value, dict):
        for key, member in value.items():
            parts += [deep_text(key, depth - 1, seen), deep_text(member, depth - 1, seen)]
    elif isinstance(value, (list, tuple, set, frozenset)):
        parts += [deep_text(element, depth - 1, seen) for element in value]
    elif not isinstance(value, (str, bytes, int, float, type)):
        if hasattr(value, "__dict__"):
            parts.append(deep_text(vars(value), depth - 1, seen))
        for kind in type(value).__mro__:
            for slot in getattr(kind, "__slots__", ()) if isinstance(getattr(kind, "__slots__", ()), tuple) else ():
                parts.append(deep_text(getattr(value, slot, None), depth - 1, seen))
    return "\n".join(parts)


def _repr(value: object) -> str:
    try:
        return f"{value!r}\n{value}"
    except Exception as error:  # an object that cannot be shown shows nothing
        return type(error).__name__
