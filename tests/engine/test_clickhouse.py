"""What a caller sees of ClickHouse, whichever way it is reached."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from insights_engine import deadline
from insights_engine.clickhouse import ClickHouse, named
from insights_engine.errors import ApiError, Overloaded, ValidationError
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.sql import Param, Sql
from insights_engine.statement_names import SETTING

# Reading, either way

TEXTS = [
    "",
    "it's",
    'say "x"',
    "a\nb\r\nc",
    "tab\there",
    "back\\slash\\n\\",
    "nul\0byte",
    "\\N",
    "NULL",
    "100% %s %(x)s",
    "{x:String} {p0:String} {}",
    "`tick`",
    "'; DROP TABLE events; --",
    "日本 ü 🎈 \u202e\ufeff",
    "&param_p0=1#?+ %00",
    "x" * 10_000,
]
VALUES: list[tuple[str, Any]] = [
    *(("String", text) for text in TEXTS),
    ("Array(String)", []),
    ("Array(String)", TEXTS),
    ("Array(String)", [f"number {n}" for n in range(10_000)]),
    ("Int64", -(2**63)),
    ("Int64", 2**63 - 1),
    ("UInt8", 4),
    ("UInt16", 65_535),
    ("UInt32", 2**32 - 1),
    ("Array(UInt64)", [0, 2**64 - 1]),
    ("Float64", 1e308),
    ("Float64", -1e-308),
    ("Float64", 5e-324),
    ("Float64", 0.1),
    ("Float64", float("inf")),
]


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=lambda v: str(v)[:20].encode("unicode_escape").decode())
def test_a_bound_value_arrives_as_it_is(either: Services, kind: str, value: Any) -> None:
    sql = Sql.of(("SELECT ", Param(value, kind), " AS v"))
    assert either.clickhouse.read(sql, project_id=1).rows[0][0] == value


def test_many_values_of_many_types_at_once(either: Services) -> None:
    parts: list[str | Param] = ["SELECT "]
    for kind, value in VALUES:
        parts += [Param(value, kind), ", "]
    sql = Sql.of((*parts, Param("2024-02-29", "Date")))
    row = either.clickhouse.read(sql, project_id=1).rows[0]
    assert list(row) == [value for _, value in VALUES] + [date(2024, 2, 29)]


def test_rows_have_names_and_a_cost(either: Services) -> None:
    rows = either.clickhouse.read(Sql("SELECT number AS n, toString(number) AS t FROM numbers(1000)"), project_id=1)
    assert rows.columns == ("n", "t")
    assert next(rows.dicts()) == {"n": 0, "t": "0"}
    assert rows.cost.milliseconds > 0


def test_the_cost_is_what_was_read_and_not_what_came_of_it(either: Services) -> None:
    rows = either.clickhouse.read(Sql("SELECT sum(number) FROM numbers(1000)"), project_id=1)
    assert (rows.cost.rows_read, rows.cost.bytes_read) == (1000, 8000)


@pytest.fixture(scope="session")
def limited(either: Services) -> Callable[..., ClickHouse]:
    """A client of the same database with other limits."""

    def open_one(**limits: str) -> ClickHouse:
        dsn = either.settings.clickhouse_dsn
        return ClickHouse(dsn, Settings.read({f"QUERY_{name.upper()}": value for name, value in limits.items()}))

    return open_one


@pytest.mark.parametrize(
    ("limits", "select", "status", "said"),
    [
        ({"seconds": "1"}, "SELECT count() FROM numbers_mt(1e12) WHERE cityHash64(number) = 1", 504, "took too long"),
        ({"memory_bytes": "30000000"}, "SELECT groupArray(number) FROM numbers(1e8)", 512, "more memory"),
        ({"read_bytes": "1000"}, "SELECT sum(number) FROM numbers(1e6)", 512, "more bytes"),
    ],
)
def test_a_limit_is_an_answer(
    limited: Callable[..., ClickHouse], limits: dict[str, str], select: str, status: int, said: str
) -> None:
    clickhouse = limited(**limits)
    with pytest.raises(Overloaded, match=said) as raised:
        clickhouse.read(Sql.of((select,)), project_id=1)
    assert raised.value.status == status
    assert clickhouse.read(Sql("SELECT 1"), project_id=1).rows == [(1,)]
    clickhouse.close()


@pytest.mark.parametrize("pattern", ["(", "[a", "a{2000}", "(?<x", "\\", "*"])
def test_a_bad_regular_expression_is_the_callers_fault(either: Services, pattern: str) -> None:
    with pytest.raises(ValidationError, match=r"^A regular expression cannot be read") as raised:
        either.clickhouse.read(Sql("SELECT match(materialize('a'), {r:String})", r=pattern), project_id=1)
    assert raised.value.status == 400
    with pytest.raises(ValidationError, match=r"^A regular expression cannot be read: .+\.$"):
        either.clickhouse.read(
            Sql("SELECT replaceRegexpAll(materialize('a'), {r:String}, '')", r=pattern), project_id=1
        )


def test_so_is_a_replacement_by_a_group_that_is_not_there(either: Services) -> None:
    with pytest.raises(ValidationError, match=r"alias names a group that its regex has not: '\\9'\.$"):
        either.clickhouse.read(Sql("SELECT replaceRegexpAll('a', 'a', {a:String})", a="\\9"), project_id=1)


def test_a_fault_of_ours_is_no_answer(either: Services) -> None:
    with pytest.raises(ClickHouseError) as raised:
        either.clickhouse.read(Sql("SELECT nothing_of_that_name"), project_id=1)
    assert not isinstance(raised.value, ApiError)


# The pool


def test_what_a_failed_statement_had_made_is_not_in_the_next_answer(either: Services) -> None:
    """An embedded engine keeps the rows that a statement made before it failed, and gives them to the next one."""
    failing = Sql("SELECT number, throwIf(number = 2000000) FROM numbers(3000000)")
    for _ in range(3):
        with pytest.raises(ClickHouseError):
            either.clickhouse.read(failing, project_id=1)
        with pytest.raises(ClickHouseError):
            either.clickhouse.admin_read(failing)
        assert either.clickhouse.read(Sql("SELECT 7"), project_id=1).rows == [(7,)]
        assert either.clickhouse.admin_read(Sql("SELECT 8")).rows == [(8,)]


def test_each_statement_runs_under_the_name_of_its_own_request(either: Services) -> None:
    """By which it is killed, so that no other is."""
    own = Sql(f"SELECT getSetting('{SETTING}')")

    def under(name: str) -> Any:
        with named(name):
            return either.clickhouse.read(own, project_id=1).rows[0][0]

    assert [under("one"), under("two"), under("one")] == ["one", "two", "one"]
    assert either.clickhouse.read(own, project_id=1).rows == [("",)]
    assert under("two") == "two"


@pytest.mark.parametrize("seconds", [0.0, 0.5, 0.9])
def test_a_statement_that_could_not_be_answered_in_time_does_not_begin(either: Services, seconds: float) -> None:
    """ClickHouse's limit is in whole seconds, and none at all would be no limit."""
    with deadline.ends_in(deadline.GRACE_SECONDS + seconds), pytest.raises(Overloaded, match="no time left") as late:
        either.clickhouse.read(Sql("SELECT getSetting('max_execution_time')"), project_id=1)
    assert late.value.status == 504
    with deadline.ends_in(deadline.GRACE_SECONDS + seconds + 2):
        (limit,) = either.clickhouse.read(Sql("SELECT getSetting('max_execution_time')"), project_id=1).rows[0]
    assert float(limit) in (1, 2)


def test_threads_share_it(either: Services) -> None:
    """More threads than clients are kept, for more projects, some of them failing."""

    def ask(n: int) -> int:
        if n % 7 == 0:
            with pytest.raises(ValidationError):
                either.clickhouse.read(Sql("SELECT match(toString({n:Int64}), '(')", n=n), project_id=n % 16)
        return int(
            either.clickhouse.read(
                Sql("SELECT sum(number) + {n:Int64} FROM numbers(100)", n=n), project_id=n % 16
            ).rows[0][0]
        )

    with ThreadPoolExecutor(24) as threads:
        assert list(threads.map(ask, range(120))) == [4950 + n for n in range(120)]


def test_it_can_be_closed_and_used_again(either: Services) -> None:
    clickhouse = ClickHouse(either.settings.clickhouse_dsn, Settings.read({}))
    for _ in range(2):
        assert clickhouse.read(Sql("SELECT 1"), project_id=1).rows == [(1,)]
        clickhouse.close()
        clickhouse.close()


# Writing, either way


def test_json_lines_with_dotted_keys_and_defaults(either: Services) -> None:
    name = f"t_{uuid4().hex}"
    either.clickhouse.command(f"CREATE TABLE {name} (a String, b JSON, c UInt8 DEFAULT 7) ENGINE = Memory")
    rows = [{"a": text, "b": {"x.y": text, "x": {"y": n}}} for n, text in enumerate(TEXTS)]
    either.clickhouse.insert_json(name, ["a", "b"], b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    select = Sql.of((f"SELECT a, b.`x%2Ey`::String, b.x.y::Int64, c FROM {name} ORDER BY b.x.y::Int64",))
    found = either.clickhouse.admin_read(select).rows
    assert [tuple(row) for row in found] == [(text, text, n, 7) for n, text in enumerate(TEXTS)]
    either.clickhouse.command(f"DROP TABLE {name}")


def test_a_command_takes_values(either: Services) -> None:
    name = f"t_{uuid4().hex}"
    either.clickhouse.command(f"CREATE TABLE {name} (n UInt8, a String) ENGINE = Memory")
    for n, text in enumerate(TEXTS):
        either.clickhouse.command(f"INSERT INTO {name} SELECT {{n:UInt8}}, {{a:String}}", {"n": n, "a": text})
    assert [row[0] for row in either.clickhouse.admin_read(Sql.of((f"SELECT a FROM {name} ORDER BY n",))).rows] == TEXTS
    either.clickhouse.command(f"DROP TABLE {name}")


def test_a_database_is_made_when_it_is_missing(either: Services, chdb_path: Path) -> None:
    name = f"new_{uuid4().hex}"
    dsn = either.settings.clickhouse_dsn.replace(either.clickhouse.database, name)
    clickhouse = ClickHouse(dsn, Settings.read({}))
    assert not clickhouse.has_database()
    clickhouse.create_database()
    clickhouse.create_database()
    assert clickhouse.has_database()
    clickhouse.command(f"DROP DATABASE {name}")
    clickhouse.close()
