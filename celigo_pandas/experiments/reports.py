"""One self-contained HTML page about a mapping: for a change ticket."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from celigo_pandas.errors import ConfigError
from celigo_pandas.experiments.findings import CoverageFindings, DiffFindings, failing_rows
from celigo_pandas.experiments.frame_records import records_of
from celigo_pandas.experiments.frozen import digest
from celigo_pandas.experiments.surrounding_documents import diff_documents
from celigo_pandas.folders import user_path
from celigo_pandas.frames.side_by_side import pair_texts
from celigo_pandas.javascript.dates import utc_now
from celigo_pandas.mapping import CompiledMapping
from celigo_pandas.mapping.explain.coverage import measure
from celigo_pandas.mapping.explain.diff import compare_evaluations
from celigo_pandas.markup import Markup, table, tag

__all__ = ["Report", "Shown"]

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c1e21;background:#fff}
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid #d5d8dc}
table{border-collapse:collapse;margin:.5rem 0;font-size:.9rem}th{text-align:left;border-bottom:2px solid #888}
th,td{padding:.25rem .9rem .25rem 0;vertical-align:top;overflow-wrap:anywhere;min-width:4.5em}
tr+tr td{border-top:1px solid #e6e8ea}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{background:#f5f6f7;padding:.8rem;overflow:auto;max-height:30rem}
.facts{color:#5b6066}.facts code{font-size:12px}
@media (prefers-color-scheme:dark){body{background:#16181b;color:#e4e6e9}h2,tr+tr td{border-color:#3a3f45}
pre{background:#202327}.facts{color:#a0a6ad}}
"""


class Reported(Protocol):
    """A mapping that a page can be made of."""

    @property
    def compiled(self) -> CompiledMapping:
        """Its rules, compiled."""

    def to_import(self) -> dict[str, Any]:
        """Return its import document."""

    def _repr_html_(self) -> Markup: ...


class Shown(Protocol):
    """What shows itself as HTML."""

    def _repr_html_(self) -> Markup: ...


class Report:
    """A finished page; ``save`` writes it, a notebook shows it.

    Attributes
    ----------
    html : str
        The whole document. No script, no picture, nothing is loaded from anywhere.
    """

    def __init__(self, html: str, title: str) -> None:
        self.html = html
        self.title = title

    @classmethod
    def of(
        cls, mapping: Reported, before: Reported | None, df: object, title: str, plan: Shown | None = None
    ) -> Report:
        """Measure and write the page; `plan` is what a push of the rows would do."""
        records = records_of(df)
        compiled = mapping.compiled
        started = utc_now()
        outputs = compiled.evaluate(records, now=lambda: started)
        parts = [tag("h1", title), _facts(mapping, before, records)]
        if before is not None:
            old = before.compiled
            earlier = old.evaluate(records, now=lambda: started)
            found = DiffFindings(compare_evaluations(old, compiled, earlier, outputs), df)
            parts += [tag("h2", "What changes in the rows"), found._repr_html_()]
            parts += [tag("h2", "What changes in the rules"), _rule_changes(mapping, before)]
        if plan is not None:
            parts += [tag("h2", "What a push would change"), plan._repr_html_()]
        parts += [
            tag("h2", "Coverage"),
            CoverageFindings(measure(compiled, records, now=lambda: started))._repr_html_(),
        ]
        parts += [tag("h2", "Rows that fail"), failing_rows(outputs, df)]
        parts += [tag("h2", "The mapping"), mapping._repr_html_()]
        source = json.dumps(mapping.to_import(), indent=2, ensure_ascii=False, default=str)
        return cls._of([*parts, tag("h2", "The document"), tag("pre", source)], title)

    @classmethod
    def page(cls, title: str, parts: Iterable[Markup]) -> Report:
        """Write a page of parts that are HTML already, below its title."""
        return cls._of([tag("h1", title), *parts], title)

    @classmethod
    def _of(cls, parts: list[Markup], title: str) -> Report:
        head = tag("head", tag("meta", charset="utf-8"), tag("title", title), Markup(f"<style>{_STYLE}</style>"))
        body = tag("body", *parts)
        return cls("<!doctype html>" + tag("html", head, body, lang="en"), title)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page and return its path.

        Raises
        ------
        ConfigError
            The file cannot be written.
        """
        target = user_path(path)
        try:
            target.write_text(self.html, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise ConfigError(f"Cannot write the report {str(target)!r}: {error.strerror}.") from error
        return target

    def __repr__(self) -> str:
        return f"<Report {self.title!r}, {len(self.html):,} characters; save(path) writes it>"

    def _repr_html_(self) -> Markup:
        # A frame of its own: the page's style must not reach the notebook.
        return tag("iframe", srcdoc=self.html, sandbox="", style="width:100%;height:40rem;border:1px solid #ccc")


def _facts(mapping: Reported, before: Reported | None, records: list[Any]) -> Markup:
    facts = [
        ("made", datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")),
        ("rows", f"{len(records):,}, digest {digest(records)}"),
        ("mapping", f"digest {digest(mapping.to_import())}"),
    ]
    if before is not None:
        facts.append(("compared with", f"digest {digest(before.to_import())}"))
    facts.append(("by", f"celigo-pandas {version('celigo-pandas')}, local evaluation"))
    return tag("div", table(("", ""), facts), class_="facts")


def _rule_changes(mapping: Reported, before: Reported) -> Markup:
    changes = diff_documents(before.to_import(), mapping.to_import())
    if changes.empty:
        return tag("p", "The rules are the same.")
    rows = [
        (tag("code", row.rule), row.member, *_values(row.before, row.after), row.change)
        for row in changes.itertuples(index=False)
    ]
    return table(("rule", "member", "before", "after", ""), rows)


def _values(before: object, after: object) -> tuple[str, str]:
    old, new = pair_texts(before, after)
    return "" if before is None else old, "" if after is None else new
