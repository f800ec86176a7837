"""Compiles the tree of a template to functions of a scope.

Each statement becomes a function that gives text, each expression one that gives a value. What a name means is settled
here, in the order of Handlebars.js: block parameter, built-in block, helper, field. A name without arguments that no
helper has is a field; with arguments it must be a helper, which is refused when it is evaluated, not before, so that a
branch that never runs does no harm.

Source: Handlebars.js 4.7, where the language guide is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from celigo_pandas.errors import TemplateError, shown
from celigo_pandas.handlebars import blocks
from celigo_pandas.handlebars.compiled_paths import compile_path, is_plain
from celigo_pandas.handlebars.context_columns import Fixed, Many, call_column, choose, each_scope, joined, written
from celigo_pandas.handlebars.helpers import HELPERS, Helper
from celigo_pandas.handlebars.json_places import WRITES_JSON
from celigo_pandas.handlebars.lookups import compile_lookup, lookup_column
from celigo_pandas.handlebars.rendering import Refusal, Scope, failure
from celigo_pandas.handlebars.syntax import Argument, Block, Call, Content, Literal, Mustache, Path, Program, Raw
from celigo_pandas.javascript.dates import DateError
from celigo_pandas.javascript.regexes import PatternError
from celigo_pandas.javascript.values import UNDEFINED, to_text, truthy

__all__ = ["compile_program"]

Render = Callable[[Scope], str]
Value = Callable[[Scope], Any]

_KNOWN: Final = frozenset({"if", "unless", "each", "with", "lookup", "log"})
# A text or list longer than this costs more than one step of the limit.
_LIGHT: Final = 256


def compile_program(
    program: Program,
    source: str,
    escape: Callable[[Any], str],
    strict: bool,
    forms: Mapping[str, Callable[[Any], str]],
    raw: Callable[[Any], str] = to_text,
) -> tuple[Render, Many]:
    """Compile a whole template for one escape, to be rendered for one scope or for many contexts.

    `forms` are helpers of one argument that exist beside all others; `raw` writes what ``{{{x}}}`` gives.
    """
    compiler = _Compiler(source, escape, strict, forms, raw)
    render = compiler.program(program)
    return render, compiler.many(render)


class _Compiler:
    def __init__(
        self,
        source: str,
        escape: Callable[[Any], str],
        strict: bool,
        forms: Mapping[str, Callable[[Any], str]],
        raw: Callable[[Any], str],
    ) -> None:
        self.source = source
        self.forms = forms
        self.escape = escape
        self.raw = raw
        self.strict = strict
        # Names of the block parameters in sight, innermost first.
        self.names: list[tuple[str, ...]] = []
        # Of the functions of a scope those that have a way for many outermost scopes at once.
        self._many: dict[Callable[[Scope], Any], Many] = {
            _nothing: Fixed(""),
            _undefined: Fixed(UNDEFINED),
        }

    def many(self, one: Callable[[Scope], Any]) -> Many:
        """Give the function of a batch for a function of a scope."""
        return self._many.get(one) or each_scope(one)

    # Statements

    def program(self, program: Program) -> Render:
        renders: list[Render] = []
        for node in program.body:
            render = self._statement(node)
            if render is not None:
                renders.append(render)
        if not renders:
            return _nothing
        if len(renders) == 1:
            return renders[0]

        def render_all(scope: Scope) -> str:
            return "".join([render(scope) for render in renders])

        self._many[render_all] = joined([self.many(render) for render in renders])
        return render_all

    def _text(self, text: str) -> Render:
        def put(scope: Scope) -> str:
            return text

        self._many[put] = Fixed(text)
        return put

    def _statement(self, node: object) -> Render | None:
        if isinstance(node, Content):
            return self._text(node.value) if node.value else None
        if isinstance(node, Raw):
            return self._text(node.text)
        if isinstance(node, Mustache):
            return self._mustache(node)
        if isinstance(node, Block):
            return self._block(node)
        return None

    def _mustache(self, node: Mustache) -> Render:
        value = self._value_of_call(node.call, is_argument=False)
        write = self.escape if node.escaped and not self._is_written(node.call) else self.raw

        def put(scope: Scope) -> str:
            return to_text(value(scope))

        def put_escaped(scope: Scope) -> str:
            try:
                return write(value(scope))
            except Refusal as error:
                raise failure(self.source, node.position, "The value", error) from None

        render, column = put if write is to_text else put_escaped, self.many(value)
        self._many[render] = lambda batch: written(column(batch), write)
        return render

    def _is_written(self, call: Call) -> bool:
        """Whether a call's result is JSON already, in a template that is."""
        path = _as_path(call.path)
        return self.raw is not to_text and path.is_simple and path.parts[:1] != () and path.parts[0] in WRITES_JSON

    # Values

    def argument(self, argument: Argument) -> Value:
        """Compile an argument."""
        if isinstance(argument, Call):
            return self._value_of_call(argument, is_argument=True)
        if isinstance(argument, Literal):
            return self._literal(argument.value)
        return self._path(argument)

    def _literal(self, value: object) -> Value:
        def give(scope: Scope) -> object:
            return value

        self._many[give] = Fixed(value)
        return give

    def _path(self, path: Path) -> Value:
        place, parts = self._param_place(path), path.parts
        read = compile_path(path, place, self.strict, self.source)
        if place is None and not self.strict and is_plain(path):
            self._many[read] = lambda batch: batch.contexts.column(parts)
        return read

    def _param_place(self, path: Path) -> tuple[int, int] | None:
        """Say where a path's first name is a block parameter: how many steps out, and its number there."""
        if path.depth or path.is_scoped or not path.parts:
            return None
        for depth, names in enumerate(self.names):
            if path.parts[0] in names:
                return depth, names.index(path.parts[0])
        return None

    def _value_of_call(self, call: Call, is_argument: bool) -> Value:
        path = _as_path(call.path)
        if path.is_simple and self._param_place(path) is not None:
            return self._path(path)
        has_arguments = bool(call.params or call.hash)
        name = path.parts[0] if path.parts else ""
        if name in _KNOWN and (has_arguments or is_argument or path.is_simple) and not path.data:
            return self._known_value(name, call)
        if self.forms and name in self.forms and path.is_simple and len(call.params) == 1 and not call.hash:
            return self._helper_value(Helper(name, self.forms[name]), call)
        if has_arguments or is_argument:
            if path.is_simple and not path.data and name in HELPERS:
                return self._helper_value(HELPERS[name], call)
            return self._missing_helper(path, call)
        if path.is_simple and not path.data and name in HELPERS:
            return self._helper_value(HELPERS[name], call)
        return self._path(path)

    def _known_value(self, name: str, call: Call) -> Value:
        if name == "lookup":
            arguments = [self.argument(param) for param in call.params]
            value = compile_lookup(call, arguments, self.source)
            column = lookup_column(call, self.many(arguments[-1]), self.source) if arguments else None
            if column is not None:
                self._many[value] = column
            return value
        if name == "log":
            return _undefined
        return self._refusal(call, f"#{name} is a block: it needs a body and {{{{/{name}}}}}")

    def _missing_helper(self, path: Path, call: Call) -> Value:
        refuse = self._refusal(call, f"no helper is called {shown(path.original)}")
        if call.params:
            return refuse
        field = self._path(path)
        # Without positional arguments it is undefined where there is no such field either.
        return lambda scope: refuse(scope) if truthy(field(scope)) else UNDEFINED

    def _refusal(self, call: Call, why: str) -> Value:
        def refuse(scope: Scope) -> NoReturn:
            raise failure(self.source, call.position, f"The tag {shown(call.path.original)}", Refusal(why))

        return refuse

    def _helper_value(self, helper: Helper, call: Call) -> Value:
        """Compile the call of a helper: it gives the helper's value, and false where a choice chooses neither."""
        arguments = [self._helper_argument(helper, place, param) for place, param in enumerate(call.params)]
        most = len(arguments) if helper.most is None else helper.most
        ignored = arguments[most:] + [self.argument(value) for name, value in call.hash if name not in helper.named]
        arguments = arguments[:most] + [_undefined] * (helper.least - len(arguments))
        named = {name: self.argument(value) for name, value in call.hash if name in helper.named}
        function, with_run, source, position = helper.function, helper.with_run, self.source, call.position
        characters = f"The helper {helper.name!r}"

        def evaluate(scope: Scope) -> object:
            values = [argument(scope) for argument in arguments]
            for argument in ignored:
                # Not used, but evaluated: an error in it is an error.
                argument(scope)
            run = scope.run
            try:
                _weigh(values, run)
                if named:
                    extra = {name: value(scope) for name, value in named.items()}
                    result = function(run, *values, **extra) if with_run else function(*values, **extra)
                else:
                    result = function(run, *values) if with_run else function(*values)
                if type(result) is str and len(result) > _LIGHT:
                    run.check_size(len(result))
                return result
            except (Refusal, PatternError, DateError) as error:
                raise failure(source, position, characters, error) from None
            except OverflowError:
                raise failure(source, position, characters, Refusal("a number is too large")) from None

        if not ignored and not named:
            self._many[evaluate] = call_column(helper, [self.many(argument) for argument in arguments])
        return evaluate

    def _helper_argument(self, helper: Helper, place: int, param: Argument) -> Value:
        if place == helper.bare_word and isinstance(param, Path) and len(param.parts) == 1:
            return self._literal(param.parts[0])
        return self.argument(param)

    # Blocks

    def _block(self, node: Block) -> Render:
        call = node.call
        path = _as_path(call.path)
        name = path.parts[0] if path.parts else ""
        has_arguments = bool(call.params or call.hash)
        is_param = path.is_simple and self._param_place(path) is not None
        body, inverse = self._body(node.program), self._body(node.inverse)
        names = node.program.block_params if node.program is not None else ()
        inverse = self._in_same_context(inverse, bool(node.inverse and node.inverse.block_params))
        if name in _KNOWN and (has_arguments or path.is_simple) and not is_param and not path.data:
            return self._known_block(name, node, body, inverse, names)
        if not is_param and path.is_simple and not path.data and name in HELPERS:
            return self._helper_block(HELPERS[name], node, body, inverse, names)
        if has_arguments and not is_param:
            return blocks.as_text(self._missing_helper(path, call))
        same = self._in_same_context(body, bool(names))
        field, each = self._path(path), blocks.each_renderer(body, inverse, names)
        return self._guarded(node, blocks.section(field, body, same, inverse, each, names))

    def _in_same_context(self, body: Render, has_params: bool) -> Render:
        same = blocks.in_same_context(body, has_params)
        if not has_params:
            # Outermost contexts are objects, which such a block hands on as they are.
            self._many[same] = self.many(body)
        return same

    def _body(self, program: Program | None) -> Render:
        if program is None:
            return _nothing
        if program.block_params:
            self.names.insert(0, program.block_params)
        render = self.program(program)
        if program.block_params:
            self.names.pop(0)
        return render

    def _known_block(self, name: str, node: Block, body: Render, inverse: Render, names: tuple[str, ...]) -> Render:
        call = node.call
        if name == "log":
            return _nothing
        if name == "lookup":
            return blocks.as_text(self._known_value(name, call))
        if len(call.params) != 1:
            return blocks.as_text(self._refusal(call, f"#{name} takes exactly one argument, not {len(call.params)}"))
        value = self.argument(call.params[0])
        if name == "each":
            each = blocks.each_renderer(body, inverse, names)
            return self._guarded(node, lambda scope: each(scope, value(scope)))
        if name == "with":
            return blocks.with_block(value, body, inverse, names)
        zero = next((self.argument(given) for key, given in call.hash if key == "includeZero"), None)
        if name == "unless":
            # Handlebars.js hands on the named arguments, so includeZero works here too.
            body, inverse = inverse, self._in_same_context(body, bool(names))
        else:
            body = self._in_same_context(body, bool(names))
        render = blocks.if_block(value, zero, body, inverse)
        if zero is None:
            column = self.many(value)
            self._many[render] = choose(
                lambda batch: blocks.holding(column(batch)), self.many(body), self.many(inverse)
            )
        return render

    def _helper_block(
        self, helper: Helper, node: Block, body: Render, inverse: Render, names: tuple[str, ...]
    ) -> Render:
        value = self._helper_value(helper, node.call)
        if helper.kind == "elements":
            return self._guarded(node, blocks.element_block(value, body, inverse, names))
        if helper.kind == "choice":
            same = self._in_same_context(body, bool(names))
            render = blocks.choice_block(value, same, inverse)
            self._many[render] = choose(self.many(value), self.many(same), self.many(inverse))
            return render
        # As in Handlebars.js: a helper that ignores its body prints its value in the body's place.
        return blocks.as_text(value)

    def _guarded(self, node: Block, render: Render) -> Render:
        def guarded(scope: Scope) -> str:
            try:
                return render(scope)
            except Refusal as error:
                what = f"The block {shown(node.call.path.original)}"
                raise failure(self.source, node.position, what, error) from None

        return guarded


def _as_path(path: Path | Literal) -> Path:
    """Read a literal in a name's place as the name it spells."""
    if isinstance(path, Path):
        return path
    return Path((path.original,), 0, False, path.original, path.position)


def _nothing(scope: Scope) -> str:
    return ""


def _undefined(scope: Scope) -> object:
    return UNDEFINED


def _weigh(values: list[Any], run: Any) -> None:
    """Count a call as one step, and the size of what it works on: an element costs more than a character."""
    cost = 1
    for value in values:
        if isinstance(value, str):
            if len(value) > _LIGHT:
                cost += len(value) >> 5
        elif isinstance(value, (list, dict)) and len(value) > _LIGHT:
            cost += len(value) >> 2
    run.spend(cost)


def check_depth(error: RecursionError, source: str) -> TemplateError:
    """Make the error for values nested deeper than Python can follow."""
    return TemplateError(
        "The template cannot be evaluated: a value is nested too deeply.",
        template=source,
        position=0,
        hint="Read a part of it.",
    )
