"""Random documents and XPath 1.0 expressions, for a comparison with libxml2."""

from __future__ import annotations

import random

_NAMES = ("a", "b", "c")
_VALUES = ("1", "2", "x", "", " 3 ", "-1.5", "y z")
# After "//" elementpath starts these two axes from elements only, not from texts as well; nobody writes that.
_FAR_AXES = ("following::", "preceding::")
_AXES = (
    "child::",
    "descendant::",
    "descendant-or-self::",
    "parent::",
    "ancestor::",
    "ancestor-or-self::",
    "self::",
    "following-sibling::",
    "preceding-sibling::",
)
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


def document(draw: random.Random, depth: int = 0) -> str:
    """Return an element with some others below it."""
    name = draw.choice(_NAMES)
    attributes = "".join(f' {key}="{draw.choice(_VALUES)}"' for key in ("id", "t") if draw.random() < 0.3)
    inner = ""
    for _ in range(draw.randint(0, 3) if depth < 4 else 0):
        inner += draw.choice(_VALUES) if draw.random() < 0.3 else ""
        inner += document(draw, depth + 1)
    if not inner or draw.random() < 0.3:
        inner += draw.choice(_VALUES)
    return f"<{name}{attributes}>{inner}</{name}>"


def expression(draw: random.Random, depth: int = 0) -> str:
    """Return any expression."""
    kind = draw.random()
    if kind < 0.6 or depth > 2:
        return path(draw, depth, is_inside=False)
    if kind < 0.7:
        return f"({path(draw, depth, is_inside=False)})[{predicate(draw, depth + 1)}]"
    if kind < 0.8:
        return f"{path(draw, depth + 1, is_inside=False)} | {path(draw, depth + 1, is_inside=False)}"
    return f"string(/*[{scalar(draw, depth + 1)}])" if draw.random() < 0.2 else scalar(draw, depth + 1, False)


def path(draw: random.Random, depth: int, *, is_inside: bool = True) -> str:
    """Return a location path; one that is not inside another starts at the document."""
    start = draw.choice(("", "/", "//", ".//", "../") if is_inside else ("/", "//"))
    found = start + step(draw, depth, start.endswith("//"))
    for _ in range(draw.randint(0, 2)):
        join = draw.choice(("/", "/", "//"))
        found += join + step(draw, depth, join == "//")
    if draw.random() < 0.25:
        found += "/" + draw.choice(("@id", "@*", "text()", "node()", "..", "."))
    return found


def step(draw: random.Random, depth: int, is_far: bool = True) -> str:
    """Return one step with its predicates."""
    axis = draw.choice(_AXES if is_far else (*_AXES, *_FAR_AXES)) if draw.random() < 0.3 else ""
    test = draw.choice((*_NAMES, "*", "node()" if axis else "*"))
    found = axis + test
    while draw.random() < 0.4 and depth < 3:
        found += f"[{predicate(draw, depth + 1)}]"
    return found


def predicate(draw: random.Random, depth: int) -> str:
    """Return what stands between brackets."""
    kind = draw.randint(0, 7)
    if kind == 0:
        return str(draw.randint(1, 3))
    if kind == 1:
        return draw.choice(("last()", "position()>1", "position()=last()", "last()-1", "position() mod 2 = 1"))
    if kind == 2:
        return f"@{draw.choice(('id', 't'))}"
    if kind == 3:
        return f"not({path(draw, depth)})"
    if kind == 4:
        return f"{path(draw, depth)} {draw.choice(('and', 'or'))} {scalar(draw, depth)}"
    if kind == 5:
        return path(draw, depth)
    return f"{operand(draw, depth)} {draw.choice(_COMPARISONS)} {operand(draw, depth)}"


def operand(draw: random.Random, depth: int) -> str:
    """Return one side of a comparison."""
    return draw.choice((".", "@id", "@t", "'1'", "2", "'x'", "true()", path(draw, depth), scalar(draw, depth)))


def scalar(draw: random.Random, depth: int, is_inside: bool = True) -> str:
    """Return an expression whose value is a number, a text or a truth value."""
    inner = path(draw, depth, is_inside=is_inside)
    number = draw.choice(("1", "2", "0", "-1.5", f"count({inner})", f"number({inner})", "position()"))
    text = draw.choice(("'x'", f"string({inner})", inner, "'12'"))
    return draw.choice(
        (
            f"count({inner})",
            f"sum({inner})",
            f"string({inner})",
            f"number({text})",
            f"boolean({inner})",
            f"not({inner})",
            f"name({inner})",
            f"local-name({inner})",
            f"concat({text}, {number})",
            f"contains({text}, '1')",
            f"starts-with({text}, 'x')",
            f"substring({text}, {number})",
            f"substring({text}, {number}, {number})",
            f"substring-before({text}, 'y')",
            f"substring-after({text}, ' ')",
            f"string-length({text})",
            f"normalize-space({text})",
            f"translate({text}, 'x1', 'y')",
            f"{number} + {number}",
            f"{number} - {inner}",
            f"({inner}) * {number}",
            f"{number} div {number}",
            f"{number} mod {number}",
            f"-{inner}",
            f"round({number})",
            f"floor({number})",
            f"ceiling({number})",
            f"string({number})",
            "true()",
            "false()",
        )
    )
