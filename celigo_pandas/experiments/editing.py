"""Editing the rules of a document by path: plain documents in, plain documents out.

A path is the text of a flattened column (``address.city``; ``\\.`` for a separator inside a key), with ``[*]`` behind
the name of a list (``lines[*].sku``). Members that an edit does not name stay as they are. Reading passes over what
is no rule; an edit that would have to write there says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from celigo_pandas.documents.dotted import find_member, put_member
from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.errors import DocumentError, Problem, shown
from celigo_pandas.frames.names import escape_key, split_path

__all__ = ["EACH", "find_rule", "helpers_of", "iter_rules", "list_in", "remove_rule", "set_rule", "with_helper"]

EACH = "[*]"
Document = dict[str, Any]


def iter_rules(doc: Document) -> Iterator[tuple[str, Document]]:
    """Yield every rule with its path, parents first, in the document's order."""
    found = MappingDocument.of(doc)
    if found.dialect_to_edit == 2:
        yield from _entries(found.tree, "")
        return
    mapping = found.fields
    for field in _objects_in(mapping, "fields"):
        yield str(field.get("generate", "")), field
    for lines in _objects_in(mapping, "lists"):
        for field in _objects_in(lines, "fields"):
            yield f"{lines.get('generate', '')}{EACH}.{field.get('generate', '')}", field


def find_rule(doc: Document, path: str) -> Document | None:
    """Return the rule at `path`, or None; a draft only where there is no other."""
    rules = [rule for found, rule in iter_rules(doc) if found == path]
    return next((rule for rule in rules if rule.get("status") != "Draft"), rules[0] if rules else None)


def set_rule(doc: Document, path: str, members: Document) -> None:
    """Change the rule at `path`, or add it (with the objects it lies in) behind its neighbours.

    A member whose value is ``...`` is removed.
    """
    rule = find_rule(doc, path)
    if rule is None:
        rule = _added(doc, path, members)
    for name, value in members.items():
        if value is ...:
            rule.pop(name, None)
        else:
            rule[name] = value


def remove_rule(doc: Document, path: str) -> None:
    """Remove the rule at `path` (an object or array with all below it).

    Raises
    ------
    DocumentError
        There is no such rule; the message lists what is there.
    """
    rule = find_rule(doc, path)
    if rule is None:
        raise no_rule(doc, path)
    for siblings in _sibling_lists(doc):
        for position, sibling in enumerate(siblings):
            if sibling is rule:
                del siblings[position]
                return


def no_rule(doc: Document, path: str) -> DocumentError:
    """Return the error for a path that names no rule."""
    known = [found for found, _ in iter_rules(doc)]
    listed = ", ".join(known[:12]) + (f", and {len(known) - 12} more" if len(known) > 12 else "")
    return DocumentError(
        f"No rule writes {shown(path)}; there are rules for {listed or 'nothing'}.",
        problems=[Problem("no_such_rule", "No rule writes this.", path)],
    )


def helpers_of(rule: Document) -> list[Document]:
    """List the helpers of an array's rule that are objects; a single one may stand without a list."""
    helpers = rule.get("buildArrayHelper")
    return [helpers] if isinstance(helpers, dict) else _objects_in(rule, "buildArrayHelper")


def with_helper(rule: Document | None, members: Document, path: str) -> Document:
    """Return the members of an edit with an ``extract`` moved into the helper that reads it.

    Objects and arrays in an array are read by ``buildArrayHelper``, and so is everything in an array that has one.
    """
    helpers = helpers_of(rule or {})
    if "extract" not in members or "buildArrayHelper" in members:
        return members
    if not helpers and members.get("dataType", (rule or {}).get("dataType")) not in ("objectarray", "arrayarray"):
        return members
    if len(helpers) > 1:
        raise DocumentError(f"{path} is built by {len(helpers)} helpers; edit the document itself to change a source.")
    helper = {**(helpers[0] if helpers else {}), "extract": members["extract"]}
    if helper["extract"] is ...:
        del helper["extract"]
    return {**members, "extract": ..., "buildArrayHelper": [helper]}


def list_in(holder: object, name: str, place: str) -> list[Any]:
    """Return a list member to write into; one that is absent or null is made.

    Raises
    ------
    DocumentError
        Something else is there.
    """
    if not isinstance(holder, dict):
        raise _misshapen(place, "an object", holder)
    if holder.get(name) is None:
        holder[name] = []
    found = holder[name]
    if not isinstance(found, list):
        raise _misshapen(f"{place}.{name}" if place else name, "a list", found)
    return found


def _misshapen(place: str, wanted: str, found: object) -> DocumentError:
    message = f"{place} must be {wanted}, got {shown(found)}."
    code = "not_a_list" if wanted == "a list" else "not_an_object"
    return DocumentError(f"The mapping cannot be edited: {message}", problems=[Problem(code, message, place)])


def _objects_in(holder: object, name: str) -> list[Document]:
    entries = holder.get(name) if isinstance(holder, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _entries(entries: object, prefix: str) -> Iterator[tuple[str, Document]]:
    for entry in _objects_in({"entries": entries}, "entries"):
        path = prefix + escape_key(str(entry.get("generate", "")))
        yield path, entry
        yield from _entries(entry.get("mappings"), f"{path}.")
        for helper in helpers_of(entry):
            yield from _entries(helper.get("mappings"), f"{path}{EACH}.")


def _sibling_lists(doc: Document) -> Iterator[list[Any]]:
    found = MappingDocument.of(doc)
    lists = (lines.get("fields") for lines in _objects_in(found.fields, "lists"))
    waiting: list[Any] = [found.tree, found.fields.get("fields"), *lists]
    while waiting:
        siblings = waiting.pop()
        if not isinstance(siblings, list):
            continue
        yield siblings
        for entry in siblings:
            if isinstance(entry, dict):
                waiting.append(entry.get("mappings"))
                waiting += [helper.get("mappings") for helper in helpers_of(entry)]


def _added(doc: Document, path: str, members: Document) -> Document:
    found = MappingDocument.of(doc)
    if found.dialect_to_edit == 1:
        if find_member(doc, found.fields_path) is None:
            put_member(doc, found.fields_path, {})
        return _added_field(find_member(doc, found.fields_path), path)
    siblings = list_in(doc, "mappings", "")
    keys = split_path(path)
    for depth, key in enumerate(keys[:-1]):
        name, is_array = (key[: -len(EACH)], True) if key.endswith(EACH) else (key, False)
        siblings = _children(siblings, name, is_array, ".".join(keys[: depth + 1]))
    if keys[-1].endswith(EACH):
        raise DocumentError(f"{shown(path)} names no field; write {path}.name, or {path[: -len(EACH)]} for the list.")
    rule: Document = {"generate": keys[-1], "dataType": members.get("dataType", "string"), "status": "Active"}
    siblings.append(rule)
    return rule


def _children(siblings: list[Any], name: str, is_array: bool, path: str) -> list[Any]:
    parent = next((entry for entry in siblings if isinstance(entry, dict) and entry.get("generate") == name), None)
    if not is_array:
        if parent is None:
            parent = {"generate": name, "dataType": "object", "status": "Active", "mappings": []}
            siblings.append(parent)
        if parent.get("dataType") != "object":
            raise DocumentError(f"{path} is a {parent.get('dataType')}, which holds no fields of its own.")
        return list_in(parent, "mappings", path)
    if parent is None:
        source = (
            f"the list they come from, e.g. set({shown(path[: -len(EACH)])}, '$.lines[*]', data_type='objectarray')"
        )
        raise DocumentError(f"There is no list {path} yet.", hint=f"Add it first with {source}.")
    helpers: list[Any] = helpers_of(parent) or list_in(parent, "buildArrayHelper", path)
    if not helpers:
        helpers.append({})
    if len(helpers) > 1:
        raise DocumentError(f"{path} is built by {len(helpers)} helpers; edit the document itself to add a field.")
    return list_in(helpers[0], "mappings", f"{path}.buildArrayHelper[0]")


def _added_field(mapping: object, path: str) -> Document:
    """Add a Mapper 1.0 field: the part before the last ``[*].`` is the list's ``generate``."""
    rule: Document = {}
    if f"{EACH}." not in path:
        rule["generate"] = path
        list_in(mapping, "fields", "mapping").append(rule)
        return rule
    *parents, name = path.split(f"{EACH}.")
    generate = ".".join(parents)
    rule["generate"] = name
    lists = list_in(mapping, "lists", "mapping")
    lines = next((one for one in _objects_in(mapping, "lists") if one.get("generate") == generate), None)
    if lines is None:
        lines = {"generate": generate, "fields": []}
        lists.append(lines)
    list_in(lines, "fields", f"mapping.lists {generate}").append(rule)
    return rule
