"""Random mapping documents, records with gaps, and documents with one rule changed.

Documents of both dialects with what makes evidence hard: generates that overlap, lists of Mapper 1.0 (fields written
``L[*].x`` too), outputs that are lists, arrays of arrays, grouped records, one-to-many, keys with dots and brackets.
"""

from __future__ import annotations

import copy
import random
import re
from typing import Any

from celigo_pandas.errors import DocumentError, MappingError
from celigo_pandas.mapping import compile_mapping, map_records

LOOKUPS = [
    {"name": "cc", "map": {"A": "Anna", "1": "one", "": "none"}, "allowFailures": True},
    {"name": "dd", "map": {"A": "x", "B": "y"}, "allowFailures": True, "default": "other"},
    {"name": "ff", "map": {"A": "x", "B": "y", "C": "z", "1": "u", "2": "v"}},
]
BARE = ["a", "b", "n", "t", "o", "o.x", "o.y", "e.f", "[e.f]", "[Ship To]", "[x[0\\]]", "l[0].s", "l[*].s", "p", "p[*]"]
LINES = ["l[*].s", "l[*].q", "m[*].s", "p[*]", "l[*].m[*].k", "a", "n", '["text"]', "{{a}}-{{n}}", "*.a", "*.n"]
LINE_TEMPLATES = ["{{l[*].s}}", "{{l[*].m[*].k}}", "{{*.a}}-{{a}}", "{{{m[*].s}}}"]
ROOTED = [
    "$.a",
    "$.b",
    "$.n",
    "$.t",
    "$.o",
    "$.o.x",
    "$.e.f",
    "$.[e.f]",
    "$['Ship To']",
    "$['x[0]']",
    "$.l[0].s",
    "$.p",
]
ELEMENTS = ["$.p", "$.p[*]", "$.l[*].s", "$.m[*].s", "$.l[*].m[*].k", "$.l[*].q", "$.zz[*]"]
ARRAYS = ["$.l[*]", "$.m[*]", "$.l", "$.l[*].m[*]", "$.l[0]", "$.zz[*]"]
TEMPLATES = [
    "{{a}}-{{n}}",
    "{{o.x}}",
    "{{uppercase t}}",
    "{{{o.y}}}",
    "{{rows.[0].a}}",
    "{{rows.b}}",
    "{{#each rows}}{{n}};{{/each}}",
]
PLAIN = ["x", "y", "x.z", "x.z.w", "o", "o.x", "o.y", "v w"]
PLACED = ["u[0]", "u[2]", "u[0].k", "o.w[1].v", "u[*]", "o.l[0].k"]
ITERATED = ["L[*].x", "L[*].n", "L[*].o.p", "L[*].u[1]", "o.l[*].k"]
NAMES = [*PLAIN, *PLACED, *ITERATED]
KEYS = ["x", "y", "a.b", "u[0]", "v w", "z"]
VALUES = ["string", "number", "boolean", "stringarray", "numberarray", "object", "objectarray", "arrayarray"]

ALIKE = [
    [0, 1, -1, 7, 2**53 - 1, 2**53, -(2**53), 10**20, 10**400],
    [0.0, -0.0, 1.0, 1.5, 1e17, 1e21, 1e-7, 123456789.125, 5e-324, 1e308],
    ["0", "1", "-0", "+7", " 12 ", "007", "9007199254740993", "12345678901234567890", "9" * 350],
    ["1.5", "-0.0", ".5", "5.", "1e3", "1E-7", "1e999", " 2.50 ", "-", "1e", "0x1F", "1_0", "\u0663", "Infinity"],
    ["true", "FALSE", " t ", "f", "0", "1", "yes"],
    [True, False],
    ["A", "<b>", "a & b", "&amp;", "'\"", "{{n}}", "Straße", "é", "\u2028", "  x  ", "A,B", "[1, 2]"],
    ["2024-02-29", "2024-02-29T12:00:00Z", "02/29/2024", "2024-13-01", "2023-11-05T01:30:00-04:00", 1709208000000],
    ["[]", "[1]", "{", '{"k": 1}', '[{"k": null}]'],
    [{"k": 1}, {}, {"k": {"z": None}}],
    [["A"], [], [["A"]], [{"k": 1}], [None, ""]],
]
RICH = [
    "{{#if R.n}}{{R.a}}{{else}}{{R.b}}{{/if}}",
    "{{#if R.a}}x{{/if}}",
    "{{#unless R.b}}{{{R.t}}}{{/unless}}",
    "{{#compare R.n '>' 1}}many{{else}}{{R.n}}{{/compare}}",
    "{{#contains R.t 'a'}}in{{else}}out{{/contains}}",
    "{{add R.n 1}}",
    "{{multiply R.n R.b}}",
    "{{round R.n}}",
    "{{toFixed R.n 2}}",
    "{{abs R.a}}",
    "{{uppercase R.t}} {{lowercase R.a}} {{capitalizeAll R.b}}",
    "{{trim R.t}}|{{{trim R.a}}}",
    "{{replace R.t 'a' 'b'}}",
    "{{substring R.t 0 3}}",
    "{{split R.t ',' 1}}",
    "{{join '-' R.a R.b R.n}}",
    "{{jsonSerialize R.o}}{{{jsonSerialize R.a}}}",
    "{{jsonEncode R.t}}",
    "{{encodeURI R.t}}",
    "{{base64Encode R.a}}",
    "{{dateFormat 'MM/DD/YYYY' R.t}}",
    "{{dateFormat 'YYYY' R.a 'MM/DD/YYYY'}}",
    "{{dateAdd R.t 86400000}}",
    "{{lookup 'dd' R}}",
    "{{R.o.x}}{{R.zz}}{{{R.o}}}",
    "{{#each R.p}}{{this}};{{/each}}",
    "{{#with R.o}}{{x}}{{../R.n}}{{/with}}",
]


class Generator:
    """Makes documents, records and changes."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, *options: Any) -> Any:
        return self.random.choice(options)

    # --- records ---------------------------------------------------------------------------------------------------

    def records(self, doc: dict[str, Any], count: int) -> list[Any]:
        is_grouped = bool(re.search(r"\*\.|rows", repr(doc))) and self.chance(0.7)
        return [
            [self.record() for _ in range(self.random.randrange(4))] if is_grouped else self.record()
            for _ in range(count)
        ]

    def record(self) -> dict[str, Any]:
        return self.gappy(
            {
                "a": self.scalar(),
                "b": self.pick("1", "2", "x", 3, True, ["A", "q"], "A"),
                "n": self.pick(0, 1, 2, 10**17, 1e17, -0.0, 1.5, "7"),
                "t": self.pick("true", "t", "B", "C", "", "2024-03-09"),
                "o": self.gappy({"x": self.scalar(), "y": self.pick(1, "A", {"z": 1}, []), "k.v": 1}),
                "e": self.pick({"f": "F"}, {"f": 1}, {}, []),
                "e.f": self.scalar(),
                "Ship To": self.scalar(),
                "x[0]": self.scalar(),
                "l": self.pick(
                    *[[self.line() for _ in range(self.random.randrange(4))] for _ in range(3)], self.line()
                ),
                "m": [self.gappy({"s": self.scalar()}) for _ in range(self.random.randrange(3))],
                "p": self.pick([], ["A"], [1, "2"], ["", "A"], [None, 1], "A", [["A"], []]),
                "zz": self.pick([], None, [{"s": 1}]),
            }
        )

    def line(self) -> dict[str, Any]:
        inner = [self.gappy({"k": self.scalar()}) for _ in range(self.random.randrange(3))]
        return self.gappy({"s": self.scalar(), "q": self.pick(1, 2.0, "3", "A"), "m": inner})

    def scalar(self) -> Any:
        return self.pick("A", "B", "q", "1", "", 1, 2, 1.0, None, True)

    def gappy(self, record: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in record.items() if not self.chance(0.2)}

    def alike(self, count: int) -> list[Any]:
        """Make records whose columns hold values of one kind each, but for a few of another and gaps."""
        kinds = {name: self.pick(*ALIKE) for name in ("a", "b", "n", "t", "x", "p")}
        others = {name: self.pick(*ALIKE) for name in kinds}
        odd, gaps = self.pick(0, 0, 0.1), self.pick(0, 0, 0.1, 0.5)
        nothing = self.pick([None], [""], [None, "", []])

        def value(name: str) -> Any:
            return (
                self.pick(*nothing)
                if self.chance(gaps / 2)
                else self.pick(*(others if self.chance(odd) else kinds)[name])
            )

        made = []
        for _ in range(count):
            flat = {name: value(name) for name in kinds if not self.chance(gaps / 2)}
            made.append({**flat, "o": {"x": flat.pop("x")} if "x" in flat else {}})
        return made

    # --- documents -------------------------------------------------------------------------------------------------

    def document(self) -> dict[str, Any]:
        while True:
            made = self.pick(self.fields, self.tree, self.tree, self.rows)()
            doc: dict[str, Any] = {**made, "lookups": LOOKUPS}
            if compiles(doc):
                return doc

    def fields(self) -> dict[str, Any]:
        mapping: dict[str, Any] = {"fields": [self.field(name) for name in self.some(NAMES, 6)]}
        if self.chance(0.6):
            names = self.some(["x", "n", "o.p", "o", "k", "u[1]"], 3)
            lines = [self.field(name, [*LINES, self.pick(*LINE_TEMPLATES)]) for name in names]
            if self.chance(0.3):
                lines.append(self.sub_record("sub"))
            mapping["lists"] = [{"generate": self.pick("L", "M", "o.l", "x"), "fields": lines}]
            if self.chance(0.3):
                mapping["lists"][0]["jsonPath"] = self.pick("l", "m[*]")
        if self.chance(0.2):
            mapping["fields"].append(self.sub_record(self.pick("sub", "o.sub", "y")))
        return {"mapping": mapping}

    def conversions(self, records: list[Any]) -> dict[str, Any]:
        """Make a document that converts what it reads, or writes templates of many kinds; few records fail in it."""
        is_fields = self.chance(0.5)
        kinds = [kind for kind in VALUES if not is_fields or ("object" not in kind and kind != "arrayarray")]
        rules: list[dict[str, Any]] = []
        while len(rules) < 4:
            template = self.pick(*RICH).replace("R.", "" if is_fields else "record.").replace(" R}", " record}")
            path = self.pick("a", "b", "n", "t", "o.x", "p")
            rule = {"generate": f"c{len(rules)}", "extract": self.pick(path if is_fields else f"$.{path}", template)}
            self.vary(rule, [*kinds, "json"] if is_fields else kinds, "discardIfEmpty" if is_fields else "conditional")
            rule.setdefault("dataType", self.pick(*kinds))
            rule.update({} if is_fields else {"status": "Active"})
            doc = {**({"mapping": {"fields": [rule]}} if is_fields else {"mappings": [rule]}), "lookups": LOOKUPS}
            if compiles(doc) and (self.chance(0.02) or failures(doc, records) * 10 <= len(records)):
                rules.append(rule)
        return {**({"mapping": {"fields": rules}} if is_fields else {"mappings": rules}), "lookups": LOOKUPS}

    def sub_record(self, generate: str) -> dict[str, Any]:
        inner: dict[str, Any] = {"fields": [self.field(name) for name in self.some([*PLAIN, "u[1]"], 3)]}
        if self.chance(0.4):
            inner["lists"] = [
                {"generate": "q", "fields": [self.field(name, LINES) for name in self.some(["s", "t"], 2)]}
            ]
        sub: dict[str, Any] = {"mapping": inner}
        if self.chance(0.4):
            sub["jsonPath"] = self.pick("o", "l", "$")
        return {"generate": generate, "subRecordMapping": sub}

    def field(self, generate: str, paths: Any = None) -> dict[str, Any]:
        paths = paths or ([*LINES, self.pick(*LINE_TEMPLATES)] if "[*]." in generate else BARE)
        made: dict[str, Any] = {"generate": generate, "extract": self.pick(*paths, self.pick(*TEMPLATES))}
        if self.chance(0.1):
            made["hardCodedValue"] = self.pick("H", "", None, "H,1")
        if self.chance(0.1):
            made[self.pick("useFirstRow", "useIterativeRow")] = True
        self.vary(made, ["string", "number", "stringarray", "boolean", "json"], "discardIfEmpty")
        return made

    def vary(self, made: dict[str, Any], types: list[str], skipping: str) -> None:
        if "dataType" not in made and self.chance(0.3):
            made["dataType"] = self.pick(*types)
        if self.chance(0.25):
            made["default"] = self.pick("D", "5", "", None)
        if self.chance(0.15):
            made.update({skipping: True} if skipping == "discardIfEmpty" else {skipping: {"when": "extract_not_empty"}})
        if self.chance(0.25):
            made["lookupName"] = self.pick("cc", "cc", "dd", "ff")

    def some(self, names: list[str], most: int) -> list[str]:
        return self.random.sample(names, self.random.randint(1, min(most, len(names))))

    def tree(self) -> dict[str, Any]:
        entries = self.entries(0, ROOTED)
        if self.chance(0.2):
            entries.insert(self.random.randint(0, len(entries)), self.draft())
        return {"mappings": entries}

    def draft(self) -> dict[str, Any]:
        return {**self.pick({}, self.entry("x", 1, ROOTED), {"dataType": "string"}), "status": "Draft"}

    def rows(self) -> dict[str, Any]:
        array = {"dataType": "objectarray", "status": "Active", "buildArrayHelper": self.helpers("objectarray", 0)}
        return {"mappings": [self.draft(), array] if self.chance(0.2) else [array]}

    def entries(self, depth: int, paths: list[str]) -> list[dict[str, Any]]:
        return [self.entry(name, depth, paths) for name in self.some(KEYS, 4 if depth == 0 else 2)]

    def entry(self, generate: str, depth: int, paths: list[str]) -> dict[str, Any]:
        kind = self.pick(*VALUES)
        made: dict[str, Any] = {"generate": generate, "dataType": kind, "status": "Active"}
        if kind == "object" and depth < 2 and self.chance(0.7):
            made["mappings"] = self.entries(depth + 1, paths)
            if self.chance(0.3):
                made["extract"] = self.pick("$.o", "$.l[0]", "$.zz")
            if self.chance(0.2):
                made["conditional"] = {"when": "extract_not_empty"}
            return made
        if kind.endswith("array") and depth < 2 and self.chance(0.8):
            made["buildArrayHelper"] = self.helpers(kind, depth)
            if self.chance(0.2) and kind == "stringarray":
                made["default"] = "D"
            return made
        made["extract"] = self.pick(*paths, "literal", "{{record.a}}-{{record.n}}", "{{rows.[0].a}}", "{{rows.b}}")
        if self.chance(0.05):
            made["hardCodedValue"] = self.pick("H", "H,1", "", None)
        if kind in ("string", "number", "stringarray"):
            self.vary(made, VALUES, "conditional")
        return made

    def helpers(self, kind: str, depth: int) -> list[dict[str, Any]]:
        return [self.helper(kind, depth) for _ in range(self.pick(1, 1, 2))]

    def helper(self, kind: str, depth: int) -> dict[str, Any]:
        if kind not in ("objectarray", "arrayarray"):
            made: dict[str, Any] = {"extract": self.pick(*ELEMENTS, *ROOTED)}
            if self.chance(0.3):
                made["default"] = self.pick("7", "", None)
            elif self.chance(0.2):
                made["conditional"] = {"when": "extract_not_empty"}
            return made
        if self.chance(0.2):
            return {"extract": self.pick(*ARRAYS)}
        made = {} if self.chance(0.2) else {"extract": self.pick(*ARRAYS)}
        below = composite(made.get("extract", ""))
        if kind == "objectarray":
            made["mappings"] = self.entries(depth + 1, [*ROOTED, *below * 3])
        else:
            inner = {"dataType": "stringarray", "status": "Active", "extract": self.pick(*below, "$.a", "$.p")}
            made["mappings"] = [inner]
        return made

    # --- changes ---------------------------------------------------------------------------------------------------

    def changed(self, doc: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Change one entry of a document in place; give the document and the path of the rule that differs."""
        while True:
            after = copy.deepcopy(doc)
            path, entry = self.pick(*entries_of(after))
            self.change(path, entry)
            if after != doc and compiles(after):
                return after, re.sub(r"\.buildArrayHelper\[\d+\]\Z", "", path)

    def change(self, path: str, entry: dict[str, Any]) -> None:
        if "extract" in entry and self.chance(0.6):
            is_line = ".lists[" in path or "[*]" in str(entry.get("generate"))
            is_array = "mappings" in entry and "dataType" not in entry
            paths = (
                [*LINES, *LINE_TEMPLATES]
                if is_line
                else BARE
                if path.startswith("mapping.")
                else ARRAYS
                if is_array
                else ROOTED
            )
            entry["extract"] = self.pick(*paths, *(ELEMENTS if "buildArrayHelper" in path and not is_array else ()))
        elif "default" in entry and self.chance(0.5):
            del entry["default"]
        elif "lookupName" in entry and self.chance(0.5):
            del entry["lookupName"]
        elif "buildArrayHelper" not in entry and "mappings" not in entry:
            entry[self.pick("default", "hardCodedValue")] = self.pick("D", "E", "5", "")

    def added(self, doc: dict[str, Any]) -> dict[str, Any] | None:
        """Give a document of fields with one field more, anywhere; None for another document."""
        fields = (doc.get("mapping") or {}).get("fields")
        if not fields:
            return None
        after = copy.deepcopy(doc)
        after["mapping"]["fields"].insert(self.random.randint(0, len(fields)), self.field(self.pick(*NAMES)))
        return after if compiles(after) else None


def composite(extract: str) -> list[str]:
    """Give paths of the element that an array's children see."""
    base = re.sub(r"\[(\*|\d+)\]", "", extract)
    return [f"{base}.{key}" for key in ("s", "q", "k", "m")] if base else ["$.a"]


def compiles(doc: dict[str, Any]) -> bool:
    try:
        compile_mapping(doc)
    except DocumentError:
        return False
    return True


def failures(doc: dict[str, Any], records: list[Any]) -> int:
    return sum(isinstance(output, MappingError) for output in map_records(records, doc))


def entries_of(doc: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """List all entries of a document, helpers among them, with their paths."""
    found: list[tuple[str, dict[str, Any]]] = []

    def down(entries: Any, base: str) -> None:
        for place, entry in enumerate(entries or ()):
            path = f"{base}[{place}]"
            if entry.get("status") == "Draft":
                continue
            if not base.endswith("lists") and "subRecordMapping" not in entry:
                found.append((path, entry))
            for name in ("fields", "mappings", "buildArrayHelper"):
                down(entry.get(name), f"{path}.{name}")
            if "subRecordMapping" in entry:
                both(entry["subRecordMapping"]["mapping"], f"{path}.subRecordMapping.mapping")

    def both(mapping: dict[str, Any], base: str) -> None:
        down(mapping.get("fields"), f"{base}.fields")
        down(mapping.get("lists"), f"{base}.lists")

    both(doc.get("mapping") or {}, "mapping")
    down(doc.get("mappings"), "mappings")
    return found


def undone(after: dict[str, Any], before: dict[str, Any], rules: set[str]) -> dict[str, Any]:
    """Give the second document with what these rules do as in the first; both have the same rules at the same paths."""
    hybrid = copy.deepcopy(after)
    old = dict(entries_of(before))
    for path, entry in entries_of(hybrid):
        # An entry of its own: what lies below it, in mappings or in helpers, has paths of its own.
        if re.sub(r"\.buildArrayHelper\[\d+\]\Z", "", path) in rules:
            kept = {name: entry[name] for name in ("mappings", "buildArrayHelper") if name in entry}
            entry.clear()
            entry.update(copy.deepcopy(old[path]) | kept)
    return hybrid
