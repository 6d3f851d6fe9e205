"""The generated sections of docs/api.md, between `<!-- generated: name -->` and `<!-- end -->`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from insights_acl.levels import PROJECT, RESOURCES
from insights_engine.operators import OPERATORS
from insights_engine.trend.breakdowns import BREAKDOWN_TYPES
from insights_engine.trend.maths import MATHS
from insights_engine.trend.parameters import Parameter

from insights_local.openapi.document import described, listed_operations, row_of
from insights_local.openapi.errors import MEANINGS, ROWS
from insights_local.openapi.examples import FILE, Example, examples
from insights_local.openapi.operations import Operation, either
from insights_local.openapi.schemas import FLAT, is_of_body

_SECTION = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_sections(text: str) -> str:
    """Raises KeyError for a section that nobody makes."""
    return _SECTION.sub(lambda found: found[1] + SECTIONS[found[2]]().strip("\n") + "\n" + found[3], text)


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def _errors() -> str:
    statuses = dict.fromkeys(row[0] for row in ROWS)
    rows = []
    for status in statuses:
        for kind in dict.fromkeys(row[1] for row in ROWS if row[0] == status):
            codes = ", ".join(f"`{row[2]}`" for row in ROWS if row[:2] == (status, kind))
            rows.append((status, f"`{kind}`", codes, MEANINGS[status]))
    return _table(("status", "type", "code", "meaning"), rows)


def _operations() -> str:
    found = listed_operations()
    parts = []
    for tag, words in described()["tags"].items():
        rows = []
        for name in dict.fromkeys(one.name for one in found if row_of(one)["tag"] == tag):
            same = [one for one in found if one.name == name]
            scopes = ", ".join(either(scope) for scope in same[0].scopes or ())
            rows.append((row_of(same[0])["summary"], "<br>".join(_lines(same)), scopes, _kind(same[0])))
        parts.append(f"### {tag}\n\n{words}\n\n{_table(('what', 'request', 'scopes', 'rules on'), rows)}")
    return "\n\n".join(parts)


def _kind(one: Operation) -> str:
    """What access rules are asked about, where any can be."""
    permission = one.permission
    is_ruled = permission is not None and "{project_id}" in one.path and permission.resource in (*RESOURCES, PROJECT)
    return f"`{permission.resource}`" if permission is not None and is_ruled else ""


def _lines(same: list[Operation]) -> list[str]:
    paths = dict.fromkeys(one.path for one in same)
    return [f"`{' '.join(one.method for one in same if one.path == path)} {path}`" for path in paths]


def _parameters(table: Iterable[Parameter]) -> str:
    kinds = {
        "entities": "list of series",
        "filters": "list or group of filters",
        "breakdowns": "list of breakdowns",
        "breakdown": "text, number or list",
        "texts": "list of texts",
        "flag": "true or false",
        "whole": "whole number",
        "object": "object",
        "objects": "list of objects",
        "refresh": "[mode](caching.md#refresh)",
    }
    rows = []
    for one in table:
        kind = ", ".join(f"`{name}`" for name in one.choices) if one.kind == "choice" else kinds.get(one.kind, one.kind)
        default = "" if one.default in (None, []) else f"`{json.dumps(one.default).strip(chr(34))}`"
        rows.append((f"`{one.name}`", kind, default, one.help + ("" if is_of_body(one) else " Query string only.")))
    return _table(("parameter", "type", "default", "meaning"), rows)


def _names(helps: dict[str, str]) -> str:
    return _table(("name", "meaning"), [(f"`{name}`", text) for name, text in helps.items()])


def _data() -> str:
    """The persons and events that the examples are asked of."""
    world = json.loads(FILE.read_text("utf-8"))
    rows = [
        (e["timestamp"], e["event"], e["distinct_id"], ", ".join(f"{k} = {v}" for k, v in e["properties"].items()))
        for e in world["events"]
    ]
    plans = ", ".join(f"{p['distinct_ids'][0]} ({p['properties']['plan']})" for p in world["persons"])
    table = _table(("timestamp", "event", "distinct_id", "properties"), rows)
    return f"The time is {world['now']}. Persons and their plan: {plans}.\n\n{table}"


def _examples() -> str:
    return "\n\n".join(_example(one) for one in examples())


def _example(one: Example) -> str:
    is_json = one.kind == "application/json"
    answer = json.dumps(one.answer, indent=2, ensure_ascii=False) if is_json else one.answer.replace("\r\n", "\n")
    language = "json" if is_json else "text"
    return (
        f"### {one.title}\n\n```sh\n{one.curl}\n```\n\n{one.status}:\n\n```{language}\n{_folded(answer).rstrip()}\n```"
    )


def _folded(text: str) -> str:
    """Lists and objects that fit on a line are on one."""
    flat = re.compile(r"[\[{]\n\s+[^\[\]{}]*?\n\s*[\]}]")

    def fold(found: re.Match[str]) -> str:
        line = found[0][0] + re.sub(r"\s*\n\s*", " ", found[0][1:-1]).strip() + found[0][-1]
        return line if len(line) <= 100 else found[0]

    before = ""
    while text != before:
        before, text = text, flat.sub(fold, text)
    return text


SECTIONS: dict[str, Callable[[], str]] = {
    "errors": _errors,
    "operations": _operations,
    **{f"{name}_parameters": partial(_parameters, table) for name, table in FLAT.items()},
    "maths": lambda: _names({row.name: row.help for row in MATHS.values()}),
    "operators": lambda: _names({row.name: row.help for row in OPERATORS.values()}),
    "breakdown_types": lambda: _names(BREAKDOWN_TYPES),
    "data": _data,
    "examples": _examples,
}
