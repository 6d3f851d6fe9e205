"""The people behind the points of a trend: as many as the number says, and those that it counts."""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from insights_engine.actors import Actors, Wanted
from insights_engine.errors import ValidationError
from insights_engine.trend.answer import actors
from insights_engine.trend.breakdowns import NULL, OTHER
from insights_engine.trend.node import parse_node
from insights_engine.trend.people import Chosen

from tests.engine.asking import Asker
from tests.engine.conftest import NewAsker
from tests.engine.trend.worlds import World, questions, worlds
from tests.examples import examples

FIRSTS = ("first_time_for_user", "first_matching_event_for_user")
COUNTED = ("dau", "unique_group", "weekly_active", "monthly_active", *FIRSTS)
MATHS = (*COUNTED, "total", "sum", "max_count_per_actor", "hogql", "unique_session")
POINTS = 8  # of one question
EVERYBODY = Wanted(limit=1000)
quick = settings(
    max_examples=examples(2, 50),
    deadline=None,
    derandomize="CI" in os.environ,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def people(asker: Asker, node: dict[str, Any], chosen: Chosen, wanted: Wanted = EVERYBODY) -> Actors:
    query = parse_node({"kind": "TrendsQuery", **node})
    return actors(query, asker.project, asker.services, asker.now, chosen, wanted)


def points(answer: list[dict[str, Any]]) -> list[tuple[Chosen, float]]:
    """Each number of an answer, and what chooses it."""
    found = []
    for row in answer:
        value = row.get("breakdown_value")
        chosen = {
            "series": row["action"]["order"],
            "value": None if value is None else tuple(map(str, value if isinstance(value, list) else [value])),
            "compare": row.get("compare_label"),
        }
        if not row["data"]:
            found.append((Chosen(**chosen), row["aggregated_value"]))
        days = dict(enumerate(row["action"]["days"]))  # in place of numbers, as the period before may be longer
        for i, number in enumerate(row["data"]):
            by_day = i % 2 and i in days
            found.append((Chosen(days[i] if by_day else None, None if by_day else i, **chosen), number))
    return found


def as_counted(question: dict[str, Any]) -> dict[str, Any]:
    """The same of the persons with any event, for maths that do not count actors."""
    series = [one if one["math"] in COUNTED else {**one, "math": "dau"} for one in question["series"]]
    return {**question, "series": series}


def told(asker: Asker, question: dict[str, Any], chosen: Chosen) -> str:
    return json.dumps({"zone": asker.project.timezone, "question": question, "chosen": str(chosen)}, ensure_ascii=False)


def check(asker: Asker, question: dict[str, Any], pick: random.Random) -> None:
    shown = points(asker.node(**as_counted(question)))
    cumulated = question["trendsFilter"]["display"] == "ActionsLineGraphCumulative"
    for chosen, number in pick.sample(shown, min(POINTS, len(shown))):
        found = people(asker, question, chosen)
        who = [one for one, _, _ in found.found]
        assert len(set(who)) == len(who) and not found.has_more
        rolls = cumulated and question["series"][chosen.series]["math"].endswith("ly_active")
        if chosen.value == (OTHER,) or rolls:  # sums, in which somebody may be several times
            assert len(who) <= number, told(asker, question, chosen)
            assert bool(who) == bool(number), told(asker, question, chosen)
        else:
            assert len(who) == number, (len(who), number, told(asker, question, chosen))


@quick
@given(world=worlds(), data=st.data())
def test_they_are_as_many_as_the_number_says(new_asker: NewAsker, world: World, data: st.DataObject) -> None:
    """Also of persons who were merged after some of their events, and where days were made in another zone."""
    asker = new_asker(timezone=data.draw(st.sampled_from([world.zone, "Pacific/Kiritimati"])))
    middle = data.draw(st.integers(0, len(world.events)))
    asker.load(world.events[:middle]).load(world.events[middle:], persons=world.persons)
    asker.change(timezone=world.zone)
    pick = random.Random(data.draw(st.integers(0, 1000)))
    for question in data.draw(st.lists(questions(world, MATHS), min_size=5, max_size=5)):
        series = [{**one, "math_property": "n"} for one in question["series"]]  # any event, not those of sessions
        check(asker, {**question, "series": series, "trendsFilter": question["trendsFilter"] | {"formula": None}}, pick)


SERIES = {"kind": "EventsNode", "event": "buy"}
DATES = {"date_from": "2024-03-01", "date_to": "2024-03-03"}
BY_K = {"breakdown": "k", "breakdown_type": "event"}
BY_PLAN = {"breakdown": "plan", "breakdown_type": "person"}
BY_TWO = {"breakdowns": [{"property": "k", "type": "event"}, {"property": "plan", "type": "person"}]}
BY_COHORT = {"breakdown": [1, 2], "breakdown_type": "cohort"}
BY_ALL = {"breakdown": ["all", 1], "breakdown_type": "cohort"}
PIE = {"trendsFilter": {"display": "ActionsPie"}}
# ann 1 u: ann buys, with k = u, on the first of March.
BOUGHT = ("ann 1 u", "ann 1 u", "ann 2 v", "bob 2 u", "cat 3 w", "cat 3", "dan 2", "eve -2 u")


def by_math(name: str, **further: Any) -> dict[str, Any]:
    return {"series": [{**SERIES, "math": name, **further}]}


def by(breakdown: dict[str, Any], limit: int = 25) -> dict[str, Any]:
    return {"breakdownFilter": {**breakdown, "breakdown_limit": limit}}


FIRST, SECOND, THIRD = (Chosen(f"2024-03-0{n}") for n in (1, 2, 3))
# The question, the point of its answer, and who is there for how many events.
CASES: dict[str, tuple[dict[str, Any], Chosen, dict[str, int]]] = {
    "a day": ({}, FIRST, {"ann": 2}),
    "another": ({}, SECOND, {"ann": 1, "bob": 1, "dan": 1}),
    "by its number": ({}, Chosen(interval=2), {"cat": 2}),
    "by a moment of it": ({}, Chosen("2024-03-01T17:00:00.000Z"), {"ann": 2}),
    "by a moment elsewhere": ({}, Chosen("2024-02-29T23:00:00-08:00"), {"ann": 2}),
    "a week": ({"interval": "week"}, Chosen("2024-02-29"), {"ann": 3, "bob": 1, "dan": 1}),
    "the range": (PIE, Chosen(), {"ann": 3, "bob": 1, "cat": 2, "dan": 1}),
    "cumulated": (
        {"trendsFilter": {"display": "ActionsLineGraphCumulative"}},
        SECOND,
        {"ann": 3, "bob": 1, "dan": 1},
    ),
    "of a week": (by_math("weekly_active"), SECOND, {"ann": 3, "bob": 1, "dan": 1, "eve": 1}),
    "of a week at the end": (
        by_math("weekly_active") | PIE,
        Chosen(),
        {"ann": 3, "bob": 1, "cat": 2, "dan": 1, "eve": 1},
    ),
    "of weeks, cumulated": (  # of all so far, though nobody was active of late
        by_math("weekly_active")
        | {"trendsFilter": {"display": "ActionsLineGraphCumulative"}, "dateRange": DATES | {"date_to": "2024-03-20"}},
        Chosen("2024-03-20"),
        {"ann": 3, "bob": 1, "cat": 2, "dan": 1, "eve": 1},
    ),
    "for the first time": (by_math("first_time_for_user"), SECOND, {"bob": 1, "dan": 1}),
    "with a number": (by_math("sum", math_property="n"), FIRST, {"ann": 2}),
    "by expression": (by_math("hogql", math_hogql="count()"), FIRST, {"ann": 2}),
    "of a session's length": (by_math("avg", math_property="$session_duration"), FIRST, {}),
    "groups": (by_math("unique_group", math_group_type_index=0), SECOND, {"acme": 2}),
    "groups of a week": (by_math("weekly_active", math_group_type_index=0), FIRST, {"acme": 2}),
    "any value": (by(BY_K), SECOND, {"ann": 1, "bob": 1, "dan": 1}),
    "a value": (by(BY_K), Chosen("2024-03-02", value=("u",)), {"bob": 1}),
    "no value": (by(BY_K), Chosen("2024-03-02", value=(NULL,)), {"dan": 1}),
    "the other values": (by(BY_K, 1), Chosen("2024-03-02", value=(OTHER,)), {"ann": 1, "dan": 1}),
    "a value that is not shown": (by(BY_K, 1), Chosen("2024-03-02", value=("v",)), {"ann": 1}),
    "other values of the range": (by(BY_K, 2) | PIE, Chosen(value=(OTHER,)), {"ann": 1, "cat": 1}),
    "a person's value": (by(BY_PLAN), Chosen("2024-03-02", value=("pro",)), {"ann": 1}),
    "no value of a person": (by(BY_PLAN), Chosen("2024-03-02", value=(NULL,)), {"bob": 1, "dan": 1}),
    "two values": (by(BY_TWO), Chosen("2024-03-01", value=("u", "pro")), {"ann": 2}),
    "one of two": (by(BY_TWO), Chosen("2024-03-02", value=("u", NULL)), {"bob": 1}),
    "other pairs": (by(BY_TWO, 1), Chosen("2024-03-02", value=(OTHER, OTHER)), {"ann": 1, "bob": 1, "dan": 1}),
    "a cohort": (by(BY_COHORT), Chosen("2024-03-02", value=("1",)), {"ann": 1}),
    "another cohort": (by(BY_COHORT), Chosen("2024-03-02", value=("2",)), {"bob": 1, "dan": 1}),
    "everybody": (by(BY_ALL), Chosen("2024-03-02", value=("all",)), {"ann": 1, "bob": 1, "dan": 1}),
    "a cohort beside everybody": (by(BY_ALL), Chosen("2024-03-02", value=("1",)), {"ann": 1}),
    "a series": ({"series": [SERIES, {"kind": "EventsNode", "event": "sell"}]}, Chosen("2024-03-01", series=1), {}),
    "before": ({"compareFilter": {"compare": True}}, Chosen("2024-02-27", compare="previous"), {"eve": 1}),
    "before, by the day that it is compared with": (
        {"compareFilter": {"compare": True}},
        Chosen("2024-03-01", compare="previous"),
        {"eve": 1},
    ),
    "before, by a day that is in both": (
        {"compareFilter": {"compare": True, "compare_to": "-1d"}},
        Chosen("2024-03-02", compare="previous"),
        {"ann": 2},
    ),
    "an unknown action": ({"series": [{"kind": "ActionsNode", "id": 404}]}, FIRST, {}),
    "a heatmap": ({"trendsFilter": {"display": "CalendarHeatmap"}}, Chosen(), {"ann": 3, "bob": 1, "cat": 2, "dan": 1}),
}


@pytest.fixture(scope="module")
def shop(new_asker: NewAsker) -> Asker:
    asker = new_asker()
    pro = [{"key": "plan", "value": "pro", "type": "person"}]
    none = [{"key": "plan", "operator": "is_not_set", "type": "person"}]
    for number, properties in ((1, pro), (2, none)):
        asker.define("cohort", number, name=f"c{number}", filters={"properties": properties})
    return asker.load(
        [bought(text) for text in BOUGHT], persons=[{"distinct_ids": ["ann"], "properties": {"plan": "pro"}}]
    )


def bought(text: str) -> dict[str, Any]:
    who, day, *k = text.split()
    at = datetime(2024, 3, 1, 9, tzinfo=UTC) + timedelta(days=int(day) - 1)
    properties = {"n": 1} | ({"k": k[0]} if k else {})
    groups = {"company": "acme"} if who in ("ann", "bob") else {}
    return {"event": "buy", "distinct_id": who, "timestamp": at.isoformat(), "properties": properties, "groups": groups}


@pytest.mark.parametrize("name", CASES)
def test_case(shop: Asker, name: str) -> None:
    node, chosen, wanted = CASES[name]
    asked = {"series": [SERIES], "dateRange": DATES, **node}
    found = people(shop, asked, chosen, Wanted(has_distinct_ids=True)).found
    named = {next(iter(ids)) if isinstance(who, int) else who: events for who, events, ids in found}
    assert named == wanted
    assert [events for _, events, _ in found] == sorted(wanted.values(), reverse=True)


REFUSED: list[tuple[dict[str, Any], Chosen, str, str]] = [
    ({}, Chosen(), "day", "day is required"),
    ({}, Chosen("2024-03-09"), "day", "day is not in the range of dates"),
    ({}, Chosen("yesterday"), "day", "day 'yesterday' is not a date"),
    ({}, Chosen(interval=3), "interval", "interval is not in the range of dates"),
    ({}, Chosen("2024-03-01", interval=0), "interval", "day and interval both say which point"),
    (PIE, FIRST, "day", "day: the display ActionsPie has one value"),
    (PIE, Chosen(interval=0), "interval", "interval: the display ActionsPie has one value"),
    ({}, Chosen("2024-03-01", series=1), "series", "There is no series 1: there are 0 to 0"),
    ({"series": []}, FIRST, "series", "There is no series 0"),
    ({}, Chosen("2024-03-01", compare="previous"), "compare", "compare: the query compares with no earlier period"),
    ({}, Chosen("2024-03-01", value=("u",)), "breakdown", "breakdown: the query has none"),
    (by(BY_K), Chosen("2024-03-01", value=("u", "v")), "breakdown", "breakdown must have 1 value"),
    (by(BY_TWO), Chosen("2024-03-01", value=("u",)), "breakdown", "breakdown must have 2 values"),
    (by(BY_COHORT), Chosen("2024-03-01", value=("3",)), "breakdown", "breakdown '3' is not a cohort of the query"),
    (by_math("unique_group"), FIRST, "series__0__math_group_type_index", "series[0].math_group_type_index is required"),
]


@pytest.mark.parametrize(("node", "chosen", "attr", "text"), REFUSED, ids=[text for *_, text in REFUSED])
def test_a_point_that_there_is_not(shop: Asker, node: dict[str, Any], chosen: Chosen, attr: str, text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        people(shop, {"series": [SERIES], "dateRange": DATES, **node}, chosen)
    assert (refused.value.attr, refused.value.detail[: len(text)]) == (attr, text)


ORDERS: dict[str, tuple[tuple[tuple[str, bool], ...], list[str]]] = {
    "most events": ((("event_count", True),), ["ann", "cat", "bob", "dan"]),
    "fewest events": ((("event_count", False),), ["bob", "dan", "cat", "ann"]),
    "by number": ((("actor_id", False),), ["ann", "bob", "cat", "dan"]),
    "newest": ((("created_at", True),), ["cat", "bob", "dan", "ann"]),
}


@pytest.mark.parametrize("name", ORDERS)
def test_orders_and_pages(shop: Asker, name: str) -> None:
    order, wanted = ORDERS[name]
    asked = {"series": [SERIES], "dateRange": DATES, **PIE}
    pages = [people(shop, asked, Chosen(), Wanted(3, offset, order=order, has_distinct_ids=True)) for offset in (0, 3)]
    assert [page.has_more for page in pages] == [True, False]
    assert [ids[0] for page in pages for _, _, ids in page.found] == wanted
