"""Which mapper an import document uses, where its rules and lookups stand, and what is wrong with that.

Everybody who reads, edits or evaluates a mapping asks here, so that all mean the same rules.
Facts: integrator-api.md, sections 6.1 (never both mappers), 6.5 (``netsuite_da``), 7.1 "Where lookups live".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from celigo_pandas.documents.dotted import find_member
from celigo_pandas.errors import DocumentError, Problem, shown

__all__ = [
    "FIELD_HOMES",
    "LOOKUP_HOMES",
    "LookupEntry",
    "MappingDocument",
    "append_lookup",
    "lookup_of",
    "lookup_problems",
]

FIELD_HOMES: Final = ("mapping", "netsuite_da.mapping")
"""Where Mapper 1.0 stands; the first that has rules is used."""

LOOKUP_HOMES: Final = (
    "", "netsuite_da", "netsuite", "http", "rest", "rdbms", "jdbc", "salesforce", "file", "wrapper", "mongodb",
)  # fmt: skip
"""The blocks that may hold lookups; empty is the document itself. Of two of one name the later one counts."""

_ONLY_FIELDS: Final = ("NetSuite", "Salesforce")


@dataclass(frozen=True)
class LookupEntry:
    """One entry of a list of lookups, whatever it is, and where it stands."""

    home: str
    position: int
    value: Any

    @property
    def path(self) -> str:
        """Its path in the document."""
        return f"{self.home}.lookups[{self.position}]" if self.home else f"lookups[{self.position}]"

    @property
    def name(self) -> str | None:
        """Its name; None for what is no lookup or has none."""
        name = self.value.get("name") if isinstance(self.value, Mapping) else None
        return name if isinstance(name, str) else None


@dataclass(frozen=True)
class MappingDocument:
    """The mapping of an import document, as it stands there; entries are the document's own.

    Attributes
    ----------
    dialect : int
        The mapper that runs: 1 or 2; 0 when there is no rule, and records pass as they are.
    dialect_to_edit : int
        The mapper of a rule that is added: `dialect`, or what the document would take.
    tree : list
        The entries of ``mappings``, empty when there are none.
    fields : mapping
        The object that holds ``fields`` and ``lists``, empty when there is none.
    fields_path : str
        Where that object stands, or would.
    adaptor : str
        ``adaptorType``, empty when there is none.
    takes_fields_only : bool
        Whether it takes Mapper 1.0 only.
    lookups : tuple of LookupEntry
        From all homes.
    new_lookup_home : str
        The block that a further lookup belongs to; empty for the document itself.
    problems, remarks : tuple of Problem
        What makes the mapping unusable; what is worth telling.
    """

    dialect: Literal[0, 1, 2]
    dialect_to_edit: Literal[1, 2]
    tree: list[Any]
    fields: Mapping[str, Any]
    fields_path: str
    adaptor: str
    takes_fields_only: bool
    lookups: tuple[LookupEntry, ...]
    new_lookup_home: str
    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...]

    @classmethod
    def of(cls, doc: Mapping[str, Any]) -> MappingDocument:
        """Read an import document, which is not modified.

        Examples
        --------
        >>> doc = {"netsuite_da": {"mapping": {"fields": [{"generate": "entity", "extract": "id"}]}}}
        >>> found = MappingDocument.of(doc)
        >>> found.dialect, found.fields_path
        (1, 'netsuite_da.mapping')
        """
        listed = doc.get("mappings")
        tree = listed if isinstance(listed, list) else []
        path, fields = _fields_of(doc)
        has_fields, fields_only = _has_rules(fields), _takes_fields_only(doc)
        is_second = bool(tree) and not (has_fields and fields_only)
        dialect: Literal[0, 1, 2] = 2 if is_second else 1 if has_fields else 0
        return cls(
            dialect=dialect,
            dialect_to_edit=dialect or (1 if fields_only or _begins_with_fields(doc) else 2),
            tree=tree,
            fields=fields,
            fields_path=path,
            adaptor=_adaptor_of(doc),
            takes_fields_only=fields_only,
            lookups=tuple(_lookups_of(doc)),
            new_lookup_home="netsuite_da" if isinstance(doc.get("netsuite_da"), Mapping) else "",
            problems=tuple(_problems(doc)),
            remarks=tuple(_remarks(doc, path, bool(tree), has_fields, fields_only)),
        )

    def lookup_docs(self) -> dict[str, dict[str, Any]]:
        """Return the lookups that have a name, by name; of two of one name the last."""
        return {one.name: one.value for one in self.lookups if one.name is not None and isinstance(one.value, dict)}

    def top_names(self, *, with_lists: bool = True) -> tuple[str, ...]:
        """Return the names that the rules in use write at the top of a record, in their order; drafts write nothing."""
        if self.dialect == 2:
            return tuple(_names(self.tree))
        lists = self.fields.get("lists")
        # The lines of a list without a name are what the record becomes.
        rows = [one for one in lists or () if isinstance(one, Mapping) and one.get("generate") == ""]
        of_rows = (name for one in rows for name in _names(one.get("fields")))
        return (*_names(self.fields.get("fields")), *of_rows, *(_names(lists) if with_lists else ()))


def lookup_of(doc: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return the lookup that a name in an import document means."""
    return MappingDocument.of(doc).lookup_docs().get(name)


def append_lookup(doc: dict[str, Any], lookup: dict[str, Any], home: str | None = None) -> None:
    """Add a lookup behind the others of a document, which is changed: in the block `home` if the document has it.

    Raises
    ------
    DocumentError
        Something else stands where the list belongs.
    """
    block = doc.get(home) if home else None
    if not isinstance(block, dict):
        home = MappingDocument.of(doc).new_lookup_home
        block = doc[home] if home else doc
    listed = block.get("lookups")
    if listed is None:
        listed = block["lookups"] = []
    if not isinstance(listed, list):
        path = f"{home}.lookups" if home else "lookups"
        text = f"{path} must be a list, got {shown(listed)}."
        problem = Problem("not_a_list", text, path)
        raise DocumentError(f"The mapping cannot be edited: {text}", problems=[problem])
    listed.append(lookup)


def _fields_of(doc: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    found = [(path, value) for path in FIELD_HOMES if isinstance(value := find_member(doc, path), Mapping)]
    used = next((one for one in found if _has_rules(one[1])), None) or next(iter(found), None)
    return used or ("netsuite_da.mapping" if isinstance(doc.get("netsuite_da"), Mapping) else "mapping", {})


def _has_rules(fields: Mapping[str, Any]) -> bool:
    return bool(fields.get("fields") or fields.get("lists"))


def _takes_fields_only(doc: Mapping[str, Any]) -> bool:
    adaptor = doc.get("adaptorType")
    return isinstance(adaptor, str) and adaptor.startswith(_ONLY_FIELDS)


def _begins_with_fields(doc: Mapping[str, Any]) -> bool:
    return doc.get("mappings") is None and (doc.get("mapping") is not None or "netsuite_da" in doc)


def _names(entries: object) -> Iterator[str]:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and entry.get("status") != "Draft" and isinstance(entry.get("generate"), str):
            yield entry["generate"]


def _lookups_of(doc: Mapping[str, Any]) -> Iterator[LookupEntry]:
    for home in LOOKUP_HOMES:
        block = doc.get(home) if home else doc
        listed = block.get("lookups") if isinstance(block, Mapping) else None
        for position, value in enumerate(listed if isinstance(listed, list) else ()):
            yield LookupEntry(home, position, value)


def _problems(doc: Mapping[str, Any]) -> Iterator[Problem]:
    for path in FIELD_HOMES:
        if not isinstance(find_member(doc, path) or {}, Mapping):
            yield Problem("not_an_object", f"{path} must be an object.", path)
    if doc.get("mappings") is not None and not isinstance(doc["mappings"], list):
        yield Problem("not_a_list", "mappings must be a list.", "mappings")


def _remarks(doc: Mapping[str, Any], base: str, tree: bool, fields: bool, fields_only: bool) -> Iterator[Problem]:
    if tree and fields and fields_only:
        text = f"{_adaptor_of(doc)} takes Mapper 1.0 only: {base} is used, mappings are not."
        yield Problem("mixed_dialects", text, "mappings")
    elif tree and fields:
        yield Problem("mixed_dialects", f"Beside mappings (2.0), {base} (1.0) is not used; remove it.", base)
    for path in FIELD_HOMES:
        other = find_member(doc, path)
        if path != base and isinstance(other, Mapping) and _has_rules(other):
            yield Problem("two_mappings", f"Beside {base}, {path} is not used; remove it.", path)


def lookup_problems(doc: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with the lists of lookups, each at its path."""
    for home in LOOKUP_HOMES:
        block = doc.get(home) if home else doc
        listed = block.get("lookups") if isinstance(block, Mapping) else None
        if listed is not None and not isinstance(listed, list):
            path = f"{home}.lookups" if home else "lookups"
            yield Problem("not_a_list", f"{path} must be a list.", path)
    seen: set[str] = set()
    for entry in _lookups_of(doc):
        if not isinstance(entry.value, Mapping):
            yield Problem("not_an_object", f"A lookup must be an object, got {shown(entry.value)}.", entry.path)
        elif not entry.name:
            yield Problem("missing_name", "A lookup needs a name.", f"{entry.path}.name")
        elif entry.name in seen:
            text = f"There are two lookups {entry.name!r}; the last one counts."
            yield Problem("duplicate_lookup", text, f"{entry.path}.name")
        else:
            seen.add(entry.name)


def _adaptor_of(doc: Mapping[str, Any]) -> str:
    adaptor = doc.get("adaptorType")
    return adaptor if isinstance(adaptor, str) else ""
