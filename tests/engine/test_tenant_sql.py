"""Every SELECT that a compiler makes over a tenants' table names the project, by itself and wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from insights_engine import keys
from insights_engine.actors import Wanted
from insights_engine.funnel import answer as funnel
from insights_engine.funnel.model import ORDERS, STEPS, VIZ_TYPES
from insights_engine.funnel.node import parse_node as parse_funnel
from insights_engine.funnel.people import Chosen
from insights_engine.lifecycle import answer as lifecycle
from insights_engine.lifecycle.node import parse_node as parse_lifecycle
from insights_engine.project import Project
from insights_engine.retention import answer as retention
from insights_engine.retention.model import RETENTION_TYPES, WINDOW_MODES
from insights_engine.retention.node import parse_node as parse_retention
from insights_engine.services import Services
from insights_engine.stickiness import answer as stickiness
from insights_engine.stickiness.node import parse_node as parse_stickiness
from insights_engine.tables import TENANT_TABLES
from insights_engine.trend.answer import actors, answer
from insights_engine.trend.breakdowns import OTHER
from insights_engine.trend.displays import DISPLAYS
from insights_engine.trend.maths import MATHS
from insights_engine.trend.node import parse_node
from insights_engine.trend.people import Chosen as Point

from tests.engine.conftest import NewProject, Workplace
from tests.engine.recording import Recording, put, recorded

NOW = datetime(2024, 3, 20, 15, 30, tzinfo=UTC)
NEWEST = Wanted(order=(("created_at", True),), has_distinct_ids=True)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
_BRACKETS = re.compile(r"([()])")
_SELECT = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_SETS = re.compile(r"\b(?:UNION|INTERSECT|EXCEPT)\b", re.IGNORECASE)
_TENANT = re.compile(rf"\b(?:FROM|JOIN|IN)\s+(?:{'|'.join(TENANT_TABLES)})\b", re.IGNORECASE)
_NAMED = re.compile(r"(?<![\w.])project = \{p\d+:UInt32\}")


def unnamed(text: str) -> list[str]:
    """The SELECTs of the statement that read a tenants' table and do not name the project."""
    return [one for one in selects(text) if _TENANT.search(one) and not _NAMED.search(one)]


def selects(text: str) -> Iterator[str]:
    """Each SELECT without those in it."""
    open_ones = [""]
    for piece in _BRACKETS.split(_QUOTED.sub("q", text)):
        if piece == "(":
            open_ones.append("")
        elif piece == ")":
            inner = open_ones.pop()
            is_select = _SELECT.match(inner)
            if is_select:
                yield from _SETS.split(inner)
            open_ones[-1] += " q " if is_select else f" {inner} "
        else:
            open_ones[-1] += piece
    (outermost,) = open_ones
    yield from _SETS.split(outermost)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("SELECT 1 FROM events WHERE project = {p0:UInt32}", 0),
        ("SELECT 1 FROM events WHERE (day > 1) AND (project = {p0:UInt32})", 0),
        ("SELECT 1 FROM events", 1),
        ("SELECT 1 FROM events WHERE project = 7", 1),
        ("SELECT 1 FROM events WHERE x.project = {p0:UInt32}", 1),
        ("SELECT 1 FROM events WHERE person IN (SELECT person FROM persons WHERE project = {p0:UInt32})", 1),
        ("SELECT 1 FROM events WHERE project = {p0:UInt32} AND person IN (SELECT person FROM persons)", 1),
        ("SELECT 1 FROM events WHERE project = {p0:UInt32} UNION ALL SELECT 1 FROM events", 1),
        ("SELECT 1 FROM (SELECT 1 FROM groups) WHERE 'project = {p0:UInt32}'", 1),
        ("SELECT 1 WHERE 1 IN events", 1),
        ("SELECT `FROM events` FROM x", 0),
    ],
)
def test_what_this_file_finds(text: str, count: int) -> None:
    assert len(unnamed(text)) == count


# Questions: each by itself, over every maths, display and kind of insight.

BUY = {"kind": "EventsNode", "event": "buy"}
GROUP_0 = {"type": "group", "group_type_index": 0, "key": "size"}
FILTERS: dict[str, Any] = {
    "event": {"type": "event", "key": "plan", "value": ["a", "b"]},
    "event, negated": {"type": "event", "key": "plan", "operator": "is_not", "value": "a"},
    "person": {"type": "person", "key": "email", "operator": "icontains", "value": "x"},
    "person, negated": {"type": "person", "key": "email", "operator": "is_not_set", "value": "x"},
    "distinct id": {"type": "person", "key": "distinct_id", "value": "x"},
    "group": {**GROUP_0, "operator": "gt", "value": 3},
    "session": {"type": "session", "key": "$session_duration", "operator": "gt", "value": 3},
    "channel": {"type": "session", "key": "$channel_type", "value": "Direct"},
    "element": {"type": "element", "key": "selector", "value": "a.b > c"},
    "metadata": {"type": "event_metadata", "key": "distinct_id", "value": "x"},
    "person id": {"type": "event_metadata", "key": "person_id", "value": "x"},
    "stored cohort": {"type": "cohort", "key": "id", "value": 1},
    "computed cohort": {"type": "cohort", "key": "id", "value": 2, "operator": "not_in"},
    "cohort of cohorts": {"type": "cohort", "key": "id", "value": 3},
    "expression": {"type": "hogql", "key": "properties.plan = 'a' AND person.properties.email != 'x'"},
    "tree": {"type": "OR", "values": [{"type": "cohort", "key": "id", "value": 3}, {**GROUP_0, "value": "x"}]},
}
BREAKDOWNS: dict[str, dict[str, Any]] = {
    "event": {"breakdown": "plan", "breakdown_type": "event"},
    "person": {"breakdown": "email", "breakdown_type": "person"},
    "group": {"breakdown": "size", "breakdown_type": "group", "breakdown_group_type_index": 0},
    "session": {"breakdown": "$entry_pathname", "breakdown_type": "session"},
    "metadata": {"breakdown": "person_id", "breakdown_type": "event_metadata"},
    "expression": {"breakdown": "person.properties.email", "breakdown_type": "hogql"},
    "cohort": {"breakdown": [1, 2, 3], "breakdown_type": "cohort"},
    "all users": {"breakdown": [1, "all"], "breakdown_type": "cohort"},
    "bins": {"breakdowns": [{"property": "price", "histogram_bin_count": 3}, {"property": "email", "type": "person"}]},
}


def questions() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in MATHS:
        measured = {**BUY, "math": name, "math_property": "price", "math_group_type_index": 0, "math_hogql": "count()"}
        for kind, by in {"": {}, "person": BREAKDOWNS["person"], "cohort": BREAKDOWNS["cohort"]}.items():
            yield f"{name} by {kind}", {"series": [measured], "breakdownFilter": by}
    for kind in ("person_properties", "session_properties"):
        key = "$session_duration" if kind == "session_properties" else "age"
        yield kind, {"series": [{**BUY, "math": "avg", "math_property": key, "math_property_type": kind}]}
    for name, display in DISPLAYS.items():
        by = {} if display.kind == "heatmap" else BREAKDOWNS["person"]
        yield name, {"series": [BUY], "trendsFilter": {"display": name}, "breakdownFilter": by}
    for name, leaf in FILTERS.items():
        where = leaf if "values" in leaf else [leaf]
        yield f"{name} of all", {"series": [BUY, {**BUY, "math": "dau"}], "properties": where}
        yield f"{name} of one", {"series": [{**BUY, "math": "first_time_for_user", "properties": where}]}
    for name, by in BREAKDOWNS.items():
        yield f"by {name}", {"series": [BUY], "breakdownFilter": by, "compareFilter": {"compare": True}}
    yield "action", {"series": [{"kind": "ActionsNode", "id": 4}], "dateRange": {"date_from": "all"}}
    yield "several", {"series": [{"kind": "GroupNode", "nodes": [BUY, {"kind": "ActionsNode", "id": 4}]}]}
    yield "formula", {"series": [BUY, BUY], "trendsFilter": {"formula": "A / B"}, "samplingFactor": 0.5}
    yield "tests", {"series": [BUY], "filterTestAccounts": True, "interval": "hour"}


QUESTIONS = dict(questions())


@pytest.fixture(scope="module", params=["plain", "merging, moved"])
def place(request: pytest.FixtureRequest, new_project: NewProject) -> Workplace:
    """A project with cohorts, an action and test accounts; one whose persons were merged and whose zone was changed."""
    moved = {"has_pending_merges": True, "timezone": "Asia/Tokyo", "days_timezone": "UTC"}
    tests = [FILTERS["computed cohort"], FILTERS["person"], FILTERS["group"]]
    made = new_project(test_account_filters=tests, **(moved if request.param != "plain" else {}))
    services, number = made.services, made.id
    cohort = {"type": "cohort", "key": "id", "value": 2, "negation": True}
    email = {"type": "person", "key": "email", "operator": "regex", "value": "@x"}
    put(services, keys.cohort(number, 1), id=1, name="stored", is_static=True)
    put(
        services,
        keys.cohort(number, 2),
        id=2,
        name="computed",
        filters={"properties": {"type": "OR", "values": [email]}},
    )
    nested = {"type": "AND", "values": [{"type": "OR", "values": [cohort, {**cohort, "value": 1}]}]}
    put(services, keys.cohort(number, 3), id=3, name="nested", filters={"properties": nested})
    steps = [{"event": "buy", "properties": [FILTERS["cohort of cohorts"]]}, {"event": "look", "selector": "a > b"}]
    put(services, keys.action(number, 4), id=4, name="action", steps=steps)
    return made


@pytest.fixture(scope="module")
def recording(place: Workplace) -> tuple[Services, Recording]:
    return recorded(place.services)


@pytest.fixture
def asked(
    place: Workplace, recording: tuple[Services, Recording], request: pytest.FixtureRequest
) -> tuple[Services, Recording, Project]:
    """The text is read here, and ClickHouse takes its time to read a long one: it sees each statement of one project,
    and of questions by the hundred those with all in their filters."""
    services, clickhouse = recording
    project = Project.from_item(place.item())
    product = {"mode", "viz"} & request.node.callspec.params.keys()
    clickhouse.is_asked = project.has_pending_merges and (not product or request.node.callspec.params["name"] == "tree")
    return services, clickhouse, project


def check(clickhouse: Recording) -> None:
    statements, clickhouse.asked[:] = clickhouse.asked[:], []
    assert statements
    for statement in statements:
        assert unnamed(statement.text) == []
        # The only number that a project's name is compared with is the project's.
        named = {statement.params[name] for name in re.findall(r"project = \{(p\d+):UInt32\}", statement.text)}
        assert len(named) == 1


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_select_of_a_trend_names_the_project(asked: tuple[Services, Recording, Project], name: str) -> None:
    services, clickhouse, project = asked
    answer(parse_node({"kind": "TrendsQuery", **QUESTIONS[name]}), project, services, NOW)
    check(clickhouse)


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name.startswith("by ") or name.endswith(" by ")])
def test_every_select_of_a_trend_s_people_names_the_project(
    asked: tuple[Services, Recording, Project], name: str
) -> None:
    services, clickhouse, project = asked
    query = parse_node({"kind": "TrendsQuery", **QUESTIONS[name]})
    cohorts, properties = query.breakdown.cohorts, query.breakdown.properties
    values = [(str(cohorts[0]),)] if cohorts else [(OTHER,) * len(properties), ("x",) * len(properties)]
    for value in [None, *(value for value in values if value)]:
        actors(query, project, services, NOW, Point(interval=0, value=value), NEWEST)
        check(clickhouse)


@pytest.mark.parametrize("name", FILTERS)
def test_every_select_of_a_lifecycle_and_of_stickiness_names_the_project(
    asked: tuple[Services, Recording, Project], name: str
) -> None:
    services, clickhouse, project = asked
    where = FILTERS[name] if "values" in FILTERS[name] else [FILTERS[name]]
    node = {"series": [{"kind": "ActionsNode", "id": 4}], "properties": where, "filterTestAccounts": True}
    found = parse_lifecycle({"kind": "LifecycleQuery", **node})
    lifecycle.answer(found, project, services, NOW)
    check(clickhouse)
    lifecycle.actors(found, project, services, NOW, lifecycle.Chosen("new", interval=0), NEWEST)
    check(clickhouse)
    sticking = parse_stickiness({"kind": "StickinessQuery", **node})
    stickiness.answer(sticking, project, services, NOW)
    check(clickhouse)
    stickiness.actors(sticking, project, services, NOW, stickiness.Chosen(1), NEWEST)
    check(clickhouse)


@pytest.mark.parametrize("name", ["person", "group", "session", "element", "expression", "tree"])
@pytest.mark.parametrize("mode", WINDOW_MODES)
@pytest.mark.parametrize("kind", RETENTION_TYPES)
def test_every_select_of_a_retention_names_the_project(
    asked: tuple[Services, Recording, Project], kind: str, mode: str, name: str
) -> None:
    services, clickhouse, project = asked
    where = FILTERS[name] if "values" in FILTERS[name] else [FILTERS[name]]
    asks = {
        "retentionType": kind,
        "timeWindowMode": mode,
        "targetEntity": {"id": "buy", "type": "events", "properties": where},
        "returningEntity": {"id": 4, "type": "actions"},
    }
    for by in ({}, BREAKDOWNS["person"]):
        node = {"retentionFilter": asks, "properties": where, "filterTestAccounts": True, "breakdownFilter": by}
        query = parse_retention({"kind": "RetentionQuery", **node})
        retention.answer(query, project, services, NOW)
        check(clickhouse)


@pytest.mark.parametrize("name", ["person", "group", "session", "element", "expression", "tree"])
@pytest.mark.parametrize("viz", VIZ_TYPES)
@pytest.mark.parametrize("order", ORDERS)
def test_every_select_of_a_funnel_names_the_project(
    asked: tuple[Services, Recording, Project], order: str, viz: str, name: str
) -> None:
    services, clickhouse, project = asked
    where = FILTERS[name] if "values" in FILTERS[name] else [FILTERS[name]]
    step = {"kind": "EventsNode", "event": "buy", "math": "first_time_for_user", "properties": where}
    excluded = {"kind": "EventsNode", "event": "x", "properties": where, "funnelFromStep": 0, "funnelToStep": 1}
    asks = {"funnelOrderType": order, "funnelVizType": viz, "exclusions": [excluded]}
    is_asked = clickhouse.is_asked
    for by in ({}, BREAKDOWNS["person"], BREAKDOWNS["session"]):
        # Steps are made of the one row that there is without a breakdown.
        clickhouse.is_asked = is_asked or (viz == STEPS and not by)
        node = {"series": [step, {"kind": "ActionsNode", "id": 4}], "funnelsFilter": asks, "breakdownFilter": by}
        query = parse_funnel({"kind": "FunnelsQuery", **node, "properties": where, "filterTestAccounts": True})
        funnel.answer(query, project, services, NOW)
        check(clickhouse)
    funnel.actors(query, project, services, NOW, Chosen(1, period="2024-03-20"), limit=1, offset=0)
    check(clickhouse)
