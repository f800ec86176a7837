"""``celigo.Mapping``: a mapping as an object, to make, change, measure, compare and explain."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping as AnyMapping
from typing import Any

import pandas as pd

from celigo_pandas.documents.mapping_documents import LookupEntry, MappingDocument
from celigo_pandas.documents.rule_rows import find_rule, iter_rules, no_rule
from celigo_pandas.documents.script_sources import ScriptsLike
from celigo_pandas.documents.written_rules import remove_written, set_rule, with_helper
from celigo_pandas.errors import ConfigError, DocumentError, HintWarning, MappingError, shown
from celigo_pandas.experiments.findings import BlameFindings, CoverageFindings, DiffFindings
from celigo_pandas.experiments.frame_records import exact_frame, fields_of, position_of, records_of
from celigo_pandas.experiments.frozen import freeze
from celigo_pandas.experiments.hook_runs import HookRun, hooks_of, runs_before_mapping, transform_run
from celigo_pandas.experiments.reports import Report, Shown
from celigo_pandas.experiments.rule_texts import mapping_html, mapping_text
from celigo_pandas.experiments.suggestion import Suggested, Suggestion, suggest_document
from celigo_pandas.experiments.surrounding_documents import document_of, merged, put_lookups
from celigo_pandas.experiments.upgrading import upgraded
from celigo_pandas.experiments.verification import verify
from celigo_pandas.frames.notices import notify_once
from celigo_pandas.frames.outward import flatten_sep
from celigo_pandas.mapping import CompiledMapping, compile_mapping
from celigo_pandas.mapping.explain.blame import blame_cell
from celigo_pandas.mapping.explain.coverage import measure
from celigo_pandas.mapping.explain.diff import compare
from celigo_pandas.mapping.explain.hook_stories import blame_story
from celigo_pandas.mapping.explain.traps import find_traps, trap_texts
from celigo_pandas.markup import Markup

__all__ = ["Mapping"]


class _Unset:
    def __repr__(self) -> str:
        return "<unchanged>"


_UNSET: Any = _Unset()
_MEMBERS = {
    "data_type": "dataType",
    "default": "default",
    "lookup": "lookupName",
    "value": "hardCodedValue",
    "extract_date_format": "extractDateFormat",
    "extract_date_timezone": "extractDateTimezone",
    "generate_date_format": "generateDateFormat",
    "generate_date_timezone": "generateDateTimezone",
    "description": "description",
}


class Mapping:
    """The rules and lookups of an import document.

    A rule is named by the path of what it writes: ``total``, ``address.city``, ``lines[*].sku`` (Mapper 1.0 and 2.0
    alike; a dot inside a key is written ``\\.``). Methods that change the mapping return it, so that calls chain.

    Parameters
    ----------
    document : dict, optional
        Import document whose rules to begin with; the rest of it is kept for :meth:`to_import`.
    dialect : {2, 1}, default 2
        Mapper of a mapping that begins empty.

    Examples
    --------
    >>> notice = Mapping().set("tail", "$.tailnum").set("minutes", "$.dep_delay", data_type="number")
    >>> notice.to_import()["mappings"][1]["generate"]
    'minutes'
    """

    def __init__(self, document: AnyMapping[str, Any] | None = None, *, dialect: int = 2) -> None:
        if dialect not in (1, 2):
            raise ConfigError(f"dialect={shown(dialect)}; expected 1 or 2.")
        if document is not None and not isinstance(document, AnyMapping):
            raise DocumentError(f"Got {shown(document)}; expected an import document.")
        self._document = copy.deepcopy(dict(document or {}))
        if document is None and dialect == 1:
            self._document["mapping"] = {"fields": [], "lists": []}
        self._wanted: tuple[str, ...] = ()
        self._fields: dict[tuple[str, ...], str] = {}
        self._suggested: tuple[Suggestion, ...] = ()

    # --- making ------------------------------------------------------------------------------------------------------

    @classmethod
    def from_import(cls, doc: object) -> Mapping:
        """Take the mapping of an import document (dict, builder or saved import), of either dialect.

        Parameters
        ----------
        doc : dict, builder or saved import
            With ``mapping`` or ``mappings``, or neither.

        Examples
        --------
        >>> celigo.Mapping.from_import(import_doc)["email"]["extract"]
        '$.email'
        """
        return cls(document_of(doc))

    @classmethod
    def suggest(cls, df: object, target: object) -> Mapping:
        """Suggest a mapping from a frame to a target.

        Parameters
        ----------
        df : DataFrame
            The source; a sample is enough (its first 1,000 rows are looked at).
        target : list of str, dict or DataFrame
            Names of the target's fields (``lines[*].sku`` for a field of a list); or name to data type; or a sample
            record; or a frame of the target's kind.

        Returns
        -------
        Mapping
            Mapper 2.0. ``suggestions`` gives each pair its confidence and reason; ``unmatched`` lists the target fields
            for which no source is alike enough, and which get no rule. It remembers the columns of `df`: :meth:`set`
            warns of a path that none of them has, of a literal that is the name of one, and of numbers that become
            text.

        Examples
        --------
        >>> celigo.Mapping.suggest(orders, ["email", "colour"]).unmatched
        ('colour',)
        """
        found: Suggested = suggest_document(
            records_of(df if not isinstance(df, pd.DataFrame) else df.head(1000)), target
        )
        mapping = cls(found.document)
        mapping._wanted, mapping._suggested = found.unmatched, found.pairs
        if isinstance(df, pd.DataFrame):
            mapping._fields = fields_of(df, flatten_sep(df, "auto", "."))
        return mapping

    # --- reading and editing -----------------------------------------------------------------------------------------

    @property
    def dialect(self) -> int:
        """Mapper 1 or 2."""
        return MappingDocument.of(self._document).dialect_to_edit

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Target fields for which :meth:`suggest` found no source, and which still have no rule."""
        return tuple(path for path in self._wanted if path not in self)

    @property
    def suggestions(self) -> pd.DataFrame:
        """What :meth:`suggest` paired and :meth:`set` left: ``target, source, confidence`` (0 to 1)``, reason``.

        Examples
        --------
        >>> import pandas as pd
        >>> orders = pd.DataFrame({"age": [30], "placed_at": ["2024-05-01"]})
        >>> found = Mapping.suggest(orders, ["customer_age", "orderedAt"])
        >>> found.suggestions["reason"].tolist()
        ["age is the end of the target's name", 'the same meaning: placed for ordered']
        """
        rows = [(pair.target, pair.source, round(pair.score, 2), pair.reason) for pair in self._suggested]
        return exact_frame(rows, ["target", "source", "confidence", "reason"], ["confidence"])

    @property
    def lookups(self) -> list[dict[str, Any]]:
        """A copy of the lookups."""
        return copy.deepcopy(list(self.compiled.lookups))

    @property
    def compiled(self) -> CompiledMapping:
        """The rules compiled, ready for :mod:`celigo_pandas.mapping`.

        Raises
        ------
        DocumentError
            With every problem of the document, each at its path.
        """
        return compile_mapping(self._document)

    def to_frame(self) -> pd.DataFrame:
        """One row per rule: ``path`` and the members in the vendor's spelling; children are rows of their own.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> mapping.to_frame()["path"].tolist()
        ['order', 'email']
        """
        hidden = ("mappings", "buildArrayHelper")
        rows = [
            {"path": path, **{name: value for name, value in rule.items() if name not in hidden}}
            for path, rule in iter_rules(self._document)
        ]
        columns = ["path", *dict.fromkeys(key for row in rows for key in row if key != "path")]
        return exact_frame(([row.get(name) for name in columns] for row in rows), columns)

    def __contains__(self, generate: object) -> bool:
        return isinstance(generate, str) and find_rule(self._document, generate) is not None

    def __getitem__(self, generate: str) -> dict[str, Any]:
        rule = find_rule(self._document, generate)
        if rule is None:
            raise no_rule(self._document, generate)
        return copy.deepcopy(rule.entry)

    def set(
        self,
        generate: str,
        extract: object = _UNSET,
        *,
        when: object = _UNSET,
        members: AnyMapping[str, Any] | None = None,
        **options: Any,
    ) -> Mapping:
        """Add a rule, or change the named members of the one that is there.

        Parameters
        ----------
        generate : str
            Path of what is written.
        extract : str, optional
            The vendor's own text: ``$.a.b``, a template, a literal (2.0); ``a.b``, ``["text"]`` (1.0).
        when : str, optional
            Condition, e.g. ``"extract_not_empty"``.
        members : mapping, optional
            Further members in the vendor's spelling.
        **options
            ``data_type, default, lookup`` (name), ``value`` (hard-coded), ``extract_date_format,
            extract_date_timezone, generate_date_format, generate_date_timezone, description``. ``...`` removes a
            member.

        Raises
        ------
        DocumentError
            A list that the path goes through does not exist yet.
        ConfigError
            An option of another name.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> mapping.set("email", default="none")["email"]["default"]
        'none'
        """
        changes: dict[str, Any] = {}
        if unknown := set(options) - set(_MEMBERS):
            listed = ", ".join(sorted(unknown))
            raise ConfigError(f"set() knows no {listed}; expected {', '.join(_MEMBERS)}, or members={{...}}.")
        if extract is not _UNSET:
            changes["extract"] = extract
        for name, value in options.items():
            changes[_MEMBERS[name]] = value
        if when is not _UNSET:
            changes["conditional"] = ... if when is ... else {"when": when}
        changes.update(members or {})
        if self.dialect == 2:
            there = find_rule(self._document, generate)
            changes = with_helper(None if there is None else there.entry, changes, generate)
        self._document = set_rule(self._document, generate, changes)
        if extract is not _UNSET:
            self._suggested = tuple(pair for pair in self._suggested if pair.target != generate)
        self._warn_of_traps(generate, is_typed="dataType" in changes)
        return self

    def _warn_of_traps(self, generate: str, *, is_typed: bool) -> None:
        if not self._fields:
            return
        branch = self._branch(generate)
        try:
            compiled = compile_mapping(branch)
        except DocumentError:  # what is not whole yet is told when it is used
            return
        traps = [trap for trap in find_traps(compiled, branch, self._fields) if trap.cell == generate]
        if is_typed:  # text is what was asked for
            traps = [trap for trap in traps if trap.kind != "retyped"]
        for text in trap_texts(traps, self._fields, as_call=True):
            notify_once(text, HintWarning)

    def _branch(self, generate: str) -> dict[str, Any]:
        """Return the document without the rules beside this one, so that a call costs no more when there are more."""
        entries = self._document.get("mappings") or []
        wanted = [entry for entry in entries if any(path == generate for path, _ in iter_rules({"mappings": [entry]}))]
        return {**self._document, "mappings": wanted}

    def set_lookup(self, name: str, map: AnyMapping[str, Any], **members: Any) -> Mapping:
        """Add or replace a static lookup; further members (``default``, ``allowFailures``) in the vendor's spelling.

        Parameters
        ----------
        name : str
        map : mapping
            What is looked up, and what it becomes.
        **members
            ``default``, ``allowFailures`` and others, in the vendor's spelling.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> mapping = mapping.set_lookup("states", {"open": "O"}).set("state", "$.status", lookup="states")
        >>> mapping.apply(orders.head(1))[0]["state"]
        'O'
        """
        lookup = {"name": name, "map": {str(key): value for key, value in map.items()}, **members}
        put_lookups(self._document, [LookupEntry("", 0, copy.deepcopy(lookup))])
        return self

    def remove(self, generate: str) -> Mapping:
        """Remove a rule, with everything below it.

        Parameters
        ----------
        generate : str
            Path of what the rule writes.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> "email" in mapping.remove("email")
        False
        """
        self._document = remove_written(self._document, generate)
        self._suggested = tuple(pair for pair in self._suggested if pair.target != generate)
        return self

    def copy(self) -> Mapping:
        """Return a mapping that can be changed apart from this one.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> "email" in mapping.copy().remove("email"), "email" in mapping
        (False, True)
        """
        twin = Mapping(self._document)
        twin._wanted, twin._fields, twin._suggested = self._wanted, self._fields, self._suggested
        return twin

    def to_import(self, doc: object = None) -> dict[str, Any]:
        """Return an import document with this mapping.

        Parameters
        ----------
        doc : dict, builder or saved import, optional
            Written into a copy of it: its rules are replaced, lookups replaced or added by name, everything else stays.
            By default the document that this mapping was made from.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> mapping.to_import(celigo.build.http_import("/orders"))["http"]["relativeURI"]
        ['/orders']
        """
        return copy.deepcopy(self._document) if doc is None else merged(document_of(doc), self._document)

    def upgrade(self, df: object = None) -> Mapping:
        """Rewrite a Mapper 1.0 mapping in Mapper 2.0.

        Parameters
        ----------
        df : DataFrame, optional
            Rows over which both are evaluated; a difference is an error. Also tells the type of fields that have none.
            Without it nothing is evaluated, and what data decide may differ: empty arrays, arrays where a value is
            expected, missing members of an object, empty text that is looked up, grouped rows.

        Raises
        ------
        DocumentError
            Rules without an equal, or rows that both map differently; ``problems`` names each.

        Examples
        --------
        >>> old = celigo.Mapping({"mapping": {"fields": [{"generate": "order", "extract": "id"}]}})
        >>> old.upgrade(orders)["order"]["extract"]
        '$.id'
        """
        return Mapping(upgraded(self._document, None if df is None else records_of(df)))

    # --- measuring ---------------------------------------------------------------------------------------------------

    def apply(self, df: object) -> list[Any]:
        """Map each row; one object, list of rows or MappingError each.

        Parameters
        ----------
        df : DataFrame, or list of dict
            The rows.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> mapping.apply(orders.iloc[[1]])[0]["order"]
        '3'
        """
        return self.compiled.evaluate(records_of(df))

    def coverage(self, df: object, *, scripts: ScriptsLike | None = None) -> CoverageFindings:
        """Measure, per rule, how often its source is there, null, retyped, untranslated, undated; and unused fields.

        Costs about one evaluation. No request is made, but for scripts that are read from an account.

        Parameters
        ----------
        df : DataFrame, or list of dict
            The rows.
        scripts : dict, or client.scripts, optional
            The scripts that the document names, by id or name: what a transform and a preMap write is there for the
            rules, and records that they do not let pass are not counted. Without it the rows are read as they came.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> mapping.set("phone", "$.phone_number").coverage(orders).dead
        ['phone']
        """
        records, hooks = records_of(df), self._hooks("coverage", scripts)
        if hooks is not None:
            records = hooks.passing(records)
        return CoverageFindings(measure(self.compiled, records))

    def _hooks(self, method: str, scripts: ScriptsLike | None) -> HookRun | None:
        """Return the scripts around the mapping; without them, say once what the rows are then read without."""
        if scripts is not None:
            return hooks_of(self._document, scripts)
        if places := runs_before_mapping(self._document):
            notify_once(
                f"{method}() reads the rows as they came: what {' and '.join(places)} writes is not there. "
                "Give scripts={'_id or name': 'file.js'} or scripts=client.scripts.",
                HintWarning,
            )
        return transform_run(self._document)

    def diff(self, other: object, df: object) -> DiffFindings:
        """Compare with another mapping over the same rows: which output cells change, by rule.

        Parameters
        ----------
        other : Mapping or import document
            The other version; ``before`` is this mapping, ``after`` is `other`.
        df : DataFrame

        Notes
        -----
        Costs two evaluations. No request is made. What rules that do the same write is not compared, and both see one
        time, so that only the rules make a difference. Of rows that fail in both (``uncompared``) nothing is known.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> mapping.diff(mapping.copy().set("email", default="none"), orders).frame["cells"].tolist()
        [2]
        """
        return DiffFindings(compare(self.compiled, compile_mapping(document_of(other)), records_of(df)), df)

    def blame(self, df: Any, row: object, cell: str, *, scripts: ScriptsLike | None = None) -> BlameFindings:
        r"""Explain one output cell: rule, source path, source value, each step; and the hook that wrote a value.

        Parameters
        ----------
        df : DataFrame
        row : label
            Index label of the row.
        cell : str
            ``total``, ``address.city``, ``lines[2].sku``; an object or list as a whole (``address``, ``lines``), or a
            cell of every element (``lines[*].sku``). A dot in a key is written ``\.``.
        scripts : dict, or client.scripts, optional
            The scripts that the document names, by id or name. Where the record before and after a hook differs in what
            the cell is made of, the hook is a step: ``preMap (orders.js:14)``.

        Raises
        ------
        MappingError
            No rule writes such a cell of this row, or a hook does not let the row pass.
        FrameError
            No row, or several, have this label.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> "id = 3" in str(mapping.blame(orders, 1, "order"))
        True
        """
        position, hooks = position_of(df, row), self._hooks("blame", scripts)
        if hooks is not None:
            story = hooks.story(self.compiled, records_of(df), position)
            if isinstance(story, MappingError):
                raise story
            return BlameFindings(blame_story(self.compiled, story, cell), row)
        one = df.iloc[[position]] if isinstance(df, pd.DataFrame) else [df[position]]
        return BlameFindings(blame_cell(self.compiled, records_of(one)[0], cell), row)

    def report(
        self, df: object, against: object = None, *, title: str = "Mapping report", plan: Shown | None = None
    ) -> Report:
        """Write one self-contained HTML page for a change ticket.

        Parameters
        ----------
        df : DataFrame
        against : Mapping or import document, optional
            The version before; the page then shows what changes.
        title : str
        plan : ImportPlan, optional
            Of :func:`~celigo_pandas.plan_import`: the page then shows what a push of the rows would change.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> mapping.report(orders).save("report.html").name
        'report.html'
        """
        before = None if against is None else Mapping.from_import(against)
        return Report.of(self, before, df, title, plan)

    def freeze(self, df: object, path: str | os.PathLike[str], *, scripts: ScriptsLike | None = None) -> int:
        """Write the rows with what this mapping makes of them, for :func:`celigo_pandas.experiments.check_frozen`.

        The check sees the time of freezing as the present. Cells that vary by themselves (random text) are left out.

        Parameters
        ----------
        df : DataFrame, or list of dict
            The rows.
        path : path
            A file to write.
        scripts : dict, or client.scripts, optional
            The scripts that the document names, by id or name: what they and the mapping make together is frozen, and
            their text with it.

        Returns
        -------
        int
            How many distinct examples were written.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> mapping.freeze(orders, "orders.frozen.json")
        20
        """
        if scripts is None:
            self._hooks("freeze", None)
        return freeze(self._document, records_of(df), path, scripts)

    def verify(self, df: object, con: object, *, batch_size: int = 100) -> pd.DataFrame:
        """Map the same rows here and on the server (``/import/map``), and return where they disagree.

        Parameters
        ----------
        df : DataFrame
        con : Connection
            Of an account. The local engine uses the same code as this method, so it is refused.
        batch_size : int
            Rows a request.

        Returns
        -------
        DataFrame
            One row per cell: ``row``, ``cell``, ``rule``, ``local``, ``server``. Empty where both agree. With
            one-to-many a cell begins with its record among those of the row, ``[1].sku``; children that are the
            same on both sides agree, whatever place those that were refused leave them.

        Notes
        -----
        The document's filter counts here as on the server: a row that one side leaves out has no cells there.
        One request per `batch_size` rows; nothing is written to the outer system.

        Examples
        --------
        >>> mapping = celigo.Mapping().set("order", "$.id").set("email", "$.email")
        >>> mapping.verify(orders, con).empty  # doctest: +SKIP
        """
        return verify(self._document, df, con, batch_size)

    # --- showing -----------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and self._document == other._document

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        reasons = {pair.target: f"{pair.score:.0%}, {pair.reason}" for pair in self._suggested}
        return mapping_text(self._document, self.unmatched, reasons)

    def _repr_html_(self) -> Markup:
        return mapping_html(self._document, self.unmatched)
