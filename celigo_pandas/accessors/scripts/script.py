"""``celigo.Script``: one script of the platform, read, checked and run on records of a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from celigo_pandas.accessors.api_door import door_of
from celigo_pandas.accessors.scripts.function_calls import KINDS, FunctionCall, run_pages
from celigo_pandas.accessors.scripts.script_run import ScriptRun
from celigo_pandas.accessors.targets import Account
from celigo_pandas.documents.counts import whole_number
from celigo_pandas.documents.script_references import script_references
from celigo_pandas.documents.script_sources import ScriptLike, ScriptSource, read_source
from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.experiments.frame_records import exact_frame
from celigo_pandas.experiments.surrounding_documents import document_of
from celigo_pandas.frames.foreign import as_frame
from celigo_pandas.frames.kept_copy import kept_copy
from celigo_pandas.frames.outward import to_records
from celigo_pandas.markup import Markup, tag
from celigo_pandas.scripts import Function, LogLine, ScriptText, check_script, function_names, shared_host

__all__ = ["Script"]


class Script:
    """A script of the platform: JavaScript, run here as the platform would.

    Parameters
    ----------
    script : str, path or saved script
        The text; or the path of a file (a text of one line that ends in ``.js`` is one); or ``client.scripts["…"]``.
    name : str, optional
        What errors call it; by default the file's name, or the saved script's.

    Notes
    -----
    Needs the extra ``scripts`` (V8) to be run or checked. A script runs in a process of its own, without network and
    files, for 30 seconds a page at most. Requests: none, unless ``run(allow_api=client)`` opens ``integrator-api``.

    Examples
    --------
    >>> hook = celigo.Script("function preMap(o) { return o.data.map(d => d.total > 0 ? {data: d} : {}) }")
    >>> hook.functions
    ['preMap']
    >>> hook.run("preMap", [{"total": 5}, {"total": 0}]).frame.state.tolist()
    ['ok', 'ignored']
    """

    def __init__(self, script: ScriptLike, *, name: str | None = None) -> None:
        found = read_source(script)
        self._source = found if name is None else ScriptSource(name, found.text, found.id)

    @property
    def source(self) -> ScriptSource:
        """Text, name, and the id of a saved script."""
        return self._source

    @property
    def _script(self) -> ScriptText:
        return ScriptText(self.text, self.name)

    @property
    def name(self) -> str:
        """What errors call it."""
        return self._source.name

    @property
    def text(self) -> str:
        """The JavaScript."""
        return self._source.text

    @property
    def functions(self) -> list[str]:
        """Names of the functions that it declares, in order; what one that is not named means is the first."""
        return function_names(self.text)

    def check(self, document: object = None) -> pd.DataFrame:
        """List what is wrong with the script, without running it.

        Parameters
        ----------
        document : dict, builder or saved document, optional
            An export or import: the functions that it names of this script must be there. Of a script that is not
            saved, all scripts of the document are taken for this one.

        Returns
        -------
        DataFrame
            ``code``, ``message``, ``line``, ``column`` (from 1, or None). Empty where nothing is wrong.

        Raises
        ------
        MissingExtraError
            The extra ``scripts`` is not installed.

        Examples
        --------
        >>> celigo.Script("import x from 'lodash'; function filter(o) { return true }").check().code.tolist()
        ['unknown_import']
        """
        wanted = [] if document is None else list(self._named(document))
        problems = check_script(shared_host(), self._script, wanted)
        rows = [(problem.code, problem.message, problem.line, problem.column) for problem in problems]
        return exact_frame(rows, ["code", "message", "line", "column"])

    def _named(self, document: object) -> Iterator[str]:
        for reference in script_references(document_of(document)):
            if self._source.id in (None, reference.script_id):
                yield reference.function or ""

    def run(
        self,
        kind: str,
        records: object,
        *,
        function: str | None = None,
        settings: Mapping[str, Any] | None = None,
        test_mode: bool = True,
        page_size: int = 100,
        before: object = None,
        responses: Sequence[Mapping[str, Any]] | None = None,
        allow_api: Account | None = None,
    ) -> ScriptRun:
        """Give records to a function, as the platform would.

        Parameters
        ----------
        kind : {"preMap", "postMap", "preSavePage", "postSubmit", "filter", "transform"}
            What the platform would call.
        records : DataFrame or list
            Of a postMap and a postSubmit: the mapped records. Not modified.
        function : str, optional
            By default the one that is called as `kind`, or else the script's first.
        settings : mapping, optional
            ``options.settings``, e.g. ``{"import": {…}, "connection": {…}}``.
        test_mode : bool, default True
            ``options.testMode``.
        page_size : int, default 100
            Records that a function of a page gets at once.
        before : DataFrame or list, optional
            Of a postMap and a postSubmit: the records before the mapping, as many as `records`; by default the same.
        responses : list of dict, optional
            Of a postSubmit: what the system answered, one for each record.
        allow_api : Client, optional
            Whose rights ``integrator-api`` has; without it every call of it is an error.

        Returns
        -------
        ScriptRun
            A function of a page that throws fails its page; one of a record fails its record.

        Raises
        ------
        ScriptError
            The script cannot be run at all: its syntax, an import, a function that is not there.
        ConfigError
            Another kind, other numbers of records, or an argument that this kind does not take.
        MissingExtraError
            The extra ``scripts`` is not installed.

        Examples
        --------
        >>> hook = celigo.Script("function preMap({data}) { return data.map(d => ({data: {...d, late: d.days > 3}})) }")
        >>> hook.run("preMap", pd.DataFrame({"days": [1, 5]}, index=["a", "b"])).output.late.to_dict()
        {'a': False, 'b': True}
        """
        if kind not in KINDS:
            raise ConfigError(f"kind: got {shown(kind)}; expected one of {', '.join(KINDS)}.")
        _check_beside(kind, function, settings, before, responses)
        rows, given = _rows(records)
        log: list[LogLine] = []
        chosen = function or (kind if kind in self.functions else None)
        made = Function(shared_host(), self._script, chosen, door_of(allow_api), log)
        common = {"settings": dict(settings or {}), "testMode": bool(test_mode)}
        call = FunctionCall(made, kind, common, _beside("before", before, given), _answers(kind, responses, given))
        runs = run_pages(call, given, whole_number("page_size", page_size))
        return ScriptRun(kind, rows, runs, log, call.errors, is_aligned=kind != "preSavePage")

    def __repr__(self) -> str:
        return f"<celigo Script {self.name!r}: {', '.join(self.functions) or 'no functions'}>"

    def _repr_html_(self) -> Markup:
        return tag("div", tag("b", self.name), tag("pre", self.text))


def _check_beside(kind: str, function: object, settings: object, before: object, responses: object) -> None:
    if not isinstance(function, (str, type(None))):
        raise ConfigError(f"function: got {shown(function)}; expected the name of a function.")
    if not isinstance(settings, (Mapping, type(None))):
        raise ConfigError(f"settings: got {shown(settings)}; expected a dict such as {{'import': {{…}}}}.")
    if before is not None and kind not in ("postMap", "postSubmit"):
        raise ConfigError(f"before: given for a {kind}; a postMap and a postSubmit have it, and nothing else.")
    if responses is not None and (isinstance(responses, str) or not isinstance(responses, Sequence)):
        raise ConfigError(f"responses: got {shown(responses)}; expected a list of dicts, one for each record.")


def _rows(records: object) -> tuple[pd.DataFrame, list[Any]]:
    """Return records as a frame, whose index the result has, and as plain values."""
    if isinstance(records, Sequence) and not isinstance(records, (str, bytes)):
        values = list(records)
        names = dict.fromkeys(name for one in values if isinstance(one, Mapping) for name in one)
        columns = {
            name: pd.Series([one.get(name) if isinstance(one, Mapping) else None for one in values], dtype=object)
            for name in names
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(len(values))), values
    frame = kept_copy(as_frame(records))
    return frame, list(to_records(frame))


def _beside(name: str, records: object, given: list[Any]) -> list[Any]:
    if records is None:
        return given
    _, values = _rows(records)
    if len(values) != len(given):
        raise ConfigError(f"{name}: got {len(values)} records beside {len(given)}; expected one for each.")
    return values


def _answers(kind: str, responses: Sequence[Mapping[str, Any]] | None, given: list[Any]) -> list[Any]:
    if (responses is None) == (kind == "postSubmit"):
        given_or_not = "missing" if responses is None else "given"
        raise ConfigError(f"responses: {given_or_not} for a {kind}; a postSubmit has them, and nothing else.")
    if responses is not None and len(responses) != len(given):
        raise ConfigError(f"responses: got {len(responses)} for {len(given)} records; expected one for each.")
    return list(responses or ())
