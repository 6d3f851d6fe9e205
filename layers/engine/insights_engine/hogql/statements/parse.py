"""The text of a statement as the parser's tree, within limits, and its placeholders filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from insights_engine.errors import ValidationError
from insights_engine.hogql.effort import parsed
from insights_engine.hogql.names import near
from insights_engine.hogql.parse import Tree, count_tokens, nodes
from insights_engine.hogql.places import start_of, wrong
from insights_engine.hogql.statements.lost import found_again

# The parser's time grows faster than the text: these keep one statement under a second.
MAX_LENGTH, MAX_TOKENS = 50_000, 2_000
_UNSUPPORTED = re.compile(r"Unsupported: \w+\.(\w+?)(?:Clause|Expr|Stmt)?\(")
_START = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*\(*\s*(?P<word>\w+)", re.DOTALL)
_SELECTS = frozenset({"select", "with"})
_ONLY_SELECT = "only SELECT is answered"
# Where a statement stands in its node.
FIELD = "query"


def parse_statement(text: str) -> Tree:
    """Of one SELECT, or of several with UNION and its kin between. Raises ValidationError with the place."""
    if len(text) > MAX_LENGTH or count_tokens(text) > MAX_TOKENS:
        raise ValidationError(
            f"{FIELD}: the statement is longer than {MAX_LENGTH} characters or {MAX_TOKENS} words and signs",
            attr=FIELD,
        )
    if not text.strip():
        raise ValidationError(f"{FIELD}: the statement is empty", attr=FIELD)
    tree = parsed("parse_select_json", text, FIELD)
    if tree.get("error"):
        raise wrong(FIELD, _said(text, str(tree.get("message"))), start_of(tree))
    if tree.get("node") not in ("SelectQuery", "SelectSetQuery"):
        raise wrong(FIELD, _ONLY_SELECT, 0)
    found_again(text, tree, FIELD)
    return tree


def _said(text: str, message: str) -> str:
    """The parser's words, where they do not speak of its own inside."""
    first = _START.match(text)
    if first and first["word"].lower() not in _SELECTS:
        return f"{_ONLY_SELECT}, not {first['word'][:30].upper()}"
    if found := _UNSUPPORTED.search(message):
        return f"{re.sub('([A-Z])', ' \\1', found[1]).upper()} is not allowed"
    return message.partition(" (")[0]


def fill(tree: Any, values: Mapping[str, Any], field: str) -> Any:
    """The tree with constants in place of `{x}` and `{values.x}`; `{filters}` stays. Raises for what has no value."""
    if isinstance(tree, list):
        return [fill(one, values, field) for one in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("node") != "Placeholder":
        return {name: fill(one, values, field) for name, one in tree.items()}
    chain = (tree.get("expr") or {}).get("chain") or []
    if chain[:1] == ["filters"]:
        return tree
    return _constant(_looked_up(tree, chain, values, field), tree, field)


def filled_text(text: str, tree: Tree, values: Mapping[str, Any], field: str) -> str:
    """The statement with its values written in, as an answer shows it. `{filters}` stays."""
    found = [one for one in nodes(tree) if one.get("node") == "Placeholder"]
    for one in sorted(found, key=lambda one: one["start"]["offset"], reverse=True):
        constant = fill(one, values, field)
        if constant is not one:
            text = text[: one["start"]["offset"]] + _written(constant) + text[one["end"]["offset"] :]
    return text


def _looked_up(node: Tree, chain: list[Any], values: Mapping[str, Any], field: str) -> Any:
    names = [str(part) for part in (chain[1:] if chain[:1] in (["values"], ["variables"]) else chain)]
    found: Any = values
    for name in names or [""]:
        if not isinstance(found, Mapping) or name not in found:
            known = found if isinstance(found, Mapping) else {}
            written = ".".join(map(str, chain))[:100] or "…"
            raise wrong(field, f"the placeholder {{{written}}} has no value{near(name, known)}", start_of(node))
        found = found[name]
    return found


def _constant(value: Any, place: Tree, field: str) -> Tree:
    at: Tree = {key: place[key] for key in ("start", "end") if key in place}
    if isinstance(value, list | tuple):
        if not value:
            raise wrong(field, "the value of this placeholder is an empty list", start_of(place))
        return {"node": "Array", "exprs": [_constant(one, place, field) for one in value], **at}
    if value is None or isinstance(value, str | bool | int | float):
        return {"node": "Constant", "value": value, **at}
    said = "a placeholder's value is a text, a number, true or false, null or a list of them"
    raise wrong(field, said, start_of(place))


def _written(node: Tree) -> str:
    if node["node"] == "Array":
        return f"[{', '.join(map(_written, node['exprs']))}]"
    value = node["value"]
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return "null" if value is None else str(value).lower()
