"""What becomes of a client's fields: what fits its column is kept to the letter, and nothing else is in the row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insights_engine.sql import Sql
from insights_engine.timing.columns import COLUMNS, NAMES, OURS, TABLE, fitted, item_of, line

from tests.engine.conftest import Workplace

AT = datetime(2024, 3, 1, 23, 30, 0, 250_000, tzinfo=UTC)
# field, what is said, what is stored (None: nothing)
FITS: list[tuple[str, Any, Any]] = [
    ("session_id", "0184", "0184"),
    ("session_id", "", ""),
    ("session_id", 12, "12"),
    ("session_id", "x" * 500, "x" * 200),
    ("session_id", "cut \ud83d", "cut ?"),
    ("session_id", True, None),
    ("session_id", 10**200, None),
    ("session_id", None, None),
    ("session_id", ["a"], None),
    ("current_url", "u" * 3000, "u" * 2000),
    ("insight", "T" * 300, "T" * 100),
    ("time_to_see_data_ms", 1234, 1234),
    ("time_to_see_data_ms", 4999.999, 4999),
    ("time_to_see_data_ms", 0, 0),
    ("time_to_see_data_ms", 0.4, 0),
    ("time_to_see_data_ms", "1234", 1234),
    ("time_to_see_data_ms", "1234.9", 1234),
    ("time_to_see_data_ms", 2**64 - 1, 2**64 - 1),
    ("time_to_see_data_ms", 2**64, None),
    ("time_to_see_data_ms", 1e300, None),
    ("time_to_see_data_ms", float("inf"), None),
    ("time_to_see_data_ms", -1, None),
    ("time_to_see_data_ms", -0.5, None),
    ("time_to_see_data_ms", "1e3", None),
    ("time_to_see_data_ms", "٣", None),
    ("time_to_see_data_ms", True, None),
    ("time_to_see_data_ms", {"ms": 1}, None),
    ("insights_fetched", 65_535, 65_535),
    ("insights_fetched", 65_536, None),
    ("is_primary_interaction", True, 1),
    ("is_primary_interaction", False, 0),
    ("is_primary_interaction", "true", 1),
    ("is_primary_interaction", 1, 1),
    ("is_primary_interaction", 2, None),
    ("is_primary_interaction", [], None),
    ("min_last_refresh", "2021-12-31T10:00:00.000Z", "2021-12-31 10:00:00.000000"),
    ("max_last_refresh", "2022-01-01T11:00:00+02:00", "2022-01-01 09:00:00.000000"),
    ("max_last_refresh", "2022-01-01T11:00:00.123456", "2022-01-01 11:00:00.123456"),
    ("max_last_refresh", "0001-01-01T00:00:00+05:00", None),
    ("max_last_refresh", "9999-12-31T23:59:59-05:00", None),
    ("max_last_refresh", "yesterday", None),
    ("max_last_refresh", 1_640_995_200, None),
]


@pytest.mark.parametrize(("name", "said", "stored"), FITS, ids=[f"{name}={said!r}"[:60] for name, said, _ in FITS])
def test_a_field_is_kept_where_it_fits(name: str, said: Any, stored: Any) -> None:
    assert fitted({name: said}) == ({} if stored is None else {name: stored})


def test_a_field_of_the_server_s_cannot_be_said() -> None:
    said = {**dict.fromkeys(OURS, 1), "fields": {"session_id": "x"}, "kind": "event", "_offset": 3, "day": "2020-01-01"}
    assert fitted(said) == {}


def test_the_columns_are_those_of_the_table(project: Workplace) -> None:
    declared = Sql(
        "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {t:String}", t=TABLE
    )
    found = {row[0]: row[1] for row in project.services.clickhouse.admin_read(declared).rows}
    found.pop("day")
    assert {**OURS, **{column.name: column.type for column in COLUMNS}} == found


def test_fields_that_were_not_said_are_their_types_defaults(project: Workplace) -> None:
    item = item_of({}, project_id=project.id, user_id=5, at=AT, uuid=uuid4())
    project.services.clickhouse.insert_json(TABLE, NAMES, line(item, 7))
    names = ", ".join(column.name for column in COLUMNS)
    (row,) = project.rows(f"SELECT {names}, has_time, user_id, team_events_last_month FROM {TABLE} WHERE {{p}}")
    defaults = {"String": "", "LowCardinality(String)": "", "DateTime64(6, 'UTC')": datetime(1970, 1, 1)}
    assert row == (*(defaults.get(column.type, 0) for column in COLUMNS), 0, 5, 7)


@pytest.mark.parametrize(("said", "has_time"), [({}, 0), ({"time_to_see_data_ms": 0}, 1), ({"insights_fetched": 5}, 0)])
def test_what_took_no_time_was_timed(said: dict[str, Any], has_time: int) -> None:
    item = item_of(said, project_id=1, user_id=5, at=AT, uuid=uuid4())
    assert orjson.loads(line(item, 0))["has_time"] == has_time


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(), max_size=8),
    st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat()),
)
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
_SAID = st.dictionaries(st.sampled_from([*NAMES, "kind", "fields"]) | st.text(max_size=5), _JSON, max_size=12)


@settings(max_examples=300, deadline=None)
@given(_SAID)
def test_whatever_is_said_becomes_a_line_with_what_fits(said: dict[str, Any]) -> None:
    uuid = UUID(int=9)
    item = item_of(said, project_id=3, user_id=4, at=AT, uuid=uuid)
    assert orjson.loads(orjson.dumps(item)) == item, "the queue keeps it as it is"
    row = orjson.loads(line(item, 5))
    assert (row["project"], row["user_id"], row["id"], row["team_events_last_month"]) == (3, 4, f"{uuid}", 5)
    assert row["timestamp"] == "2024-03-01 23:30:00.250000"
    assert set(row) <= set(NAMES)
    for column in COLUMNS:
        value = said.get(column.name)
        if column.type.endswith("String)") or column.type == "String":
            if isinstance(value, str):
                assert row[column.name] == value.encode("utf-8", "replace").decode()
        elif column.type.startswith("UInt") and isinstance(value, int) and not isinstance(value, bool):
            fits = 0 <= value < 2 ** int(column.type.removeprefix("UInt"))
            if column.name != "is_primary_interaction":
                assert row.get(column.name) == (value if fits else None)
    assert row["has_time"] == ("time_to_see_data_ms" in row)


BROKEN: list[Any] = [
    {"kind": "time_to_see_data"},
    *(
        {**item_of({}, project_id=1, user_id=1, at=AT, uuid=UUID(int=1)), name: value}
        for name, value in (
            *(("project", "1"), ("project", None), ("project", 2**32), ("user_id", -1), ("id", "x"), ("id", 3)),
            *(("timestamp", "x"), ("timestamp", 5), ("fields", None), ("fields", [1])),
        )
    ),
]


@pytest.mark.parametrize("item", BROKEN)
def test_an_item_that_is_none_is_refused(item: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        line(item, 0)
