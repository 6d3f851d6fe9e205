"""The report of time to see data: against a model, its range, its filters, its statement."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_engine.answer import Answer
from insights_engine.errors import ValidationError
from insights_engine.ingest import Ingest, Message
from insights_engine.project import Project
from insights_engine.queue import pack
from insights_engine.timing.answer import answer
from insights_engine.timing.columns import item_of
from insights_engine.timing.compile import compile_timing
from insights_engine.timing.model import FILTERS, PARAMETERS, asks_for_report, parse
from insights_engine.timing.window import MAX_DAYS, make_window

from tests.conftest import Golden
from tests.engine.conftest import NewProject, Workplace
from tests.engine.golden_sql import as_golden
from tests.engine.models.timing import Load, report
from tests.engine.test_tenant_sql import unnamed

NOW = datetime(2024, 3, 12, 15, 30, tzinfo=UTC)


def recorded(place: Workplace, loads: Iterable[Load]) -> Workplace:
    """As the consumer stores them."""
    items = [item_of(load.said, project_id=place.id, user_id=1, at=load.at, uuid=uuid4()) for load in loads]
    bodies = [Message(f"m{n}", body) for n, body in enumerate(pack(items))]
    assert Ingest(place.services).batch(bodies).stored == len(items)
    return place


def asked(place: Workplace, now: datetime = NOW, **values: str) -> Answer:
    return answer(parse(values), Project.from_item(place.item()), place.services, now)


_MILLISECONDS = st.integers(0, 20_000) | st.sampled_from([4_999, 5_000, 5_001])
_LOADS = st.lists(
    st.builds(
        Load,
        # Around midnights of several zones, and of a night on which clocks are set forward.
        at=st.integers(0, 6 * 96).map(lambda n: datetime(2024, 3, 7, tzinfo=UTC) + timedelta(minutes=15 * n)),
        said=st.fixed_dictionaries(
            {},
            optional={
                "time_to_see_data_ms": _MILLISECONDS,
                "insight": st.sampled_from(["TRENDS", "FUNNELS", "PATHS", ""]),
                "context": st.sampled_from(["dashboard", "insight"]),
                "is_primary_interaction": st.booleans(),
                "insights_fetched": st.integers(0, 5),
                "insights_fetched_cached": st.integers(0, 6),
            },
        ),
    ),
    max_size=30,
)


def close(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return list(found) == list(expected) and all(close(found[name], expected[name]) for name in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(close, found, expected))
    return bool(found == (pytest.approx(expected) if isinstance(expected, float) else expected))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(loads=_LOADS, zone=st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"]))
def test_the_report_is_the_model_s(new_project: NewProject, loads: list[Load], zone: str) -> None:
    place = recorded(new_project(timezone=zone), loads)
    first, last = date(2024, 3, 8), date(2024, 3, 11)
    found = asked(place, date_from=f"{first}", date_to=f"{last}")
    expected = report(loads, first, last, ZoneInfo(zone))
    assert close(found.result, expected), (found.result, expected)


@pytest.fixture(scope="module")
def place(new_project: NewProject) -> Workplace:
    """Loads of four days, and one of another project each day."""
    other = new_project()
    loads = [
        ("2024-03-08T10:00:00", {"insight": "TRENDS", "context": "dashboard", "session_id": "a", "status": "success"}),
        ("2024-03-09T10:00:00", {"insight": "TRENDS", "context": "insight", "session_id": "b", "type": "insight_load"}),
        ("2024-03-10T10:00:00", {"insight": "PATHS", "context": "insight", "session_id": "b", "type": "insight_load"}),
        ("2024-03-12T15:00:00", {"context": "filters", "session_id": "it's; DROP TABLE events --"}),
    ]
    made = [
        Load(datetime.fromisoformat(at).replace(tzinfo=UTC), {**said, "time_to_see_data_ms": 10}) for at, said in loads
    ]
    recorded(other, [Load(load.at, {**load.said, "time_to_see_data_ms": 99_999}) for load in made])
    return recorded(new_project(), made)


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ({"date_from": "2024-03-08"}, 4),
        ({"date_from": "-7d"}, 4),
        ({"date_from": "-3d"}, 3),
        ({"date_from": "-2h"}, 1),
        ({"date_from": "dStart"}, 1),
        ({"date_from": "2024-03-08", "date_to": "2024-03-09"}, 2),
        ({"date_from": "2024-03-08", "date_to": "2024-03-09T09:00:00"}, 2),
        ({"date_to": "2024-03-10"}, 3),
        ({"date_from": "all"}, 4),
        ({"date_from": "-7d", "insight": "TRENDS"}, 2),
        ({"date_from": "-7d", "insight": "trends"}, 0),
        ({"date_from": "-7d", "context": "insight"}, 2),
        ({"date_from": "-7d", "context": "insight", "insight": "PATHS"}, 1),
        ({"date_from": "-7d", "type": "insight_load"}, 2),
        ({"date_from": "-7d", "status": "success"}, 1),
        ({"date_from": "-7d", "session_id": "b"}, 2),
        ({"date_from": "-7d", "session_id": "it's; DROP TABLE events --"}, 1),
        ({"date_from": "-7d", "session_id": ""}, 4),
    ],
)
def test_which_loads_count(place: Workplace, values: dict[str, str], count: int) -> None:
    total = asked(place, **values).result["total"]
    assert (total["count"], total["p99"]) == (count, 10 if count else None)


def test_all_begins_with_the_first_day_that_has_a_load(place: Workplace) -> None:
    found = asked(place, date_from="all")
    assert [row["day"] for row in found.result["by_day"]] == [f"2024-03-{day:02}" for day in range(8, 13)]
    assert [row["count"] for row in found.result["by_day"]] == [1, 1, 1, 0, 1]
    assert found.resolved_date_range == {
        "date_from": "2024-03-08T00:00:00Z",
        "date_to": "2024-03-12T23:59:59.999999Z",
    }


def test_nothing_at_all_is_one_day_of_nothing(project: Workplace) -> None:
    found = asked(project, date_from="all")
    assert [row["day"] for row in found.result["by_day"]] == ["2024-03-12"]
    assert found.result["total"] == {
        **{"count": 0, "p50": None, "p75": None, "p95": None, "p99": None},
        **{"insights_fetched": 0, "insights_fetched_cached": 0, "cached_share": None},
        **{"interactions": 0, "frustrating_interactions": 0},
    }


def test_more_insights_than_are_shown_are_counted(project: Workplace) -> None:
    loads = [Load(NOW, {"insight": f"I{n % 103:03}", "context": "x"}) for n in range(206)]
    found = asked(recorded(project, loads), date_from="-1d").result
    assert found["hidden"] == {"by_insight": 3, "by_context": 0}
    assert [row["insight"] for row in found["by_insight"]] == [f"I{n:03}" for n in range(100)]
    assert found["total"]["count"] == 206


def test_a_load_that_comes_twice_counts_once(project: Workplace) -> None:
    item = item_of({"time_to_see_data_ms": 7}, project_id=project.id, user_id=1, at=NOW, uuid=uuid4())
    (body,) = pack([item])
    ingest = Ingest(project.services)
    for receive_count in (1, 2):
        assert ingest.batch([Message("m", body, receive_count)]).failed == []
    assert asked(project, date_from="-1d").result["total"]["count"] == 1


REFUSED = [
    ({"date_from": "99999-01-01"}, "date_from", "is not a date"),
    ({"date_from": "1950-01-01"}, "date_from", "is not between 1970 and 2148"),
    ({"date_from": "2024-03-12", "date_to": "2024-03-01"}, "date_from", "date_from is after date_to"),
    ({"date_from": "-40y"}, "date_from", "the range has more than 10000 days"),
    ({"date_from": "-7d", "insight": "x" * 501}, "insight", "must be a short text"),
]


@pytest.mark.parametrize(("values", "attr", "said"), REFUSED, ids=[said for *_, said in REFUSED])
def test_what_cannot_be_meant_is_refused_by_name(
    project: Workplace, values: dict[str, str], attr: str, said: str
) -> None:
    with pytest.raises(ValidationError, match=said) as raised:
        asked(project, **values)
    assert raised.value.attr == attr


def test_the_longest_range_is_answered() -> None:
    last = date(2024, 3, 12)
    first = last - timedelta(days=MAX_DAYS - 1)
    dates = {"date_to": f"{last}"}
    window = make_window(parse({"date_from": f"{first}", **dates}), Project(1), NOW)
    assert (len(window.days()), window.days()[0], window.days()[-1]) == (MAX_DAYS, f"{first}", f"{last}")
    with pytest.raises(ValidationError, match=f"more than {MAX_DAYS} days"):
        make_window(parse({"date_from": f"{first - timedelta(days=1)}", **dates}), Project(1), NOW)


@pytest.mark.parametrize(
    ("name", "near"),
    [("datefrom", "date_from"), ("insights", "insight"), ("sessionid", "session_id"), ("contexts", "context")],
)
def test_a_name_that_is_nearly_one_is_refused(name: str, near: str) -> None:
    with pytest.raises(ValidationError, match=f'did you mean "{near}"') as raised:
        asks_for_report({name: "x"})
    assert raised.value.attr == name


@pytest.mark.parametrize(
    ("values", "asks"),
    [
        ({}, False),
        ({"insight": "TRENDS"}, False),
        ({"date_from": ""}, False),
        ({"personal_api_key": "phx_1", "token": "phc_1", "_": "17", "utm": "x"}, False),
        ({"date_from": "-7d"}, True),
        ({"date_to": "-7d", "_": "17"}, True),
    ],
)
def test_a_date_asks_for_the_report(values: dict[str, str], asks: bool) -> None:
    assert asks_for_report(values) is asks


def test_the_parameters_are_those_that_are_read() -> None:
    assert [one.name for one in PARAMETERS] == ["date_from", "date_to", *FILTERS, "explain"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_the_statement_is_the_golden_file(golden: Golden, zone: str) -> None:
    project = Project(7, timezone=zone, days_timezone=zone)
    query = parse({"date_from": "-7d", **dict.fromkeys(FILTERS, "'; DROP TABLE events --")})
    statement = compile_timing(query, project, make_window(query, project, NOW), NOW)
    assert unnamed(statement.text) == []
    assert "DROP" not in statement.text
    golden(f"timing/{zone.replace('/', '_')}.sql", as_golden(statement))
