"""The read of one project's events: which columns a range and a property need, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from insights_engine.definitions import Definitions
from insights_engine.errors import ValidationError
from insights_engine.project import Project
from insights_engine.scan import EVENT_METADATA, SESSION_PROPERTIES, Scan
from insights_engine.services import Services
from insights_engine.sql import Sql

from tests.engine.asking import event
from tests.engine.conftest import NewAsker

NOW = datetime(2020, 1, 4, tzinfo=UTC)
# A project without rows.
NOBODY = 4_000_000_000


def scan_of(**settings: Any) -> Scan:
    return Scan(Project(id=NOBODY, **settings), Definitions(), NOW)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("settings", "lower", "upper", "text"),
    [
        ({}, "2020-01-01", "2020-01-03 23:59:59.999999", "day >= {p0:Date} AND day <= {p1:Date}"),
        (
            {},
            "2020-01-01 10:00",
            "2020-01-03 23:59:59.999999",
            "(day >= {p0:Date} AND day <= {p1:Date}) AND (ts >= fromUnixTimestamp64Micro({p2:Int64}))",
        ),
        (
            {},
            "2020-01-01",
            "2020-01-03 23:59:59",
            "(day >= {p0:Date} AND day <= {p1:Date}) AND (ts <= fromUnixTimestamp64Micro({p2:Int64}))",
        ),
        (
            {"timezone": "Asia/Tokyo"},
            "2020-01-01",
            "2020-01-03 23:59:59.999999",
            "(day >= {p0:Date} AND day <= {p1:Date}) AND (ts >= fromUnixTimestamp64Micro({p2:Int64}))"
            " AND (ts <= fromUnixTimestamp64Micro({p3:Int64}))",
        ),
    ],
)
def test_whole_days_need_no_time_of_day(settings: dict[str, Any], lower: str, upper: str, text: str) -> None:
    zone = settings.get("timezone", "UTC")
    found = scan_of(**settings).within(at(lower, zone), at(upper, zone))
    assert found.text == text
    days = (found.params["p0"], found.params["p1"])
    assert days == (("2020-01-01", "2020-01-03") if not settings else ("2019-12-30", "2020-01-05"))


@pytest.mark.parametrize(
    "zones", [("Pacific/Kiritimati", "Pacific/Pago_Pago"), ("Pacific/Pago_Pago", "Pacific/Kiritimati")]
)
def test_ends_are_moments_whatever_zone_the_days_were_stored_in(new_asker: NewAsker, zones: tuple[str, str]) -> None:
    """A day and two hours lie between the two: an event's stored day may be two days from its day."""
    asker = new_asker(timezone=zones[0]).load([event(at="2020-01-02T10:30:00Z")])
    asker.change(timezone=zones[1])
    scan, moment = Scan(asker.project, Definitions(), NOW), at("2020-01-02 10:30").astimezone(ZoneInfo(zones[1]))
    before, after = moment - timedelta(microseconds=1), moment + timedelta(microseconds=1)

    def counted(condition: Sql) -> int:
        sql = Sql("SELECT count() FROM events WHERE {m} AND {c}", m=scan.is_mine, c=condition)
        return int(asker.services.clickhouse.read(sql, project_id=asker.id).rows[0][0])

    assert [counted(scan.until(end)) for end in (before, moment, after)] == [0, 1, 1]
    assert [counted(scan.within(moment, end)) for end in (moment, after)] == [1, 1]
    assert [counted(scan.within(start, moment)) for start in (before, moment)] == [1, 1]
    assert [counted(scan.within(before, before)), counted(scan.within(after, after))] == [0, 0]


def test_a_day_is_the_stored_one_while_the_zone_is_that_of_the_days() -> None:
    assert scan_of(timezone="Asia/Tokyo", days_timezone="Asia/Tokyo").day == Sql("day")
    assert "toTimeZone(ts" in scan_of(timezone="Asia/Tokyo").day.text


def test_merges_are_looked_up_only_while_some_are_pending() -> None:
    assert scan_of().person == Sql("person")
    assert "person_merges" in scan_of(has_pending_merges=True).person.text


def test_each_table_is_joined_once() -> None:
    scan = scan_of()
    columns = [scan.text("person", "a"), scan.text("person", "b"), scan.text("person", "a")]
    columns.append(scan.text("group", "a", 2))
    assert [column.text for column in columns] == [
        "persons_value0",
        "persons_value1",
        "persons_value0",
        "group2_value0",
    ]
    assert scan.from_clause().text.count("JOIN") == 2


def test_every_read_names_the_project() -> None:
    scan = scan_of()
    scan.text("person", "a")
    scan.text("group", "a", 0)
    scan.text("session", "$session_duration")
    sql = scan.from_clause()
    assert sql.text.count("project = ") == sql.text.count("(SELECT") == 3
    assert NOBODY in sql.params.values()
    merges = scan_of(has_pending_merges=True).person.text
    assert merges.count("project = ") == merges.count("FROM person_merges") == 2


@pytest.mark.parametrize("key", EVENT_METADATA)
def test_every_column_that_may_be_named_is_there(services: Services, key: str) -> None:
    scan = scan_of()
    column = scan.text("event_metadata", key)
    sql = Sql("SELECT {c} {f} WHERE {m}", c=column, f=scan.from_clause(), m=scan.is_mine)
    assert not services.clickhouse.read(sql, project_id=NOBODY).rows


@pytest.mark.parametrize("key", SESSION_PROPERTIES)
def test_every_property_of_a_session_is_there(services: Services, key: str) -> None:
    scan = scan_of()
    column = scan.text("session", key)
    sql = Sql("SELECT {c} {f} WHERE {m}", c=column, f=scan.from_clause(), m=scan.is_mine)
    assert not services.clickhouse.read(sql, project_id=NOBODY).rows


@pytest.mark.parametrize(
    ("kind", "key", "why"),
    [
        ("event_metadata", "distinct", 'breakdown.key "distinct" is not known; did you mean "distinct_id"'),
        ("session", "$entry_url", 'breakdown.key "\\$entry_url" is not known; did you mean'),
        ("group", "a", "breakdown.group_type_index is required"),
        ("element", "text", 'a property of type "element" has no value to read'),
        ("cohort", "id", 'a property of type "cohort" has no value to read'),
    ],
)
def test_what_has_no_value_is_refused(kind: str, key: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        scan_of().text(kind, key, where="breakdown")


@pytest.mark.parametrize("key", ["", "a\0b"])
def test_a_name_that_nothing_can_have_is_missing(key: str) -> None:
    assert scan_of().text("event", key).text == "CAST(NULL, 'Nullable(String)')"
