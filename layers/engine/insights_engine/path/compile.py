"""A paths plan as one statement, one pass over the events. Pure.

An edge's key is one number, step and both items packed, so that edges are counted without any text; names are looked
up for those that are answered alone.
"""

from __future__ import annotations

from insights_engine.path.items import Items, literal
from insights_engine.path.model import NodeName
from insights_engine.path.sessions import item_of, paths, time_of
from insights_engine.path.window import Plan
from insights_engine.sql import FALSE, TRUE, Sql, both


def compile_paths(plan: Plan) -> Sql:
    """One row: whether it `fits` (false where there are more items than numbers, and then nothing is said), the edges
    that are answered, and how many edges, sessions and people have one that is not.

    An edge is (step, source, target, value, occurrences, microseconds).
    """
    items, packing = Items(plan), plan.packing
    step = Sql("toUInt64(bitShiftRight(e.1, {two}))", two=literal(2 * packing.bits))
    if _reorders(plan):
        step = Sql("{steps:Array(UInt64)}[{s}]", steps=_places_of_steps(plan)[1], s=step)
    edge = Sql(
        "({step}, {names}[{source} + 1], {names}[{target} + 1], e.2, e.3, e.4)",
        step=step,
        names=items.names,
        source=item_of(packing, Sql("bitShiftRight(e.1, {one})", one=literal(packing.bits))),
        target=item_of(packing, Sql("e.1")),
    )
    return Sql(
        "WITH {table} SELECT {fit} AS fits, arrayMap(e -> {edge}, shown) AS edges, arraySum(is_hidden) AS "
        "hidden_edges, length(arrayCompact(hidden)) AS hidden_sessions, "
        "length(arrayCompact(h -> bitShiftRight(h, 32), hidden)) AS hidden_people FROM ({hidden})",
        table=items.table,
        fit=items.fit,
        edge=edge,
        hidden=_hidden(_shown(plan, _gathered(plan, items))),
    )


def compile_actors(plan: Plan, limit: int, offset: int) -> Sql:
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
        "WITH {table} SELECT {fit} AS fits, arraySlice(arraySort(groupUniqArray(actor)), {offset:Int64}, "
        "{limit:Int64}) AS actors FROM ({paths}) WHERE {where}",
        table=items.table,
        fit=items.fit,
        offset=offset + 1,
        limit=limit,
        paths=paths(plan, items),
        where=both(*conditions) if conditions else Sql("length(path) > 1"),
    )


def _is_at(plan: Plan, items: Items, node: NodeName) -> Sql:
    return Sql(
        "(length(path) >= {n} AND toInt64({item}) = {number})",
        n=literal(node.step),
        item=item_of(plan.packing, Sql("path[{n}]", n=literal(node.step))),
        number=items.number_of(node.item),
    )


def _edges(plan: Plan, items: Items) -> Sql:
    """Rows (key, sessions, microseconds): sessions as the actor's number left of the session's.

    Keys are in the order of the edges' names: first by the step as text, `10_` before `2_`, then by the items.
    """
    packing = plan.packing
    step = Sql("to{type}(step)", type=Sql(packing.type))
    if _reorders(plan):
        step = Sql("to{type}({p:Array(UInt64)}[step])", type=Sql(packing.type), p=_places_of_steps(plan)[0])
    came, went = (Sql("bitAnd({n}, {mask})", n=Sql(n), mask=literal((1 << packing.bits) - 1)) for n in ("came", "went"))
    return Sql(
        "SELECT bitOr(bitOr(bitShiftLeft({step}, {two}), bitShiftLeft({came}, {one})), {went}) AS key, "
        "groupArray(bitOr(bitShiftLeft(toUInt64(actor), 32), session)) AS sessions, "
        "sum({later} - {earlier}) AS microseconds FROM ({paths}) ARRAY JOIN arrayEnumerate(arrayPopBack(path)) AS "
        "step, arrayPopBack(path) AS came, arrayPopFront(path) AS went GROUP BY key",
        step=step,
        two=literal(2 * packing.bits),
        one=literal(packing.bits),
        came=came,
        went=went,
        later=time_of(packing, Sql("went")),
        earlier=time_of(packing, Sql("came")),
        paths=paths(plan, items, least=2),
    )


def _places_of_steps(plan: Plan) -> tuple[list[int], list[int]]:
    """The place of each step in the order of `1_`, `10_`, `2_`…, and the step at each place, both from 1."""
    # A way that is cut in the middle has a node more than the steps that are shown.
    steps = range(1, plan.query.steps + 2)
    by_text = sorted(steps, key=lambda step: f"{step}_")
    places = {step: place for place, step in enumerate(by_text, 1)}
    return [places[step] for step in steps], by_text


def _reorders(plan: Plan) -> bool:
    """Up to nine, steps are in the order of their texts."""
    return plan.query.steps + 1 > 9


def _gathered(plan: Plan, items: Items) -> Sql:
    """One row of arrays that belong together, (keys, counts, weights, times), and `passed`: the sessions of all edges,
    one edge's after the other's. The weight is what is answered, and -1 where it is out of the bounds."""
    return Sql(
        "SELECT groupArray(key) AS keys, groupArray(length(sessions)) AS counts, {weights} AS weights, "
        "groupArray(microseconds) AS times, groupArrayArray(sessions) AS passed FROM ({edges})",
        weights=_weights(plan),
        edges=_edges(plan, items),
    )


def _weights(plan: Plan) -> Sql:
    query, weight = plan.query, Sql("toInt64(c)")
    if query.sampling:
        weight = Sql("toInt64(round(c / {share:Float64}))", share=query.sampling)
    bounds = [Sql("{w} >= {n}", w=weight, n=literal(query.least_weight))] if query.least_weight else []
    bounds += [Sql("{w} <= {n}", w=weight, n=literal(query.greatest_weight))] if query.greatest_weight else []
    if bounds:
        weight = Sql("if({within}, {w}, -1)", within=both(*bounds), w=weight)
    return Sql("arrayMap(c -> {w}, counts)", w=weight)


def _shown(plan: Plan, gathered: Sql) -> Sql:
    """With `shown`: (key, weight, count, time) of what is answered, the weightiest first, then by names."""
    limit = plan.query.edges
    edges, order = Sql("arrayZip(keys, weights, counts, times)"), Sql("e -> (-e.2, e.1)")
    if limit is None:
        ranked = Sql("arraySort({o}, {e})", o=order, e=edges)
    else:
        ranked = Sql("arraySlice(arrayPartialSort({o}, {n}, {e}), 1, {n})", o=order, n=literal(limit), e=edges)
    if plan.query.least_weight or plan.query.greatest_weight:
        ranked = Sql("arrayFilter(e -> e.2 > 0, {r})", r=ranked)
    return Sql("SELECT *, {ranked} AS shown FROM ({gathered})", ranked=ranked, gathered=gathered)


def _hidden(shown: Sql) -> Sql:
    """What comes after the last that is shown: which edges, and their sessions, sorted, each as often as it has one."""
    return Sql(
        "SELECT shown, shown[-1].2 AS least, shown[-1].1 AS final, arrayMap((w, k) -> w < least OR (w = least AND "
        "k > final), weights, keys) AS is_hidden, arraySort(arrayFilter((s, h) -> h, passed, "
        "arrayFlatten(arrayMap((c, h) -> arrayWithConstant(c, h), counts, is_hidden)))) AS hidden FROM ({shown})",
        shown=shown,
    )
