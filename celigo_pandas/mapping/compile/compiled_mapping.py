"""A document compiled: rules of either dialect, and their evaluation over lists of records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.documents.scalars import with_truth
from celigo_pandas.errors import DocumentError, Problem
from celigo_pandas.handlebars.contexts import (
    envelope_root,
    joined,
    mapper_one_context,
    mapper_two_context,
    record_members,
)
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.compile.mapper_one import compile_fields
from celigo_pandas.mapping.compile.mapper_two import compile_tree
from celigo_pandas.mapping.compile.rule_parts import Parts
from celigo_pandas.mapping.evaluate.evaluation import object_rows, rule_column
from celigo_pandas.mapping.evaluate.traces import CellTrace, Tracer
from celigo_pandas.mapping.rules.rule_tree import Rule, walk
from celigo_pandas.mapping.scopes.scope import Scope
from celigo_pandas.mapping.scopes.typed_columns import stepped, types_of
from celigo_pandas.mapping.steps.run import ResolveLookup, Run, Watch

__all__ = ["CompiledMapping", "compile_mapping", "compile_parts", "evaluate_together", "map_records"]

_CHUNK: Final = 2000


class CompiledMapping:
    """A mapping ready to be evaluated, any number of times and from any thread.

    Attributes
    ----------
    dialect : int
        1 or 2; 0 when the document has no mapping and records pass as they are.
    tree : tuple of Rule
        The rules as the document nests them.
    rules : tuple of Rule
        Every rule, parents first; each has ``path``, ``cell``, ``generate``, ``reads``.
    is_envelope : bool
        Whether Mapper 2.0 reads from the envelope, in which the record is one member, and not from the record.
    """

    def __init__(
        self, dialect: int, tree: tuple[Rule, ...], lookups: Sequence[dict[str, Any]] = (), *, envelope: bool = False
    ) -> None:
        self.dialect = dialect
        self.tree = tree
        self.rules = tuple(walk(tree))
        self.lookups = tuple(lookups)
        self.is_envelope = envelope

    def evaluate(
        self,
        records: Sequence[Any],
        *,
        context: Mapping[str, Any] | None = None,
        resolve_lookup: ResolveLookup | None = None,
        now: Callable[[], Any] | None = None,
        watch: Watch | None = None,
    ) -> list[Any]:
        """Map records.

        Parameters
        ----------
        records : sequence
            Objects, or arrays of rows (grouped). Not modified; values that a rule copies are shared, not cloned.
        context : mapping, optional
            What templates see beside the record: ``settings``, ``connection`` (masked), ``import``, ``job``.
        resolve_lookup : callable, optional
            ``resolve_lookup(lookup_doc, context) -> value or UNDEFINED`` for lookups that only a server can answer;
            the context holds the value to look up as ``lookupKey``.
        now : callable, optional
            Clock for dates that say only a time.
        watch : Watch, optional
            Told of each step of each rule.

        Returns
        -------
        list
            One object (or list of rows, or MappingError) per record, in order.
        """
        return evaluate_together([self], records, context=context, resolve_lookup=resolve_lookup, now=now, watch=watch)[
            0
        ]

    def evaluate_chunk(self, scope: Scope, run: Run) -> list[Any]:
        """Map the records of one scope that :meth:`open_scope` made."""
        outputs = self._outputs(scope, run)
        for record in run.failures:
            outputs[record] = run.error_of(record)
        return outputs

    def open_scope(self, records: list[Any], surroundings: Mapping[str, Any]) -> Scope:
        """Open what the rules read from; mappings of one dialect may share it."""
        roots = [envelope_root(record, surroundings) for record in records] if self.is_envelope else records
        return Scope(roots, self._context_maker(surroundings), read_member=self._member_reader(surroundings))

    def _outputs(self, scope: Scope, run: Run) -> list[Any]:
        if self.makes_rows:
            column = rule_column(self.tree[0], scope, run)
            return [[] if value is UNDEFINED else value for value in column]
        return object_rows(self.tree, scope, run)

    @property
    def makes_rows(self) -> bool:
        """Whether a record becomes a list of rows."""
        return len(self.tree) == 1 and not self.tree[0].keys

    def _context_maker(self, surroundings: Mapping[str, Any]) -> Callable[[Any], dict[str, Any]]:
        if self.dialect == 1:
            return lambda record: mapper_one_context(record, surroundings)
        if self.is_envelope:
            return lambda root: {**surroundings, **root, **record_members(root.get("record"))}
        return lambda record: mapper_two_context(record, surroundings)

    def _member_reader(self, surroundings: Mapping[str, Any]) -> Callable[[str, list[Any]], list[Any] | None]:
        """Say which members of contexts are columns of the records themselves."""

        def read(name: str, roots: list[Any]) -> list[Any] | None:
            if self.dialect == 2:
                return roots if name == "record" and not self.is_envelope else None
            if name in surroundings or name in ("data", "rows") or types_of(roots) != {dict}:
                return None
            return stepped(roots, name)

        return read

    def trace(self, record: object, **surroundings: Any) -> list[CellTrace]:
        """Map one record and tell every step of every output cell.

        Parameters
        ----------
        record : object
            One record.
        **surroundings
            As for :meth:`evaluate`.

        Returns
        -------
        list of CellTrace
            In the order of the rules: the cell (``lines[2].sku``), its rule, source paths, and each step with the
            value before and after it.
        """
        tracer = Tracer(self.tree)
        outcome = self.evaluate([record], watch=tracer, **surroundings)[0]
        return tracer.cells(outcome)


def evaluate_together(
    mappings: Sequence[CompiledMapping],
    records: Sequence[Any],
    *,
    context: Mapping[str, Any] | None = None,
    resolve_lookup: ResolveLookup | None = None,
    now: Callable[[], Any] | None = None,
    watch: Watch | None = None,
) -> list[list[Any]]:
    """Map records by several mappings, which read each path once; the rest as for :meth:`CompiledMapping.evaluate`.

    Returns
    -------
    list of list
        For each mapping its outputs.
    """
    surroundings = dict(context or {})
    mapped: list[list[Any]] = [[] if mapping.dialect else list(records) for mapping in mappings]
    for start in range(0, len(records), _CHUNK):
        chunk = list(records[start : start + _CHUNK])
        scopes: dict[tuple[int, bool], Scope] = {}
        for mapping, outputs in zip(mappings, mapped, strict=True):
            if mapping.dialect:
                kind = (mapping.dialect, mapping.is_envelope)
                scope = scopes.get(kind) or scopes.setdefault(kind, mapping.open_scope(chunk, surroundings))
                run = Run(start, surroundings, mapping.lookups, resolve_lookup, now, watch)
                outputs += mapping.evaluate_chunk(scope, run)
    return mapped


def compile_parts(doc: Mapping[str, Any]) -> tuple[CompiledMapping, Parts]:
    """Compile the mapping of an import document, with everything that is wrong with it."""
    found = MappingDocument.of(doc)
    entries = [entry for entry in found.lookups if isinstance(entry.value, dict)]
    lookups = [with_truth(entry.value, "allowFailures") for entry in entries]
    parts = Parts(lookups)
    for entry in entries:
        parts.flag(entry.value, "allowFailures", entry.path)
    parts.problems += found.problems
    parts.remarks += found.remarks
    rules: tuple[Rule, ...] = ()
    if found.dialect == 2:
        rules = compile_tree(found.tree, parts)
    elif found.dialect == 1:
        rules = compile_fields(found.fields, parts, found.fields_path)
    envelope = doc.get("inputContext") == "envelope"
    return CompiledMapping(found.dialect, rules, lookups, envelope=envelope), parts


def compile_mapping(doc: Mapping[str, Any]) -> CompiledMapping:
    """Compile the mapping of an import document.

    Parameters
    ----------
    doc : mapping
        Import document with ``mapping`` (1.0), ``mappings`` (2.0) or neither, and ``lookups``. Not modified.

    Raises
    ------
    DocumentError
        With every problem that makes it unusable, each at its path.

    Notes
    -----
    Whether Mapper 2.0 reads from the record or from the envelope is stored by the platform under a name that is not
    published. Assumed here: ``"inputContext": "envelope"`` beside ``mappings``.
    """
    if not isinstance(doc, Mapping):
        raise DocumentError(
            "A mapping needs an import document.", problems=[Problem("not_an_object", "Not an object.")]
        )
    compiled, parts = compile_parts(doc)
    check(parts)
    return compiled


def check(parts: Parts) -> None:
    """Raise what compiling found, if it makes the document unusable."""
    if parts.problems:
        count = len(parts.problems)
        listed = "; ".join(str(problem) for problem in parts.problems[:5])
        more = f"; and {count - 5} more" if count > 5 else ""
        noun = "problem" if count == 1 else "problems"
        raise DocumentError(f"The mapping has {count} {noun}: {listed}{more}.", problems=parts.problems)


def map_records(
    records: Sequence[Any],
    doc: Mapping[str, Any],
    *,
    settings: Mapping[str, Any] | None = None,
    connection: Mapping[str, Any] | None = None,
    context: Mapping[str, Any] | None = None,
    resolve_lookup: ResolveLookup | None = None,
    now: Callable[[], Any] | None = None,
) -> list[Any]:
    """Map records as an import document says.

    Parameters
    ----------
    records : sequence
        Objects, or arrays of rows (grouped records).
    doc : mapping
        Import document with ``mapping`` or ``mappings``, and ``lookups``. Without either, records pass as they are.
    settings, connection : mapping, optional
        What templates see under these names; `connection` must be masked.
    context : mapping, optional
        Further members of the template context (``import``, ``job``).
    resolve_lookup, now : callable, optional
        As for :meth:`CompiledMapping.evaluate`.

    Returns
    -------
    list
        One object, list of rows, or :class:`MappingError` per record, in order. A record that fails does not touch
        its neighbours.

    Raises
    ------
    DocumentError
        The document cannot be compiled.

    Examples
    --------
    >>> map_records([{"a": "1"}], {"mapping": {"fields": [{"generate": "x", "extract": "a"}]}})
    [{'x': '1'}]
    """
    return compile_mapping(doc).evaluate(
        records,
        context=joined(context, settings, connection),
        resolve_lookup=resolve_lookup,
        now=now,
    )
