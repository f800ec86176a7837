"""Reads a template without rendering it: which fields it reads, and what will not work as meant."""

from __future__ import annotations

import re
from typing import Any, Final, TypeGuard

from celigo_pandas.errors import shown
from celigo_pandas.handlebars.helpers import HELPERS
from celigo_pandas.handlebars.member_paths import read_path
from celigo_pandas.handlebars.syntax import EVERY, Argument, Block, Call, Literal, Mustache, Path, Program

__all__ = ["find_elements", "find_lookups", "find_paths", "find_warnings"]

_BLOCKS: Final = frozenset({"if", "unless", "each", "with"})
_ALL: Final = _BLOCKS | {"lookup", "log"}
_BLANK_FIRST: Final = re.compile(r"\{\{~?[{&#^]?\s")
_WORD: Final = re.compile(r"[A-Za-z_$][\w$-]*\Z", re.ASCII)

# A place in the data: the steps from the root, "[*]" for each element; None where it is computed.
Place = tuple[str, ...] | None
_EACH: Final = "[*]"


def find_paths(program: Program) -> tuple[str, ...]:
    """List the paths a template reads; see :meth:`Template.paths`."""
    reader = _PathReader()
    reader.program(program, [()], {})
    return tuple(dict.fromkeys(reader.found))


def find_lookups(program: Program) -> tuple[str, ...]:
    """List the lookups a template asks by name; see :meth:`Template.lookups`."""
    reader = _PathReader()
    reader.program(program, [()], {})
    return tuple(dict.fromkeys(reader.lookups))


def find_elements(program: Program) -> tuple[str, ...]:
    """List the paths with ``[*]`` written in a template; see :meth:`Template.elements`."""
    reader = _PathReader()
    reader.program(program, [()], {})
    return tuple(dict.fromkeys(reader.elements))


class _PathReader:
    def __init__(self) -> None:
        self.found: list[str] = []
        self.elements: list[str] = []
        self.lookups: list[str] = []

    def program(self, program: Program | None, contexts: list[Place], names: dict[str, Place]) -> None:
        """Read a program; `contexts` are the places of ``this``, ``..`` and so on."""
        for node in program.body if program is not None else ():
            if isinstance(node, Mustache):
                self.call(node.call, contexts, names)
            elif isinstance(node, Block):
                self.block(node, contexts, names)

    def block(self, node: Block, contexts: list[Place], names: dict[str, Place]) -> None:
        place = self.call(node.call, contexts, names)
        name = node.call.path.original
        inner, bound = contexts, dict(names)
        if name == "filter" or name in _ALL or name in HELPERS:
            first = node.call.params[0] if node.call.params else None
            place = self.place(first, contexts, names) if isinstance(first, Path) else None
        if name in ("each", "filter"):
            place = None if place is None else (*place, _EACH)
        if name in ("each", "filter", "with") or not (name in _ALL or name in HELPERS):
            inner = [place, *contexts]
        params = node.program.block_params if node.program is not None else ()
        bound.update({param: place if number == 0 else None for number, param in enumerate(params)})
        self.program(node.program, inner, bound)
        self.program(node.inverse, contexts, names)

    def call(self, call: Call, contexts: list[Place], names: dict[str, Place]) -> Place:
        """Note what a call reads; give the place it names when it is a plain field."""
        for argument in (*call.params, *(value for _, value in call.hash)):
            self.argument(argument, contexts, names)
        if call.path.original == "getValue" and call.params and isinstance(call.params[0], Literal):
            self.note(tuple(read_path(str(call.params[0].original))))
        if call.path.original == "lookup" and call.params and _is_text(call.params[0]):
            self.lookups.append(str(call.params[0].value))
        path = call.path
        if isinstance(path, Literal):
            path = Path((path.original,), 0, False, path.original, path.position)
        is_helper = path.is_simple and (path.parts[0] in HELPERS or path.parts[0] in _ALL)
        if call.params or call.hash or (is_helper and path.original not in names):
            return None
        return self.argument(path, contexts, names)

    def argument(self, argument: Argument, contexts: list[Place], names: dict[str, Place]) -> Place:
        if isinstance(argument, Call):
            self.call(argument, contexts, names)
            return None
        if isinstance(argument, Literal):
            return None
        place = self.place(argument, contexts, names)
        if place:
            self.note(place)
            if EVERY in argument.parts:
                self.elements.append(_path_text(place))
        return place

    def place(self, path: Path, contexts: list[Place], names: dict[str, Place]) -> Place:
        if path.data:
            return path.parts[1:] if path.parts[:1] == ("root",) else None
        if not path.depth and not path.is_scoped and path.parts and path.parts[0] in names:
            base = names[path.parts[0]]
            return None if base is None else (*base, *path.parts[1:])
        if path.parts[:1] == ("$",) and len(path.parts) > 1 and not path.depth:
            return path.parts[1:]
        base = contexts[path.depth] if path.depth < len(contexts) else None
        return None if base is None else (*base, *(_EACH if part == EVERY else part for part in path.parts))

    def note(self, place: tuple[str, ...]) -> None:
        self.found.append(_path_text(place))


def _is_text(argument: Argument) -> TypeGuard[Literal]:
    return isinstance(argument, Literal) and argument.kind == "text"


def _path_text(place: tuple[str, ...]) -> str:
    text = ""
    for step in place:
        if step == _EACH:
            text += step
        else:
            text += ("." if text else "") + (step if _WORD.match(step) else f"[{step}]")
    return text


def find_warnings(program: Program, source: str) -> tuple[str, ...]:
    """List what will work but probably not as meant; see :meth:`Template.warnings`."""
    found: list[tuple[int, str]] = []
    _warn_program(program, source, frozenset(), found)
    return tuple(f"{text} (character {position + 1})" for position, text in sorted(found))


def _warn_program(program: Program | None, source: str, names: frozenset[str], found: list[tuple[int, str]]) -> None:
    for node in program.body if program is not None else ():
        if isinstance(node, Mustache):
            if _BLANK_FIRST.match(source, node.position):
                found.append((node.position, "A blank after {{ is refused by the platform's editor; take it out."))
            _warn_call(node.call, names, found, is_block=False)
        elif isinstance(node, Block):
            _warn_call(node.call, names, found, is_block=True)
            bound = names | set(node.program.block_params if node.program is not None else ())
            _warn_program(node.program, source, bound, found)
            _warn_program(node.inverse, source, names, found)


def _warn_call(call: Call, names: frozenset[str], found: list[tuple[int, str]], *, is_block: bool) -> None:
    path: Any = call.path
    name = path.original
    has_arguments = bool(call.params or call.hash)
    for argument in (*call.params, *(value for _, value in call.hash)):
        if isinstance(argument, Call):
            _warn_call(argument, names, found, is_block=False)
    if isinstance(path, Literal) or name in names:
        return
    if name in _BLOCKS and not is_block:
        found.append((call.position, f"{name} is a block; without a body it is refused: write {{{{#{name} …}}}}."))
    elif has_arguments and name not in HELPERS and name not in _ALL:
        found.append((call.position, f"No helper is called {shown(name)}; with arguments it is refused."))
    elif not (has_arguments or is_block or path.data) and path.is_simple and name in HELPERS and HELPERS[name].least:
        found.append((call.position, f"{name} is a helper, not the field; for the field write {{{{this.{name}}}}}."))
