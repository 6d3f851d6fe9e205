"""Window functions: `sum(x) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from insights_engine.hogql.calls import call
from insights_engine.hogql.functions import AGGREGATES, IN_STATEMENTS, WINDOWS, known_name
from insights_engine.hogql.kinds import Typed
from insights_engine.hogql.names import near
from insights_engine.hogql.statements import ordering
from insights_engine.sql import Sql

if TYPE_CHECKING:
    from insights_engine.hogql.statements.walk import StatementWalk

_KNOWN = {**AGGREGATES, **{n: f for n, f in IN_STATEMENTS.items() if f.is_aggregate}, **WINDOWS}
# A row that there is not has no value, which only what may be NULL can say.
_ELSEWHERE = frozenset({"lag", "lead", "lagInFrame", "leadInFrame", "first_value", "last_value", "nth_value"})
_FRAMES = {"CURRENT ROW": "CURRENT ROW", "PRECEDING": "PRECEDING", "FOLLOWING": "FOLLOWING"}
_FARTHEST = 1_000_000_000


def window(walk: StatementWalk, node: dict[str, Any]) -> Typed:
    name = known_name(node["name"], _KNOWN)
    if name not in _KNOWN:
        raise walk.error(node, f"{name} is not known as a function of a window{near(name, _KNOWN)}")
    over = node.get("over_expr")
    if over is None:
        named = str(node.get("over_identifier"))
        over = walk.named_windows.get(named)
        if over is None:
            raise walk.error(node, f"the window {named[:50]} is not known{near(named, walk.named_windows)}")
    args, params = node.get("exprs") or [], node.get("args") or []
    if params and not args:
        args, params = params, []
    elif params:  # quantile(0.9)(x): the constants come first
        args, params = params, args
    outside, walk.inside_window = walk.inside_window, True
    if name in _ELSEWHERE:
        # The value, and what stands in for one that there is not, are of one type.
        args = [_nullable(walk, arg) if i in (0, 2) else arg for i, arg in enumerate(args)]
    takes = _KNOWN[name].takes
    args = [_constant(walk, arg) if takes[i : i + 1] in (("k",), ("k?",)) else arg for i, arg in enumerate(args)]
    made = {"node": "Call", "name": name, "args": args, "is_window": True}
    made |= {key: node[key] for key in ("start", "end", "filter_expr") if node.get(key)}
    called = call(walk, made | ({"params": params} if params else {}))
    frame = _over(walk, over)
    walk.inside_window = outside
    return replace(called, sql=Sql("{f} OVER ({o})", f=called.sql, o=frame), constant=None, number=None)


def _nullable(walk: StatementWalk, node: dict[str, Any]) -> dict[str, Any]:
    printed = walk.print(node)
    if printed.kind in ("n", "s", "p", "d", "b"):
        printed = replace(printed, sql=Sql("toNullable({x})", x=printed.sql), is_nullable=True)
    return {**node, "node": "Printed", "typed": replace(printed, constant=None)}


def _constant(walk: StatementWalk, node: dict[str, Any]) -> dict[str, Any]:
    """How many rows away, or the number of a row: written into the function, which takes it in no other form."""
    value = node.get("value")
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _FARTHEST:
        raise walk.error(node, "a constant whole number is needed here")
    return {"node": "Printed", "typed": Typed(Sql(str(value)), "n", value, is_nullable=False)}


def _over(walk: StatementWalk, over: dict[str, Any]) -> Sql:
    parts = []
    if over.get("partition_by"):
        parts.append(Sql("PARTITION BY {x}", x=Sql.join(", ", (walk.value(x).sql for x in over["partition_by"]))))
    if over.get("order_by"):
        parts.append(Sql("ORDER BY {x}", x=ordering.ordered(walk, over["order_by"])))
    if over.get("frame_method"):
        parts.append(_frame(walk, over))
    return Sql.join(" ", parts)


def _frame(walk: StatementWalk, over: dict[str, Any]) -> Sql:
    if over["frame_method"] not in ("ROWS", "RANGE"):
        raise walk.error(over, f"frames are of ROWS or RANGE, not of {over['frame_method']}")
    ends = [_end(walk, over[key]) for key in ("frame_start", "frame_end") if over.get(key)]
    text = f"BETWEEN {' AND '.join(ends)}" if len(ends) == 2 else ends[0]
    return Sql(f"{over['frame_method']} {text}")


def _end(walk: StatementWalk, end: dict[str, Any]) -> str:
    kind, value = _FRAMES.get(str(end.get("frame_type"))), end.get("frame_value")
    if kind is None:
        raise walk.error(end, "a frame ends at CURRENT ROW, or so many rows PRECEDING or FOLLOWING")
    if kind == "CURRENT ROW":
        return kind
    if value is None:
        return f"UNBOUNDED {kind}"
    value = value.get("value") if isinstance(value, dict) else value
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _FARTHEST:
        raise walk.error(end, "a frame ends a constant whole number of rows away")
    return f"{value} {kind}"
