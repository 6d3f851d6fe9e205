"""Text that looks like SQL, through every field of a request that takes text: it stays text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import batched
from typing import Any

import pytest
from insights_engine import keys
from insights_engine.answer import Answer
from insights_engine.errors import ApiError
from insights_engine.funnel import answer as funnel
from insights_engine.funnel.node import parse_node as parse_funnel
from insights_engine.funnel.people import Chosen
from insights_engine.ingest import load
from insights_engine.lifecycle import answer as lifecycle
from insights_engine.lifecycle.node import parse_node as parse_lifecycle
from insights_engine.operators import OPERATORS
from insights_engine.project import Project
from insights_engine.services import Services
from insights_engine.sql import Sql
from insights_engine.stickiness import answer as stickiness
from insights_engine.stickiness.node import parse_node as parse_stickiness
from insights_engine.trend.answer import answer
from insights_engine.trend.legacy import parse_legacy
from insights_engine.trend.node import parse_node

from tests.engine.conftest import NewProject, Workplace
from tests.engine.recording import Recording, put, recorded
from tests.examples import IS_THOROUGH

NOW = datetime(2024, 3, 20, 15, 30, tzinfo=UTC)
MARK = "zq9"
HOSTILE = [
    f"{MARK}'; DROP TABLE events; --",
    f"{MARK}`; DROP TABLE events; --",
    f"`{MARK}",
    f'"{MARK}"',
    f"{MARK}\\",
    f"\\'{MARK}\\`",
    f"{MARK}{{x:String}}",
    f"{MARK}{{p0:String}}{{p1:UInt32}}",
    f"{{{MARK}}}",
    f"{MARK}%s%(x)s%d%",
    f"{MARK}) OR (1 = 1",
    f"{MARK}\nSETTINGS readonly = 0, additional_table_filters = {{}}",
    f"{MARK}/* */ -- # $$",
    f"{MARK}.a.b[0]['c']",
    f"{MARK}\0\x01\x7f\t\r\n",
    f"{MARK} 日本 ü 🎈 \u202e\ufeff\u2028",
    f"{MARK}%2E%00&param_p0=x#?+",
    f"{MARK}__exact",
    MARK + "x" * 10_000,
    MARK + "'" * 900,
    MARK + "`" * 900,
]
_NAMES = [re.sub(r"[^ -~]+", "?", text[:40]) for text in HOSTILE]

Field = Callable[[str], dict[str, Any]]
Ask = Callable[..., Answer | None]
BUY: dict[str, Any] = {"kind": "EventsNode", "event": "buy"}


def leaf(**given: Any) -> dict[str, Any]:
    return {"series": [BUY], "properties": [{"type": "event", "key": "k", "value": "x", **given}]}


def series(**given: Any) -> dict[str, Any]:
    return {"series": [{**BUY, **given}]}


def by(**given: Any) -> dict[str, Any]:
    return {"series": [BUY], "breakdownFilter": given}


KEYS: dict[str, Field] = {
    "event name": lambda t: series(event=t),
    "custom name": lambda t: series(custom_name=t, name=t),
    "math property": lambda t: series(math="sum", math_property=t),
    "math property of a person": lambda t: series(math="p90", math_property=t, math_property_type="person_properties"),
    "math property of a session": lambda t: series(
        math="avg", math_property=t, math_property_type="session_properties"
    ),
    "math": lambda t: series(math=t),
    "math expression": lambda t: series(math="hogql", math_hogql=t),
    "filter of a series": lambda t: series(properties=[{"key": t, "value": t}]),
    "key of an event": lambda t: leaf(key=t),
    "key of a person": lambda t: leaf(type="person", key=t),
    "key of a person, unset": lambda t: leaf(type="person", key=t, operator="is_not_set"),
    "key of a group": lambda t: leaf(type="group", key=t, group_type_index=0),
    "key of a session": lambda t: leaf(type="session", key=t),
    "key of an element": lambda t: leaf(type="element", key=t),
    "key of event metadata": lambda t: leaf(type="event_metadata", key=t),
    "expression": lambda t: leaf(type="hogql", key=t),
    "text in an expression": lambda t: leaf(type="hogql", key=f"event = '{_escaped(t)}'"),
    "property in an expression": lambda t: leaf(type="hogql", key=f"properties.{_name(t)} = 'x'"),
    "person's in an expression": lambda t: leaf(type="hogql", key=f"person.properties.{_name(t)} = 'x'"),
    "operator": lambda t: leaf(operator=t),
    "type of a property": lambda t: leaf(type=t),
    "cohort": lambda t: leaf(type="cohort", value=t),
    "distinct id": lambda t: leaf(type="person", key="distinct_id", value=[t, "x"]),
    "value of metadata": lambda t: leaf(type="event_metadata", key="person_id", value=t),
    "value of a session": lambda t: leaf(type="session", key="$entry_pathname", value=t),
    "value of a group": lambda t: leaf(type="group", group_type_index=1, value=[t]),
    "breakdown by an event's": lambda t: by(breakdown=t, breakdown_type="event"),
    "breakdown by a person's": lambda t: by(breakdown=t, breakdown_type="person"),
    "breakdown by a group's": lambda t: by(breakdown=t, breakdown_type="group", breakdown_group_type_index=0),
    "breakdown by a session's": lambda t: by(breakdown=t, breakdown_type="session"),
    "breakdown by metadata": lambda t: by(breakdown=t, breakdown_type="event_metadata"),
    "breakdown by an expression": lambda t: by(breakdown=t, breakdown_type="hogql"),
    "breakdown by cohorts": lambda t: by(breakdown=[t], breakdown_type="cohort"),
    "breakdown with bins": lambda t: by(breakdowns=[{"property": t, "histogram_bin_count": 3}, {"property": t}]),
    "breakdown of URLs": lambda t: by(breakdown=t, breakdown_normalize_url=True),
    "formula": lambda t: {"series": [BUY], "trendsFilter": {"formula": t}},
    "name of a formula": lambda t: {
        "series": [BUY],
        "trendsFilter": {"formulaNodes": [{"formula": "A", "custom_name": t}]},
    },
    "display": lambda t: {"series": [BUY], "trendsFilter": {"display": t}},
    "interval": lambda t: {"series": [BUY], "interval": t},
    "date": lambda t: {"series": [BUY], "dateRange": {"date_from": t}},
    "compared with": lambda t: {"series": [BUY], "compareFilter": {"compare": True, "compare_to": t}},
    "field": lambda t: {"series": [BUY], t: t},
}


def valued(operator: str, **given: Any) -> dict[str, Field]:
    """A filter by the operator, with one value and with a list of them."""
    return {
        f"{given} {operator} value": lambda text: leaf(operator=operator, value=text, **given),
        f"{given} {operator} values": lambda text: leaf(operator=operator, value=[text, "x"], **given),
    }


VALUES: dict[str, Field] = {}
_KEYS_OF_ELEMENTS = ("selector", "tag_name", "text", "href")
for _place, _operator in enumerate(OPERATORS):
    VALUES |= valued(_operator)
    for _key_of_element in _KEYS_OF_ELEMENTS if IS_THOROUGH else [_KEYS_OF_ELEMENTS[_place % 4]]:
        VALUES |= valued(_operator, type="element", key=_key_of_element)


def _escaped(text: str) -> str:
    """Between quotes or backticks of an expression."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _name(text: str) -> str:
    return "`" + text.replace("\\", "\\\\").replace("`", "``") + "`"


@pytest.fixture(scope="module")
def place(new_project: NewProject) -> Workplace:
    made = new_project(group_types=["company"])
    row = {"event": "buy", "distinct_id": "p", "timestamp": NOW.isoformat(), "properties": {"k": "x"}}
    load(made.services, made.id, events=[row], now=NOW)
    return made


@pytest.fixture(scope="module")
def asked(place: Workplace) -> tuple[Services, Recording]:
    return recorded(place.services)


@pytest.fixture
def ask(place: Workplace, asked: tuple[Services, Recording]) -> Iterator[Ask]:
    """Answers, or None where the request is at fault; what reaches ClickHouse has no such text but in quoted names."""
    services, clickhouse = asked

    def one(question: Callable[[Project, Services], Answer], **settings: Any) -> Answer | None:
        clickhouse.asked.clear()
        try:
            return question(Project.from_item({**place.item(), **settings}), services)
        except ApiError as error:
            assert error.status < 500
            return None
        finally:
            for statement in clickhouse.asked:
                assert MARK not in re.sub(r"`(?:[^`\\]|\\.)*`", "", statement.text)

    tables = Sql("SHOW TABLES")
    before = clickhouse.admin_read(tables).rows
    yield one
    assert clickhouse.admin_read(tables).rows == before
    assert place.rows("SELECT count() FROM events WHERE {p}") == [(1,)]


hostile = pytest.mark.parametrize("text", HOSTILE, ids=_NAMES)


def _trend(ask: Ask, node: dict[str, Any]) -> Answer | None:
    return ask(lambda project, services: answer(parse_node({"kind": "TrendsQuery", **node}), project, services, NOW))


@hostile
def test_a_query_takes_it_as_text_or_not_at_all(ask: Ask, text: str) -> None:
    for field in KEYS.values():
        _trend(ask, field(text))


@hostile
def test_every_operator_takes_it_as_text_or_not_at_all(ask: Ask, text: str) -> None:
    """Asked together, and each by itself where one is refused; where time is short, by itself or in a list by turns."""
    fields = [field for turn, field in _turns() if IS_THOROUGH or turn == HOSTILE.index(text) % 2]
    for several in batched((field(text)["properties"][0] for field in fields), 8, strict=False):
        taken = [leaf for leaf in several if _is_read(leaf)]
        if taken and _trend(ask, {"series": [BUY], "properties": taken}) is None:
            for leaf in taken:
                _trend(ask, {"series": [BUY], "properties": [leaf]})


def _turns() -> Iterator[tuple[int, Field]]:
    """Each form of a filter with its turn: one filter is asked alone first, the next one in a list first."""
    for place, (value, values) in enumerate(batched(VALUES.values(), 2, strict=True)):
        yield place % 2, value
        yield 1 - place % 2, values


def _is_read(leaf: dict[str, Any]) -> bool:
    try:
        parse_node({"kind": "TrendsQuery", "series": [BUY], "properties": [leaf]})
    except ApiError as error:
        assert error.status < 500
        return False
    return True


@hostile
def test_so_do_lifecycle_and_stickiness(ask: Ask, text: str) -> None:
    for name in ("event name", "key of a person", "key of a group", "text in an expression", "interval", "date"):
        node = KEYS[name](text)
        flow, stick = {"kind": "LifecycleQuery", **node}, {"kind": "StickinessQuery", **node}
        ask(lambda project, found, n=flow: lifecycle.answer(parse_lifecycle(n), project, found, NOW))
        ask(lambda project, found, n=stick: stickiness.answer(parse_stickiness(n), project, found, NOW))


@hostile
def test_so_do_funnels(ask: Ask, text: str) -> None:
    own = [{"key": text, "value": text, "type": "event"}]
    steps = [{"kind": "EventsNode", "event": text, "properties": own}, {"kind": "EventsNode", "event": "buy"}]
    excluded = {"kind": "EventsNode", "event": text + "x", "funnelFromStep": 0, "funnelToStep": 1}
    for chosen, value in (
        ({"exclusions": [excluded]}, {"breakdown": text}),
        ({"funnelOrderType": "unordered", "breakdownAttributionType": "step"}, {"breakdown": [text, "k"]}),
        ({"funnelAggregateByHogQL": text}, {}),
        ({"funnelVizType": "trends"}, {"breakdown": text, "breakdown_type": "person"}),
        ({"breakdownAttributionType": text}, {"breakdown": text}),
    ):
        node = {"kind": "FunnelsQuery", "series": steps, "funnelsFilter": chosen, "breakdownFilter": value}
        ask(lambda project, found, n=node: funnel.answer(parse_funnel(n), project, found, NOW))
    who = Chosen(1, (text,))
    node = {"kind": "FunnelsQuery", "series": steps, "breakdownFilter": {"breakdown": text}}
    ask(lambda project, found: funnel.actors(parse_funnel(node), project, found, NOW, who, limit=1, offset=0))


@hostile
def test_so_do_flat_filters(ask: Ask, text: str) -> None:
    event = {"id": "buy", "custom_name": text, "properties": [{"key": text, "value": text}]}
    forms: list[dict[str, Any]] = [
        {"events": [{"id": text}]},
        {"events": [event]},
        {"events": [event], "properties": {text: text, f"{text}__icontains": text}},
        {"events": [{**event, "math": "avg", "math_property": text}], "breakdown": text, "breakdown_type": "person"},
        {"events": text, "actions": text},
        *(
            {"events": [event], name: text}
            for name in ("breakdowns", "formula", "display", "interval", "date_to", text)
        ),
    ]
    for filters in forms:
        ask(lambda project, services, f=filters: answer(parse_legacy(f), project, services, NOW))


@hostile
def test_so_does_what_a_query_refers_to(ask: Ask, place: Workplace, text: str) -> None:
    """Stored before, by whoever may: cohorts, actions and the project's own filters and rules."""
    person = {"type": "person", "key": text, "value": [text]}
    parts = [person, {**person, "operator": "icontains", "value": text}, {**person, "key": "distinct_id"}]
    put(
        place.services,
        keys.cohort(place.id, 1),
        id=1,
        name=text,
        filters={"properties": {"type": "OR", "values": parts}},
    )
    steps = [
        {"event": text, "properties": [{"key": text, "value": text}]},
        {"event": "buy", "text": text, "href": text, "tag_name": text},
        *({"url": text, "url_matching": matching} for matching in ("contains", "exact", "regex")),
        *({"text": text, "text_matching": matching} for matching in ("contains", "exact", "regex")),
        *({"href": text, "href_matching": matching} for matching in ("contains", "exact", "regex")),
        {"selector": text},
    ]
    cohort = {"series": [BUY], "properties": [{"type": "cohort", "key": "id", "value": 1}]}
    for step in steps:
        put(place.services, keys.action(place.id, 2), id=2, name=text, steps=[step])
        node = {"kind": "TrendsQuery", "series": [{"kind": "ActionsNode", "id": 2}]}
        ask(lambda project, services, n=node: answer(parse_node(n), project, services, NOW))
    for asking in (cohort, by(breakdown=[1, "all"], breakdown_type="cohort")):
        ask(lambda p, s, n={"kind": "TrendsQuery", **asking}: answer(parse_node(n), p, s, NOW))


@hostile
def test_so_do_the_settings_of_a_project(ask: Ask, text: str) -> None:
    clean = {"kind": "TrendsQuery", "filterTestAccounts": True, **leaf(operator="is_cleaned_path_exact", value=text)}
    for settings in (
        {"test_account_filters": [{"type": "person", "key": text, "value": [text], "operator": "is_not"}]},
        {"test_account_filters": [{"key": text, "operator": "not_icontains", "value": text}]},
        {"path_cleaning_filters": [{"regex": text, "alias": "x"}]},
        {"path_cleaning_filters": [{"regex": "x", "alias": text}]},
        {"path_cleaning_filters": [{"regex": "x", "alias": "\\9" + text}]},
    ):
        ask(lambda project, services: answer(parse_node(clean), project, services, NOW), **settings)


# And what is stored under such names and values is found again.

STORED = [text for text in HOSTILE if len(text) < 150]


@pytest.fixture(scope="module")
def full(new_project: NewProject) -> Workplace:
    """An event, a person and a group of each text, by that name and with it as a property's name and value."""
    made = new_project()
    at = NOW.isoformat()
    persons = [{"distinct_ids": [text], "properties": {_key(text): text}} for text in STORED]
    groups = [{"type": "company", "key": text, "properties": {_key(text): text}} for text in STORED]
    events = [
        {
            "event": text,
            "distinct_id": text,
            "timestamp": at,
            "properties": {_key(text): text, "n": text, "$current_url": text},
            "groups": {"company": text},
        }
        for text in STORED
    ]
    report = load(made.services, made.id, persons=persons, groups=groups, events=events, now=NOW)
    assert report.refused == []
    return made


def _key(text: str) -> str:
    """Names of properties have no NUL: such a one is nobody's."""
    return text.replace("\0", "")


ALL: dict[str, Any] = {"kind": "EventsNode", "event": None}
FINDING: dict[str, Field] = {
    "event": lambda t: {"series": [{"kind": "EventsNode", "event": t}]},
    "value": lambda t: {"series": [ALL], "properties": [{"key": "n", "value": t}]},
    "values": lambda t: {"series": [ALL], "properties": [{"key": "n", "value": [t, "none"]}]},
    "typed value": lambda t: {"series": [ALL], "properties": [{"key": "$current_url", "value": t}]},
    "pattern": lambda t: {
        "series": [ALL],
        "properties": [{"key": "n", "operator": "regex", "value": f"^{_quoted(t)}$"}],
    },
    "key": lambda t: {"series": [ALL], "properties": [{"key": _key(t), "value": t}]},
    "key, set": lambda t: {"series": [ALL], "properties": [{"key": _key(t), "operator": "is_set"}]},
    "person": lambda t: {"series": [ALL], "properties": [{"type": "person", "key": _key(t), "value": t}]},
    "distinct id": lambda t: {"series": [ALL], "properties": [{"type": "person", "key": "distinct_id", "value": t}]},
    "group": lambda t: {
        "series": [ALL],
        "properties": [{"type": "group", "group_type_index": 0, "key": _key(t), "value": t}],
    },
    "expression": lambda t: {
        "series": [ALL],
        "properties": [{"type": "hogql", "key": f"properties.{_name(_key(t))} = '{_escaped(t)}'"}],
    },
}


def _quoted(text: str) -> str:
    return "".join(c if c.isalnum() or ord(c) > 127 else f"\\x{{{ord(c):x}}}" for c in text)


@pytest.mark.parametrize("text", STORED, ids=_NAMES[: len(STORED)])
def test_it_is_found_by_itself(full: Workplace, text: str) -> None:
    project = Project.from_item(full.item())
    found = {}
    for name, field in FINDING.items():
        query = parse_node({"kind": "TrendsQuery", **field(text)})
        found[name] = answer(query, project, full.services, NOW).result[0]["count"]
    assert found == dict.fromkeys(FINDING, 1)


def test_it_is_what_a_breakdown_shows(full: Workplace) -> None:
    project = Project.from_item(full.item())
    for kind, group in (("event", None), ("person", None), ("group", 0)):
        for text in STORED:
            by_text = {"breakdown": _key(text), "breakdown_type": kind, "breakdown_group_type_index": group}
            node = {"kind": "TrendsQuery", "series": [ALL], "breakdownFilter": by_text}
            shown = {row["breakdown_value"] for row in answer(parse_node(node), project, full.services, NOW).result}
            assert text in shown
