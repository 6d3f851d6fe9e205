"""The text of an expression as the parser's tree, within limits; and the cohorts that it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from insights_engine.errors import ValidationError, attr_of
from insights_engine.hogql.effort import QUOTED, TOKEN, parsed
from insights_engine.hogql.places import start_of, wrong

# The parser's time grows faster than the text: these keep one expression well under a second.
MAX_LENGTH, MAX_TOKENS = 5_000, 400
COHORT_OPERATORS = ("in cohort", "not in cohort")

Tree = dict[str, Any]


def parse(text: str, field: str) -> Tree:
    """Raises ValidationError with the place. An alias of the whole expression is of no use, so it is dropped."""
    tree = parse_named(text, field)
    while tree.get("node") == "Alias":
        tree = tree["expr"]
    return tree


def parse_named(text: str, field: str) -> Tree:
    """The same with the alias, if it has one."""
    if len(text) > MAX_LENGTH or count_tokens(text) > MAX_TOKENS:
        raise ValidationError(
            f"{field}: the expression is longer than {MAX_LENGTH} characters or {MAX_TOKENS} words and signs",
            attr=attr_of(field),
        )
    tree = parsed("parse_expr_json", text, field)
    if tree.get("error"):
        raise wrong(field, str(tree.get("message")), start_of(tree))
    return tree


def count_tokens(text: str) -> int:
    """What is quoted is one word."""
    return sum(1 for _ in TOKEN.finditer(QUOTED.sub(" x ", text)))


def cohorts_named(text: str) -> set[int | str]:
    """Ids and names after IN COHORT; none where the expression cannot be read, which is said when it is compiled."""
    if "cohort" not in text.lower():
        return set()
    try:
        tree = parse(text, "")
    except ValidationError:
        return set()
    return cohorts_in(tree)


def cohorts_in(tree: Tree) -> set[int | str]:
    """Ids and names after IN COHORT."""
    named = (cohort_of(one) for one in nodes(tree) if one.get("op") in COHORT_OPERATORS)
    return {one for one in named if one is not None}


def nodes(tree: Any) -> Iterator[Tree]:
    """All of a tree, in no order."""
    left: list[Any] = [tree]
    while left:
        one = left.pop()
        if isinstance(one, list):
            left += one
        elif isinstance(one, dict):
            left += one.values()
            yield one


def cohort_of(node: Tree) -> int | str | None:
    """The id or the name that a comparison with a cohort gives; None for what is neither."""
    value = node["right"].get("value") if node["right"].get("node") == "Constant" else None
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return value if isinstance(value, str) or 0 < value < 2**31 else None
