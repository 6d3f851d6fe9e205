"""Random events and questions: retention answers as the plain model does, in both forms and by both shapes of SQL."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from insights_engine.retention.answer import answer, plan_of
from insights_engine.retention.bitmaps import is_exact
from insights_engine.retention.compile import compile_retention
from insights_engine.retention.legacy import parse_legacy
from insights_engine.retention.node import parse_node
from insights_engine.retention.shape import shape
from insights_engine.services import Services
from insights_engine.sql import Sql

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.models import retention as model
from tests.engine.models.retention_questions import TYPES, questions, worlds
from tests.examples import examples

QUESTIONS = examples(7, 12)
NOW = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
quick = settings(
    max_examples=examples(5, 100),
    deadline=None,
    derandomize="CI" in os.environ,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a failure is to load hundreds of worlds
    suppress_health_check=list(HealthCheck),
)


def floor(q: dict[str, Any], at: datetime, zone: ZoneInfo, monday: bool) -> datetime:
    local = at.astimezone(zone)
    if q["period"] == "Hour":
        midnight = datetime.combine(local.date(), time(), zone).astimezone(UTC)
        return (midnight + (at - midnight) // HOUR * HOUR).astimezone(zone)  # some clocks are set by half an hour
    return datetime.combine(day_floor(q, local.date(), monday), time(), zone)


def day_floor(q: dict[str, Any], day: date, monday: bool) -> date:
    if q["period"] == "Week":
        return day - timedelta(days=day.weekday() if monday else (day.weekday() + 1) % 7)
    return day.replace(day=1) if q["period"] == "Month" else day


def back(q: dict[str, Any], start: datetime, n: int) -> datetime:
    match q["period"]:
        case "Hour":
            return (start.astimezone(UTC) - timedelta(hours=n)).astimezone(start.tzinfo)
        case "Month":
            year, month = divmod(start.year * 12 + start.month - 1 - n, 12)
            return start.replace(year=year, month=month + 1)
        case name:
            return start - timedelta(days=n * (7 if name == "Week" else 1))


def known(q: dict[str, Any], events: list[dict[str, Any]]) -> list[model.Event]:
    """The events that pass what is asked of all, each with its actor, values, and number."""
    found = []
    for e in events:
        actor = e["person"] if q["group"] is None else e["company"]
        if actor is not None and q["only"] in (None, e["k"]):
            e = {**e, "actor": actor, "plan": f"plan{e['person'] % 2}", "n": NUMBERS.get(e["n"], 0.0)}
            found.append({**e, "values": VALUES[q["by"]](e)})
    return found


# As floating point numbers; what is none is 0.
NUMBERS = {1: 1.0, 2.5: 2.5, "3": 3.0}
VALUES: dict[str | None, Callable[[model.Event], list[str]]] = {
    None: lambda e: [""],
    "k": lambda e: [e["k"]],
    "plan": lambda e: [e["plan"]],
    "cohorts": lambda e: ["0", *(["1"] if e["plan"] == "plan1" else [])],
}
BREAKDOWNS: dict[str, dict[str, Any]] = {
    "k": {"breakdown": "k", "breakdown_type": "event"},
    "plan": {"breakdown": "plan", "breakdown_type": "person"},
    "cohorts": {"breakdown": [1, "all"], "breakdown_type": "cohort"},
}


def side(of: dict[str, Any]) -> dict[str, Any]:
    own = [{"key": "k", "value": of["k"], "type": "event"}] if of["k"] else []
    return {"id": of["event"], "type": "events", "properties": own}


def node_of(q: dict[str, Any], date_from: datetime | None) -> dict[str, Any]:
    chosen = {
        "period": q["period"],
        "totalIntervals": q["n"],
        "retentionType": q["type"],
        "targetEntity": side(q["target"]),
        "returningEntity": side(q["returning"]),
        "cumulative": q["cumulative"],
        "minimumOccurrences": q["minimum"],
        "retentionCustomBrackets": q["brackets"],
        "timeWindowMode": "24_hour_windows" if q["rolling"] else None,
    }
    if q["sum"]:
        chosen |= {"aggregationType": q["mode"], "aggregationProperty": "n"}
    return {
        "kind": "RetentionQuery",
        "dateRange": {
            "date_from": date_from.isoformat() if date_from else None,
            "date_to": q["date_to"].isoformat(),
        },
        "properties": [{"key": "k", "value": q["only"], "type": "event"}] if q["only"] else [],
        "aggregation_group_type_index": q["group"],
        "retentionFilter": chosen,
        **({"breakdownFilter": {**BREAKDOWNS[q["by"]], "breakdown_limit": q["limit"]}} if q["by"] else {}),
    }


def expected(q: dict[str, Any], zone: ZoneInfo, events: list[dict[str, Any]]) -> tuple[list[Any], datetime | None]:
    """Rows of (breakdown value, cells), and the date_from to ask with."""
    last = floor(q, q["date_to"], zone, q["monday"])
    first, date_from = back(q, last, q["n"] - 1), None
    if q["earlier"] is not None:
        first = back(q, last, q["earlier"])
        date_from = first
    asked = {**q, "first": first, "from": first}
    asked["rows"] = model.period(asked, q["date_to"]) + 1
    width = len(q["brackets"]) + 1 if q["brackets"] else q["n"]
    groups = model.ask(asked, known(q, events)) or ([] if q["by"] else [("", {})])
    rows = []
    for value, cells in groups:
        for row in range(asked["rows"]):
            found = [cells.get((row, k), (0, 0.0)) for k in range(width)]
            shown = [(n, total / n if q["mode"] == "avg" and n else total) for n, total in found]
            rows.append((value if q["by"] else None, [c if q["sum"] else (c[0], None) for c in shown]))
    return rows, date_from


def seen(result: list[dict[str, Any]]) -> list[Any]:
    return [
        (row.get("breakdown_value"), [(c["count"], c.get("aggregation_value")) for c in row["values"]])
        for row in result
    ]


NewWorld = Callable[[str, list[dict[str, Any]], bool], Asker]


@pytest.fixture(scope="session")
def new_world(services: Services, new_project: NewProject) -> NewWorld:
    """A project with these events. `moved`: its days are stored in another zone, and two persons are merged since."""

    def make(zone: str, events: list[dict[str, Any]], moved: bool) -> Asker:
        asker = Asker(services, new_project(timezone=zone, days_timezone="Asia/Tokyo" if moved else zone).id, NOW)
        persons = [{"distinct_ids": [f"p{i}"], "properties": {"plan": f"plan{i % 2}"}} for i in range(4)]
        asker.load([loaded(e) for e in events], persons=persons)
        leaf = {"type": "person", "key": "plan", "value": ["plan1"], "operator": "exact"}
        asker.define("cohort", 1, name="One", filters={"properties": {"type": "AND", "values": [leaf]}})
        if moved:
            merge(asker, 2, 0)
        return asker

    return make


def loaded(e: dict[str, Any]) -> dict[str, Any]:
    own = {name: e[name] for name in ("k", "n") if e[name] not in ("", None)}
    row = {"event": e["event"], "distinct_id": f"p{e['person']}", "timestamp": e["at"].isoformat(), "properties": own}
    return {**row, "groups": {"company": e["company"]}} if e["company"] else row


def merge(asker: Asker, one: int, into: int) -> None:
    """As ingest leaves it until the events are rewritten. The two have the same plan."""
    numbers = {
        row[0]: row[1]
        for row in asker.services.clickhouse.admin_read(
            Sql("SELECT distinct_id, person FROM person_distinct_ids WHERE project = {p:UInt32}", p=asker.id)
        ).rows
    }
    row = {"project": asker.id, "person": numbers[f"p{one}"], "survivor": numbers[f"p{into}"]}
    line = json.dumps({**row, "is_deleted": 0, "version": 1}).encode()
    asker.services.clickhouse.insert_json("person_merges", (*row, "is_deleted", "version"), line)
    asker.change(has_pending_merges=True)


def merged(events: list[dict[str, Any]], moved: bool) -> list[dict[str, Any]]:
    return [{**e, "person": 0 if moved and e["person"] == 2 else e["person"]} for e in events]


@quick
@given(world=worlds(), moved=st.booleans(), data=st.data())
def test_a_node_is_answered_as_by_the_model(
    new_world: NewWorld, world: tuple[str, list[Any]], moved: bool, data: st.DataObject
) -> None:
    zone, events = world
    asker = new_world(zone, events, moved)
    for _ in range(QUESTIONS):
        q = data.draw(questions(events))
        asker.change(week_start_day=int(q["monday"]))
        wanted, date_from = expected(q, ZoneInfo(zone), merged(events, moved))
        query = parse_node(node_of(q, date_from))
        found = seen(answer(query, asker.project, asker.services, NOW).result)
        assert [value for value, _ in found] == [value for value, _ in wanted], q
        for one, other in zip(found, wanted, strict=True):
            assert one[1] == [(n, pytest.approx(x) if x is not None else None) for n, x in other[1]], (q, found, wanted)
        plan = plan_of(query, asker.project, asker.services, NOW)
        if is_exact(plan):
            rows = asker.services.clickhouse.read(compile_retention(plan, bitmaps=False), project_id=asker.id)
            assert seen(shape(plan, rows.rows)) == found, q


@quick
@given(world=worlds(), moved=st.booleans(), data=st.data())
def test_flat_parameters_are_answered_as_by_the_model(
    new_world: NewWorld, world: tuple[str, list[Any]], moved: bool, data: st.DataObject
) -> None:
    zone, events = world
    asker, info = new_world(zone, events, moved), ZoneInfo(zone)
    for _ in range(QUESTIONS):
        q = data.draw(questions(events))
        plain = {"rolling": False, "sum": False, "cumulative": False, "minimum": 1, "brackets": [], "mode": "count"}
        kind = TYPES[0] if q["type"] == TYPES[2] else q["type"]
        q |= plain | {"type": kind, "target": {**q["target"], "k": None}, "returning": {**q["returning"], "k": None}}
        q |= {"limit": 25, "by": None if q["by"] == "cohorts" else q["by"], "rows": q["n"]}
        local = q["date_to"].astimezone(info)
        if q["period"] != "Hour" and local.day > 28:
            continue  # what becomes of the 31st in another month is a table of its own
        last = local if q["period"] == "Hour" else datetime.combine(local.date(), time(), info)
        begin = back(q, last, q["n"] - 1)
        if q["period"] == "Week":
            begin = floor(q, begin, info, False)
        first = floor(q, begin, info, False)
        q |= {"first": first, "from": begin.astimezone(UTC), "to": back(q, last, -1).astimezone(UTC)}
        result = answer(parse_legacy(flat_of(q)), asker.project, asker.services, NOW).result
        own = known(q, merged(events, moved))
        if q["by"]:
            wanted = {v: [len(cs.get(k, ())) for k in range(q["n"])] for v, cs in model.table(q, own).items()}
            assert {r["label"]: [c["count"] for c in r["values"]] for r in result} == wanted, q
            continue
        (_, cells), *_ = [*model.ask(q, own), ("", {})]
        assert [[c["count"] for c in row["values"]] for row in result] == [
            [cells.get((row, k), (0, 0))[0] for k in range(q["n"] - row)] for row in range(q["n"])
        ], q


def flat_of(q: dict[str, Any]) -> dict[str, Any]:
    by = {"breakdowns": [{"type": BREAKDOWNS[q["by"]]["breakdown_type"], "property": q["by"]}]} if q["by"] else {}
    return {
        "period": q["period"],
        "total_intervals": q["n"],
        "date_to": q["date_to"].isoformat(),
        "retention_type": q["type"],
        "target_entity": {"id": q["target"]["event"], "type": "events"},
        "returning_entity": {"id": q["returning"]["event"], "type": "events"},
        "properties": [{"key": "k", "value": q["only"], "type": "event"}] if q["only"] else [],
        "aggregation_group_type_index": q["group"],
        **by,
    }
