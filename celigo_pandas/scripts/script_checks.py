"""What can be said of a script without running it."""

from __future__ import annotations

from collections.abc import Iterable

from celigo_pandas.scripts.script_calls import ScriptRunner, ScriptText
from celigo_pandas.scripts.script_modules import ScriptProblem

__all__ = ["check_script", "function_names"]


def function_names(text: str) -> list[str]:
    """Return the functions that a script declares at its top, in order.

    Examples
    --------
    >>> function_names("function preMap(options) {} const keep = ({record}) => true")
    ['preMap', 'keep']
    """
    return [one.name for one in ScriptText(text).module.functions]


def check_script(runner: ScriptRunner, script: ScriptText, wanted: Iterable[str] = ()) -> list[ScriptProblem]:
    """Find what is wrong with a script; nothing of it is run.

    Parameters
    ----------
    runner : ScriptRunner
    script : ScriptText
    wanted : iterable of str
        Functions that documents name; an empty one is the script's first.

    Returns
    -------
    list of ScriptProblem
        Syntax with line and column, imports that there are not, functions that are named in vain.

    Raises
    ------
    MissingExtraError
        The extra ``scripts`` is not installed.
    """
    problems = runner.check(script)
    names = function_names(script.text)
    if any(problem.code == "syntax_error" for problem in problems):
        return problems
    if not names:
        problems.append(ScriptProblem("no_functions", "The script declares no function at its top."))
        return problems
    for name in dict.fromkeys(wanted):
        if name and name not in names:
            text = f"There is no function {name!r:.80}; the script declares {', '.join(names)}."
            problems.append(ScriptProblem("function_missing", text))
    return problems
