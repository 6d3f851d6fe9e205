"""SQL expressions in insights: the cohorts that they name, and the field that is blamed for what ClickHouse refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from insights_engine.errors import ValidationError
from insights_engine.retention.answer import answer as retention
from insights_engine.retention.node import parse_node as parse_retention
from insights_engine.stickiness.answer import answer as stickiness
from insights_engine.stickiness.node import parse_node as parse_stickiness
from insights_engine.trend.answer import answer as trend
from insights_engine.trend.node import parse_node as parse_trend

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject

NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
DAYS = {"date_from": "2024-03-01", "date_to": "2024-03-04"}
PRO, TWIN, TWIN_TOO, GONE, EMPTY = 5, 6, 7, 8, 9
# ClickHouse alone can tell that this cannot be computed.
FAILS = "positiveModulo(5, toInt(length(event) - 3)) = 1"


@pytest.fixture(scope="module")
def asker(new_project: NewProject) -> Asker:
    place = new_project(days_timezone="UTC")
    asker = Asker(place.services, place.id, NOW).load(
        (
            {
                "event": "buy",
                "distinct_id": who,
                "timestamp": f"2024-03-0{day}T10:00:00Z",
                "properties": {"price": day, "$browser": "Firefox"},
            }
            for who, days in (("ann", (1, 2)), ("bob", (2, 3, 4)))
            for day in days
        ),
        persons=[
            {"distinct_ids": ["ann"], "properties": {"plan": "pro"}},
            {"distinct_ids": ["bob"], "properties": {"plan": "free"}},
        ],
    )
    is_pro = {"properties": {"type": "AND", "values": [{"type": "person", "key": "plan", "value": "pro"}]}}
    asker.define("cohort", PRO, name="pros", filters=is_pro)
    asker.define("cohort", TWIN, name="twins", filters=is_pro)
    asker.define("cohort", TWIN_TOO, name="twins", filters=is_pro)
    asker.define("cohort", GONE, name="gone", filters=is_pro, deleted=True)
    asker.define("action", 5, name="A", steps=[{"event": "buy", "properties": leaf("person_id in cohort 'pros'")}])
    return asker


def leaf(text: str) -> list[dict[str, Any]]:
    return [{"type": "hogql", "key": text}]


def series(**further: Any) -> dict[str, Any]:
    return {"kind": "EventsNode", "event": "buy", **further}


def node(**further: Any) -> dict[str, Any]:
    return {"kind": "TrendsQuery", "series": [series()], "dateRange": DAYS, **further}


def total(asker: Asker, question: dict[str, Any]) -> list[float]:
    rows = trend(parse_trend(question), asker.project, asker.services, NOW).result
    return [sum(row["data"]) for row in rows]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (f"person_id in cohort {PRO}", 2),
        ("person_id in cohort 'pros'", 2),
        (f"person.id not in cohort {PRO}", 3),
        ("events.person_id not in cohort 'pros'", 3),
        ("not (person_id in cohort 'pros') and properties.price > 2", 2),
        (f"person_id in cohort 'pros' or person_id in cohort {TWIN}", 2),
    ],
)
def test_events_of_those_in_a_cohort(asker: Asker, text: str, events: int) -> None:
    assert total(asker, node(properties=leaf(text))) == [events]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (node(series=[series(math="hogql", math_hogql="countIf(person_id in cohort 'pros')")]), [2]),
        (node(series=[series(properties=leaf("person_id in cohort 'pros'"))]), [2]),
        (node(series=[{"kind": "ActionsNode", "id": 5}]), [2]),
        (
            node(breakdownFilter={"breakdown": "if(person_id in cohort 'pros', 'y', 'n')", "breakdown_type": "hogql"}),
            [3, 2],
        ),
    ],
)
def test_wherever_an_expression_may_stand(asker: Asker, question: dict[str, Any], found: list[float]) -> None:
    assert total(asker, question) == found


def test_in_stickiness_and_retention(asker: Asker) -> None:
    text = "if(person_id in cohort 'pros', 'y', 'n')"
    stuck = {"kind": "StickinessQuery", "series": [series(math="hogql", math_hogql=text)], "dateRange": DAYS}
    assert stickiness(parse_stickiness(stuck), asker.project, asker.services, NOW).result[0]["count"] == 2
    event = {"id": "buy", "type": "events"}
    kept = {
        "kind": "RetentionQuery",
        "dateRange": DAYS,
        "retentionFilter": {"targetEntity": event, "returningEntity": event, "period": "Day"},
        "properties": leaf("person_id in cohort 'pros'"),
    }
    rows = retention(parse_retention(kept), asker.project, asker.services, NOW).result
    assert [row["values"][0]["count"] for row in rows][:3] == [1, 1, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("person_id in cohort 99", "Cohort 99 does not exist in this project (at character 20)"),
        (f"person_id in cohort {GONE}", "does not exist in this project"),
        ("person_id in cohort 'gone'", "Cohort gone does not exist in this project"),
        ("person_id in cohort 'twins'", f'Several cohorts are named "twins"; give an id, one of {TWIN}, {TWIN_TOO}'),
        (f"person_id in cohort '{PRO}'", "does not exist in this project"),
    ],
)
def test_a_cohort_that_there_is_not_once(asker: Asker, text: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        total(asker, node(properties=leaf(text)))
    assert said in refused.value.detail
    assert refused.value.attr == "properties__0"


@pytest.mark.parametrize(
    ("question", "attr", "place"),
    [
        (node(properties=leaf(FAILS)), "properties__0", "properties[0]"),
        (node(properties=leaf(FAILS), filterTestAccounts=True), "properties__0", "properties[0]"),
        (
            node(series=[series(math="hogql", math_hogql=f"countIf({FAILS})")]),
            "series__0__math_hogql",
            "series[0].math_hogql",
        ),
        (
            node(breakdownFilter={"breakdown": FAILS, "breakdown_type": "hogql"}),
            "breakdownFilter__breakdown",
            "breakdownFilter.breakdown",
        ),
        (
            node(properties=leaf(FAILS), series=[series(properties=leaf("event != ''"))]),
            None,
            "properties[0] or series[0].properties[0]",
        ),
    ],
)
def test_what_clickhouse_refuses_names_the_field(
    asker: Asker, question: dict[str, Any], attr: str | None, place: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        total(asker, question)
    assert refused.value.attr == attr
    assert refused.value.detail == f"{place}: the SQL expression cannot be computed: Division by zero"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sum(toFloat(properties.price)) / countIf(properties.$browser = 'Chrome')", 0.0),
        ("-sum(properties.price) / 0", 0.0),
        ("sum(properties.price) / countIf(properties.$browser = 'Firefox')", 10.0),
    ],
)
def test_what_is_divided_by_nothing_is_nothing(asker: Asker, text: str, value: float) -> None:
    assert total(asker, node(series=[series(math="hogql", math_hogql=text)])) == [value]
