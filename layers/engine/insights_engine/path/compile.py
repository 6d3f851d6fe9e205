"""A paths plan as one statement, one pass over the events. Pure.

An edge's key is one number, step and both items packed, so that edges are counted without any text; names are looked
up for those that are answered alone.
"""

from __future__ import annotations

from insights_engine.actors import Kept, everybody
from insights_engine.path.items import Items, literal
from insights_engine.path.model import NodeName
from insights_engine.path.sessions import item_of, paths, time_of
from insights_engine.path.window import Plan
from insights_engine.sql import FALSE, TRUE, Sql, both

# The sessions of all edges that come after the last that is shown, sorted: a session as often as it has such edges.
_HIDDEN = Sql(
    "arraySort(arrayFilter((s, h) -> h, passed, arrayFlatten(arrayMap((k, w, c) -> arrayWithConstant(c, w < last.2 OR "
    "(w = last.2 AND k > last.1)), keys, weights, counts))))"
)


def compile_paths(plan: Plan) -> Sql:
    """One row: whether it `fits` (false where there are more items than numbers, and then nothing is said), the edges
    that are answered, and how many edges, sessions and people have one that is not.

    An edge is (place of the step by name, source, target, value, occurrences, microseconds).
    """
    items, packing = Items(plan), plan.packing
    return Sql(
        "WITH {table}, shown[-1] AS last, {hidden} AS hidden SELECT {fit}, "
        "arrayMap(e -> ({step}, {names}[{source}], {names}[{target}], e.2, e.3, e.4), shown) AS edges, "
        "length(keys) - length(shown) AS hidden_edges, length(arrayCompact(hidden)) AS hidden_sessions, "
        "length(arrayCompact(h -> bitShiftRight(h, 32), hidden)) AS hidden_people FROM ({shown})",
        table=items.table,
        hidden=_HIDDEN,
        fit=items.fit,
        step=Sql("toUInt64(bitShiftRight(e.1, {two}))", two=literal(2 * packing.bits)),
        names=items.names,
        source=item_of(packing, Sql("bitShiftRight(e.1, {one})", one=literal(packing.bits))),
        target=item_of(packing, Sql("e.1")),
        shown=_shown(plan, _edges(plan, items)),
    )


def compile_actors(plan: Plan, limit: int, offset: int, kept: Kept = everybody) -> Sql:
    """Rows (fits, actors): a page of those whose paths have the query's nodes."""
    items, query = Items(plan), plan.query
    conditions = []
    if query.start_node and query.end_node:
        follows = TRUE if query.end_node.step == query.start_node.step + 1 else FALSE
        conditions = [_is_at(plan, items, query.start_node), _is_at(plan, items, query.end_node), follows]
    elif query.start_node:
        goes_on = Sql("length(path) > {n}", n=literal(query.start_node.step))
        conditions = [_is_at(plan, items, query.start_node), goes_on]
    elif query.end_node:
        conditions = [_is_at(plan, items, query.end_node)]
    if query.last_node:
        ends = Sql("length(path) = {n}", n=literal(query.last_node.step))
        conditions += [_is_at(plan, items, query.last_node), ends]
    return Sql(
        "WITH {table} SELECT {fit}, arraySlice(arraySort(groupUniqArray(actor)), {offset:Int64}, "
        "{limit:Int64}) AS actors FROM ({paths}) WHERE {where}",
        table=items.table,
        fit=items.fit,
        offset=offset + 1,
        limit=limit,
        paths=paths(plan, items),
        where=both(*(conditions or [Sql("length(path) > 1")]), kept(Sql("actor"))),
    )


def _is_at(plan: Plan, items: Items, node: NodeName) -> Sql:
    return Sql(
        "(length(path) >= {n} AND {item} = {number})",
        n=literal(node.step),
        item=item_of(plan.packing, Sql("path[{n}]", n=literal(node.step))),
        number=items.number_of(node.item),
    )


def _edges(plan: Plan, items: Items) -> Sql:
    """Rows (key, sessions, microseconds).

    Keys are in the order of the edges' names: first by the step as text, `10_` before `2_`, then by the items.
    """
    packing = plan.packing
    step = Sql("to{type}(step)", type=Sql(packing.type))
    by_name = plan.steps_by_name
    if by_name != sorted(by_name):
        step = Sql("to{type}(indexOf({by_name:Array(UInt64)}, step))", type=Sql(packing.type), by_name=by_name)
    came, went = (Sql("bitAnd({n}, {mask})", n=Sql(n), mask=literal((1 << packing.bits) - 1)) for n in ("came", "went"))
    return Sql(
        "SELECT bitOr(bitOr(bitShiftLeft({step}, {two}), bitShiftLeft({came}, {one})), {went}) AS key, "
        "groupArray(session) AS sessions, sum({later} - {earlier}) AS microseconds FROM ({paths}) "
        "ARRAY JOIN arrayEnumerate(arrayPopBack(path)) AS step, arrayPopBack(path) AS came, arrayPopFront(path) AS "
        "went GROUP BY key",
        step=step,
        two=literal(2 * packing.bits),
        one=literal(packing.bits),
        came=came,
        went=went,
        later=time_of(packing, Sql("went")),
        earlier=time_of(packing, Sql("came")),
        paths=paths(plan, items),
    )


def _shown(plan: Plan, edges: Sql) -> Sql:
    """One row of arrays that belong together, (keys, counts, weights); `passed`, the sessions of all edges, one edge's
    after the other's; and `shown`: (key, weight, count, time) of what is answered, the weightiest first, then by names.

    The weight is what is answered, and -1 where it is out of the bounds.
    """
    query = plan.query
    weights, order = _weights(plan), Sql("e -> (-e.2, e.1)")
    shown = Sql("arrayZip(keys, weights, counts, groupArray(microseconds))")
    if query.edges is None:
        shown = Sql("arraySort({o}, {e})", o=order, e=shown)
    else:
        most = literal(query.edges)
        shown = Sql("arraySlice(arrayPartialSort({o}, {n}, {e}), 1, {n})", o=order, n=most, e=shown)
    if query.least_weight or query.greatest_weight:
        shown = Sql("arrayFilter(e -> e.2 > 0, {s})", s=shown)
    return Sql(
        "SELECT groupArray(key) AS keys, groupArray(length(sessions)) AS counts, {weights} AS weights, "
        "groupArrayArray(sessions) AS passed, {shown} AS shown FROM ({edges})",
        weights=weights,
        shown=shown,
        edges=edges,
    )


def _weights(plan: Plan) -> Sql:
    query, weight = plan.query, Sql("c")
    if query.sampling:
        weight = Sql("toInt64(round(c / {share:Float64}))", share=query.sampling)
    bounds = [Sql("{w} >= {n}", w=weight, n=literal(query.least_weight))] if query.least_weight else []
    bounds += [Sql("{w} <= {n}", w=weight, n=literal(query.greatest_weight))] if query.greatest_weight else []
    if bounds:
        weight = Sql("if({within}, toInt64({w}), -1)", within=both(*bounds), w=weight)
    elif not query.sampling:
        return Sql("counts")
    return Sql("arrayMap(c -> {w}, counts)", w=weight)
