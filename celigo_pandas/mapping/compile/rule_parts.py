"""What both dialects compile alike: sources, lookups, dates; and the list of problems that is filled on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from celigo_pandas.documents.scalars import truth
from celigo_pandas.errors import Problem, TemplateError, shown
from celigo_pandas.handlebars import compile_template
from celigo_pandas.handlebars.contexts import SURROUNDINGS
from celigo_pandas.javascript.dates import DateError, compile_reader, compile_writer
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.rules.rule_tree import DateStep, Keys, Lookup, TemplateSource
from celigo_pandas.paths import Path, PathError, parse_extract

__all__ = [
    "CONDITIONS",
    "DATE_NAMES",
    "DEEPEST",
    "MOST_STEPS",
    "TREE_CONDITIONS",
    "Parts",
]

DEEPEST: Final = 50
"""How deep an output may nest."""

CONDITIONS: Final = frozenset(
    {
        "record_created",
        "record_updated",
        "extract_not_empty",
        "lookup_not_empty",
        "lookup_empty",
        "ignore_if_set",
    }
)

DATE_NAMES: Final = (
    ("extractDateFormat", "exportDateFormat"),
    ("extractDateTimezone", "exportDateTimeZone"),
    ("generateDateFormat", "importDateFormat"),
    ("generateDateTimezone", "importDateTimeZone"),
)
"""The four date properties, and what very old documents call them."""

TREE_CONDITIONS: Final = frozenset({"record_created", "record_updated", "extract_not_empty"})
"""The conditions of Mapper 2.0."""

MOST_STEPS: Final = 200
"""How many steps a path may have."""

MOST_ELEMENTS: Final = 1000
"""How many elements an array may have whose elements are generated one by one."""

_LOOKUP_PATH: Final = re.compile(r"lookup\.\[?([^.\[\]]+)")
_FIRST_KEY: Final = re.compile(r"[.\[]")
_POSITIONS: Final = re.compile(r"([^\[\]]+)((?:\[[0-9]{1,9}\])+)")
_DIGITS: Final = re.compile(r"[0-9]+")
_ROWS: Final = re.compile(r"rows(?=[.\[])\.?")
_ISO: Final = "ISO8601"
_UTC: Final = frozenset({"UTC", "Etc/UTC", "Etc/GMT", "GMT"})


class Parts:
    """Compile parts of a mapping document and collect what is wrong with it.

    ``problems`` make the mapping unusable, ``remarks`` do not: the local evaluation runs with them, while the API or a
    person would stumble over them.
    """

    def __init__(self, lookups: Iterable[Any]) -> None:
        self.problems: list[Problem] = []
        self.remarks: list[Problem] = []
        self.lookup_docs: dict[str, dict[str, Any]] = {}
        for lookup in lookups:
            if isinstance(lookup, dict) and isinstance(lookup.get("name"), str):
                self.lookup_docs[lookup["name"]] = lookup

    def problem(self, code: str, message: str, path: str) -> None:
        """Note what makes the document unusable."""
        self.problems.append(Problem(code, message, path))

    def remark(self, code: str, message: str, path: str) -> None:
        """Note what is worth telling."""
        self.remarks.append(Problem(code, message, path))

    def text(self, entry: Mapping[str, Any], name: str, path: str) -> str | None:
        """Read a member that is text when it is there; empty text counts as not there."""
        value = entry.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
        self.problem("not_text", f"{name} must be text, got {shown(value)}.", f"{path}.{name}")
        return None

    def flag(self, entry: Mapping[str, Any], name: str, path: str) -> bool:
        """Read a member that is true or false, or what the platform takes for that; one that is not there is false."""
        value = entry.get(name)
        known = truth(value)
        if known is None and value is not None:
            self.problem("not_boolean", f"{name} must be true or false, got {shown(value)}.", f"{path}.{name}")
        return bool(known)

    def path(self, text: str, place: str) -> Path | None:
        """Parse a path, or note why it cannot be."""
        try:
            path = parse_extract(text)
        except PathError as error:
            self.problem("bad_path", str(error), place)
            return None
        if len(path.steps) > MOST_STEPS:
            self.problem("too_deep", f"A path has {len(path.steps)} steps; {MOST_STEPS} are the most.", place)
            return None
        return path

    def keys(self, generate: str, path: str) -> Keys | None:
        """Split a ``generate`` whose dots nest and whose ``[0]`` are positions, or note what is too much of it."""
        keys: list[str | int] = []
        for part in generate.split("."):
            found = _POSITIONS.fullmatch(part)
            keys += [found.group(1), *map(int, _DIGITS.findall(found.group(2)))] if found else [part]
        if len(keys) > DEEPEST:
            message = f"generate nests {len(keys)} deep; {DEEPEST} are the most."
            self.problem("too_deep", message, f"{path}.generate")
            return None
        if any(isinstance(key, int) and key >= MOST_ELEMENTS for key in keys):
            message = f"generate makes an array of more than {MOST_ELEMENTS} elements."
            self.problem("too_large", message, f"{path}.generate")
            return None
        return tuple(keys)

    def template(self, text: str, place: str, *, root: str = "") -> TemplateSource | None:
        """Compile a template, or note why it cannot be; `root` is what its paths to the record begin with."""
        try:
            template = compile_template(text)
        except TemplateError as error:
            self.problem("bad_template", str(error), place)
            return None
        for warning in template.warnings():
            self.remark("template_warning", warning, place)
        dynamic = (_LOOKUP_PATH.match(path) for path in template.paths())
        for name in dict.fromkeys((*template.lookups(), *(found.group(1) for found in dynamic if found))):
            if name not in self.lookup_docs:
                self.remark("dangling_lookup", self._no_lookup(name), place)
        if root:
            self._remark_bare(template.paths(), root, place)
        reads = {path: read for path in template.paths() if (read := _below(path, root))}
        return TemplateSource(template, tuple(reads.values()), "none" if root else "html", tuple(reads))

    def _remark_bare(self, paths: Iterable[str], root: str, place: str) -> None:
        """Remark on paths that begin neither at the record nor at anything else a template of Mapper 2.0 sees."""
        known = {*SURROUNDINGS, root.removesuffix("."), "batch_of_records"}
        for path in paths:
            if _FIRST_KEY.split(path, maxsplit=1)[0] not in known:
                message = f"{path!r} is no field: a template of Mapper 2.0 reads fields as {root}{path}."
                self.remark("bare_field", message, place)

    def default(self, entry: Mapping[str, Any], path: str) -> object:
        """Read a default: text, empty text, null, or UNDEFINED when there is none."""
        value = entry.get("default", UNDEFINED)
        if isinstance(value, (dict, list)):
            self.problem("bad_default", f"default must be text or null, got {shown(value)}.", f"{path}.default")
            return UNDEFINED
        return value

    def skips_empty(self, entry: Mapping[str, Any], path: str, conditions: frozenset[str] = CONDITIONS) -> bool:
        """Read ``conditional.when``; the conditions that need the destination's state count as met."""
        conditional = entry.get("conditional")
        if conditional is None:
            return False
        when = conditional.get("when") if isinstance(conditional, Mapping) else conditional
        if when is None or when == "":
            return False
        if not isinstance(when, str) or when not in conditions:
            known = ", ".join(sorted(conditions))
            self.problem("bad_condition", f"when is {shown(when)}; known are {known}.", f"{path}.conditional.when")
        return bool(when == "extract_not_empty")

    def lookup(self, entry: Mapping[str, Any], path: str) -> Lookup | None:
        """Find the lookup that an entry names."""
        name = self.text(entry, "lookupName", path)
        if name is None:
            return None
        doc = self.lookup_docs.get(name)
        if doc is None:
            self.problem("dangling_lookup", self._no_lookup(name), f"{path}.lookupName")
            return None
        table = doc.get("map")
        if table is not None and not isinstance(table, Mapping):
            self.problem("bad_lookup", f"The map of lookup {name!r} must be an object, got {shown(table)}.", path)
            return None
        return Lookup(
            name,
            None if table is None else {str(key): value for key, value in table.items()},
            doc.get("default", UNDEFINED),
            doc.get("allowFailures") is True,
            doc,
        )

    def _no_lookup(self, name: str) -> str:
        known = ", ".join(sorted(self.lookup_docs)) or "none"
        return f"There is no lookup {name!r}; the document has: {known}."

    def date(self, entry: Mapping[str, Any], path: str) -> DateStep | None:
        """Compile the four date properties; any of them makes the value a date."""
        found = [next((entry[name] for name in names if entry.get(name)), None) for names in DATE_NAMES]
        if not any(found):
            return None
        for names, value in zip(DATE_NAMES, found, strict=True):
            if value is not None and not isinstance(value, str):
                self.problem("not_text", f"{names[0]} must be text, got {shown(value)}.", f"{path}.{names[0]}")
                return None
        extract_format, extract_zone, generate_format, generate_zone = found
        step = DateStep(
            None if extract_format == _ISO else extract_format,
            extract_zone or "UTC",
            None if generate_format == _ISO else generate_format,
            generate_zone or extract_zone or "UTC",
            _no_clock,
        )
        compiled = _date_function(step)
        try:
            compiled(None)
        except DateError as error:
            self.problem("bad_date", str(error), path)
            return None
        return DateStep(step.extract_format, step.extract_zone, step.generate_format, step.generate_zone, compiled)


def _below(path: str, root: str) -> str | None:
    """Return the path of a field below the record, which a template names by `root` or as ``rows``; else None."""
    if path.startswith(root):
        return path.removeprefix(root)
    rows = _ROWS.match(path)
    return path[rows.end() :] if rows else None


def _no_clock(_: object) -> Callable[[Any], str]:
    return str


def _date_function(step: DateStep) -> Callable[[Callable[[], Any] | None], Callable[[Any], str]]:
    def with_clock(now: Callable[[], Any] | None) -> Callable[[Any], str]:
        read = compile_reader(step.extract_format, step.extract_zone, now=now)
        # Without a zone the ISO form ends in Z, with one in an offset; moment writes Z for UTC however it is named.
        zone = None if step.generate_zone in _UTC else step.generate_zone
        write = compile_writer(step.generate_format, zone)

        def rewrite(value: object) -> str:
            return write(read(value))

        return rewrite

    return with_clock
