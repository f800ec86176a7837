"""Templates: compiled once, rendered for many contexts."""

from __future__ import annotations

import random as randomness
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal

from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars.analysis import find_elements, find_lookups, find_paths, find_warnings
from celigo_pandas.handlebars.compilation import check_depth, compile_program
from celigo_pandas.handlebars.context_columns import Batch, Contexts, Many
from celigo_pandas.handlebars.escaping import find_escape
from celigo_pandas.handlebars.json_places import mark_raw, refuse_operators, settle
from celigo_pandas.handlebars.lookups import by_name
from celigo_pandas.handlebars.parsing import parse_template
from celigo_pandas.handlebars.rendering import DEFAULT_LIMITS, Limits, Refusal, Run, Scope
from celigo_pandas.handlebars.soql import FORMS
from celigo_pandas.javascript.date_parts import Clock
from celigo_pandas.javascript.dates import DateError, utc_now
from celigo_pandas.javascript.regexes import PatternError
from celigo_pandas.javascript.values import UNDEFINED, to_text

__all__ = ["Template", "compile_template", "render"]

Escape = Literal["none", "url", "sql", "html", "soql", "json"]
Lookups = Iterable[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]]
DynamicLookups = Mapping[str, Any] | Callable[[str], Any] | None

_NO_LOOKUPS: Final[Mapping[str, Mapping[str, Any]]] = {}
_secure_number = randomness.SystemRandom().randrange


class Template:
    """A compiled template.

    Parameters
    ----------
    source : str
        The template as it was written.

    Raises
    ------
    TemplateError
        The text is no template; ``position`` says where.

    Examples
    --------
    >>> Template("Hello {{record.name}}").render({"record": {"name": "Ann"}})
    'Hello Ann'
    """

    def __init__(self, source: str) -> None:
        if not isinstance(source, str):
            raise TemplateError(f"A template is text, not {type(source).__name__}.", position=0)
        self.source = source
        try:
            self._tree = parse_template(source)
        except RecursionError as error:
            raise check_depth(error, source) from None
        self._programs: dict[tuple[str, bool], tuple[Callable[[Scope], str], Many]] = {}

    def __repr__(self) -> str:
        return f"Template({self.source!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Template, (self.source,)

    def render(
        self,
        context: object,
        *,
        lookups: Lookups = (),
        escape: Escape = "none",
        dynamic_lookups: DynamicLookups = None,
        now: Clock | None = None,
        random: Callable[[int], int] | None = None,
        strict: bool = False,
        limits: Limits = DEFAULT_LIMITS,
    ) -> str:
        """Render for one context.

        Parameters
        ----------
        context : dict
            What the paths read: ``{"record": ..., "settings": ...}``, or bare names. Not modified.
        lookups : iterable of dict, or dict by name
            Lookup documents, for ``{{lookup "name" key}}``.
        escape : {"none", "url", "sql", "html", "soql", "json"}
            How ``{{x}}`` writes its value; ``{{{x}}}`` is raw in each. In ``soql`` the typed forms exist:
            ``{{{string Name}}}``, ``{{{id Id}}}``, ``{{{date Day}}}``. In ``json`` the template is JSON, and no value
            can leave its place: between quotes it is escaped, elsewhere it must be a value of its own.
        dynamic_lookups : mapping or callable, optional
            Gives the results of dynamic lookups by name, for ``{{lookup.name}}``; called only for those that are
            read. UNDEFINED stands for none.
        now : callable, optional
            The clock, an aware datetime; for ``timestamp`` and dates without a year.
        random : callable, optional
            Takes n and gives a number from 0 to n - 1, for ``random``.
        strict : bool, default False
            A field that is not there is an error instead of empty text.
        limits : Limits
            What the rendering may use.

        Returns
        -------
        str
            No requests are made, nothing is read or written.

        Raises
        ------
        TemplateError
            A helper refuses its arguments, an unknown helper is called, a lookup has no entry (then
            ``problems[0].source`` is ``"lookup"``), or a limit is reached.
        """
        names = by_name(lookups) if lookups else _NO_LOOKUPS
        run = Run(context, names, dynamic_lookups, now or utc_now, random or _secure_number, limits)
        return self._rendered(run, escape, strict, settle if escape == "json" else None)

    def render_query(self, context: object, *, is_expression: bool) -> str:
        """Render a query of MongoDB: JSON in which no value begins an operator.

        Parameters
        ----------
        context : dict
            What the paths read.
        is_expression : bool
            Whether a text that begins with a dollar is an operator too, as in a pipeline.

        Raises
        ------
        TemplateError
            As :meth:`render`; and where a value would be an operator.

        Examples
        --------
        >>> Template('{"sku": "{{sku}}"}').render_query({"sku": "$7"}, is_expression=False)
        '{"sku": "$7"}'
        """

        def settled(text: str) -> str:
            refuse_operators(text, is_expression=is_expression)
            return settle(text)

        run = Run(context, _NO_LOOKUPS, None, utc_now, _secure_number, DEFAULT_LIMITS)
        return self._rendered(run, "json", False, settled)

    def _rendered(self, run: Run, escape: str, strict: bool, end: Callable[[str], str] | None) -> str:
        program, _ = self._program(escape, strict)
        try:
            text = program(Scope(run.root, None, {"root": run.root}, None, run))
            run.check_size(len(text))
            text = text if end is None else end(text)
        except RecursionError as error:
            raise check_depth(error, self.source) from None
        except Refusal as error:
            raise TemplateError(
                f"The template cannot be evaluated: {error}.", template=self.source, position=0, hint=error.hint or None
            ) from None
        return text

    def _program(self, escape: str, strict: bool) -> tuple[Callable[[Scope], str], Many]:
        program = self._programs.get((escape, strict))
        if program is None:
            forms = FORMS if escape == "soql" else {}
            raw = mark_raw if escape == "json" else to_text
            program = compile_program(self._tree, self.source, find_escape(escape), strict, forms, raw)
            self._programs[escape, strict] = program
        return program

    def render_together(
        self, contexts: Contexts, *, lookups: Lookups = (), escape: Escape = "none", now: Clock | None = None
    ) -> list[str] | None:
        """Render for many contexts at once, with the options of :meth:`render`.

        Returns
        -------
        list of str, or None
            What :meth:`render` gives for each; None where one of them is refused, or they are too much together.
        """
        names = by_name(lookups) if lookups else _NO_LOOKUPS
        run = Run(UNDEFINED, names, None, now or utc_now, _secure_number, DEFAULT_LIMITS)
        _, program = self._program(escape, False)
        try:
            texts: list[str] = program(Batch(contexts, run))
            run.check_size(len("".join(texts)))
            texts = list(map(settle, texts)) if escape == "json" else texts
        except (TemplateError, Refusal, PatternError, DateError, OverflowError, RecursionError):
            return None
        return texts

    def paths(self) -> tuple[str, ...]:
        """List the field paths that the template reads, from the root of the context.

        Returns
        -------
        tuple of str
            In order of first appearance, each once. ``[*]`` stands for every element of a loop; names with special
            characters are in brackets. What is read from a computed value is not listed.
        """
        return find_paths(self._tree)

    def elements(self) -> tuple[str, ...]:
        """List the paths that read the element at hand, ``items[*].sku`` or ``*.sku``: they make lines of a list."""
        return find_elements(self._tree)

    def lookups(self) -> tuple[str, ...]:
        """List the lookups that the template asks by a name written in it: ``{{lookup "name" key}}``, each once."""
        return find_lookups(self._tree)

    def warnings(self) -> tuple[str, ...]:
        """List what will work but probably not as meant; each entry names its character."""
        return find_warnings(self._tree, self.source)


@lru_cache(maxsize=2048)
def compile_template(text: str) -> Template:
    """Compile a template; the last two thousand are kept.

    Raises
    ------
    TemplateError
        The text is no template.
    """
    return Template(text)


def render(template: str, context: object, *, lookups: Lookups = (), escape: Escape = "none", **options: Any) -> str:
    """Render a template for one context: :func:`compile_template`, then :meth:`Template.render`.

    Parameters
    ----------
    template : str
        The template.
    context : dict
        What the paths read.
    lookups : iterable of dict
        Lookup documents.
    escape : {"none", "url", "sql", "html", "soql", "json"}
        How ``{{x}}`` writes its value.
    **options
        The other options of :meth:`Template.render`.

    Examples
    --------
    >>> render("{{uppercase record.city}}", {"record": {"city": "Oslo"}})
    'OSLO'
    """
    return compile_template(template).render(context, lookups=lookups, escape=escape, **options)
