"""From events to paths: rows (actor, session, path), where a path is the packed moments and items of its nodes. Pure.

A session ends where nothing happens for half an hour. Of items that follow themselves the last is kept.
"""

from __future__ import annotations

from datetime import timedelta

from insights_engine.conditions import audience, matches
from insights_engine.path.funnel import limited
from insights_engine.path.items import Items, literal, selected
from insights_engine.path.model import ELLIPSIS, SESSION_GAP, target
from insights_engine.path.window import Packing, Plan
from insights_engine.scan import Scan, micros
from insights_engine.sql import Sql, both

_MICROSECOND = timedelta(microseconds=1)


def item_of(packing: Packing, moment: Sql) -> Sql:
    item = Sql("bitAnd({m}, {mask})", m=moment, mask=literal((1 << packing.bits) - 1))
    return Sql("toUInt64({i})", i=item) if packing.is_wide else item


def time_of(packing: Packing, moment: Sql) -> Sql:
    """Microseconds since the window's start."""
    time = Sql("bitShiftRight({m}, {bits})", m=moment, bits=literal(packing.bits))
    return Sql("toUInt64({t})", t=time) if packing.is_wide else time


def paths(plan: Plan, items: Items) -> Sql:
    """Rows (actor, session, path), shortened to the steps that are shown.

    Those of one node stay: to take out who did one thing costs more than to carry them on.
    """
    query = plan.query
    if not query.start_point and not query.end_point:
        shortened = Sql("arraySlice({kept}, 1, {n})", kept=_deduplicated(plan), n=literal(query.steps))
        return _sessions(plan, items, shortened, Sql("path"))
    nodes = _sessions(plan, items, _deduplicated(plan), Sql("nodes"))
    if query.start_point and query.end_point:
        return _between(plan, items, nodes, query.start_point, query.end_point)
    if query.start_point:
        return _from_start(plan, items, nodes, query.start_point)
    return _to_end(plan, items, nodes, query.end_point or "")


def _moments(plan: Plan, items: Items) -> Sql:
    """Rows (actor, moments): what each actor did, in time's order; at one moment in the order of the items' names."""
    query, scan = plan.query, Scan(plan.project, plan.definitions, plan.now)
    number = items.number(scan)
    conditions = [
        scan.is_mine,
        scan.within(plan.start, plan.end),
        selected(query),
        matches(scan, query.filter),
        *audience(scan, without_test_accounts=query.filter_test_accounts, sampling=query.sampling),
        items.fit,
    ]
    if query.excluded:
        conditions.append(Sql("{number} != 0", number=number))
    return Sql(
        "SELECT {actor} AS actor, arraySort(groupArray(bitOr(bitShiftLeft(to{type}(toUnixTimestamp64Micro(ts) - "
        "{start}), {bits}), {number}))) AS moments {source} WHERE {where} GROUP BY actor",
        actor=scan.person,
        type=Sql(plan.packing.type),
        start=literal(micros(plan.start)),
        bits=literal(plan.packing.bits),
        number=number,
        source=scan.from_clause(),
        where=both(*conditions),
    )


def _sessions(plan: Plan, items: Items, nodes: Sql, name: Sql) -> Sql:
    """Rows (actor, session, nodes of the `sitting`); a session is the actor's number left of its own."""
    funnel, moments = plan.query.funnel, _moments(plan, items)
    if funnel is not None:
        moments = limited(plan, moments, time_of(plan.packing, Sql("m")))
    gap = funnel.gap if funnel else SESSION_GAP
    return Sql(
        "WITH arraySplit((m, before) -> {time} - {time_before} >= {gap}, moments, arrayShiftRight(moments, 1)) AS "
        "sittings SELECT actor, bitOr(bitShiftLeft(toUInt64(actor), 32), number) AS session, {nodes} AS {name} "
        "FROM ({moments}) ARRAY JOIN sittings AS sitting, arrayEnumerate(sittings) AS number",
        nodes=nodes,
        name=name,
        gap=literal(gap // _MICROSECOND),
        time=time_of(plan.packing, Sql("m")),
        time_before=time_of(plan.packing, Sql("before")),
        moments=moments,
    )


def _deduplicated(plan: Plan) -> Sql:
    """The last of each run of one item. After a session's end comes the empty item, so that one at its end is lost."""
    return Sql(
        "arrayFilter((m, next) -> bitAnd(bitXor(m, next), {mask}) != 0, sitting, arrayShiftLeft(sitting, 1, {empty}))",
        empty=Sql("to{type}(1)", type=Sql(plan.packing.type)),
        mask=literal((1 << plan.packing.bits) - 1),
    )


def _places(plan: Plan, items: Items, nodes: Sql, point: str) -> Sql:
    """Rows with `place`, where the point is first; sessions without it are left out."""
    return Sql(
        "SELECT actor, session, nodes, arrayMap(m -> {item}, nodes) AS line, indexOf(line, {point}) AS place "
        "FROM ({s}) WHERE place > 0",
        item=item_of(plan.packing, Sql("m")),
        point=items.number_of(point),
        s=nodes,
    )


def _from_start(plan: Plan, items: Items, nodes: Sql, start: str) -> Sql:
    return Sql(
        "SELECT actor, session, arraySlice(nodes, place, {n}) AS path FROM ({s})",
        n=literal(plan.query.steps),
        s=_places(plan, items, nodes, target(start)),
    )


def _to_end(plan: Plan, items: Items, nodes: Sql, end: str) -> Sql:
    return Sql(
        "SELECT actor, session, arraySlice(nodes, greatest(toInt64(place) - {n}, 0) + 1, "
        "least(toInt64(place), {n})) AS path FROM ({s})",
        n=literal(plan.query.steps),
        s=_places(plan, items, nodes, target(end)),
    )


def _between(plan: Plan, items: Items, nodes: Sql, start: str, end: str) -> Sql:
    """From the first start to the first end after it; both are compared as they were sent. Of what is longer than the
    steps that are shown, halves at both ends with a node between them that has the time of the first one left out."""
    ways = Sql(
        "SELECT actor, session, arraySlice(nodes, place, further + 1) AS way FROM (SELECT actor, session, nodes, "
        "place, indexOf(arraySlice(line, place + 1), {end}) AS further FROM ({s})) WHERE further > 0",
        end=items.number_of(end),
        s=_places(plan, items, nodes, start),
    )
    half = plan.query.steps // 2
    left_out = Sql(
        "[bitOr(bitShiftLeft(to{type}({time}), {bits}), toUInt64({ellipsis}))]",
        type=Sql(plan.packing.type),
        time=time_of(plan.packing, Sql("way[{at}]", at=literal(half + 1))),
        bits=literal(plan.packing.bits),
        ellipsis=items.number_of(ELLIPSIS),
    )
    if half:
        template = "arrayConcat(arraySlice(way, 1, {half}), {middle}, arraySlice(way, {back}))"
        left_out = Sql(template, half=literal(half), middle=left_out, back=literal(-half))
    return Sql(
        "SELECT actor, session, if(length(way) > {n}, {short}, way) AS path FROM ({ways})",
        n=literal(plan.query.steps),
        short=left_out,
        ways=ways,
    )
