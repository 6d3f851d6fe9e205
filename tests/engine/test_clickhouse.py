"""The DSN, the pool of clients, and what a caller sees of ClickHouse whichever way it is reached."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from insights_engine.clickhouse import ClickHouse
from insights_engine.dsn import Dsn, DsnError, secret_dsn
from insights_engine.errors import ApiError, Overloaded, ValidationError
from insights_engine.pool import ClientPool
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.sql import Param, Sql

SECRET = "s3cret"


# The DSN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chdb:///var/data", Dsn("insights", path="/var/data")),
        ("chdb:///var/my%20data?database=x", Dsn("x", path="/var/my data")),
        ("chdb:///var/data?database=", Dsn("insights", path="/var/data")),
        ("http://h", Dsn("insights", host="h", port=8123)),
        ("https://h/", Dsn("insights", host="h", port=8443, is_secure=True)),
        (" HTTPS://h/db\n", Dsn("db", host="h", port=8443, is_secure=True)),
        ("https://u:p@h.example:9440/db", Dsn("db", "", "h.example", 9440, "u", "p", True)),
        ("http://u@h/db/", Dsn("db", "", "h", 8123, "u")),
        ("http://:p@h/db", Dsn("db", "", "h", 8123, "default", "p")),
        ("http://a%40b:p%2Fq%3F%23%3A%25@h/d%62", Dsn("db", "", "h", 8123, "a@b", "p/q?#:%")),
        ("http://u:p:q@h/db", Dsn("db", "", "h", 8123, "u", "p:q")),
        ("http://[::1]:9/db", Dsn("db", "", "::1", 9)),
    ],
)
def test_a_dsn_says_where_clickhouse_is(text: str, expected: Dsn) -> None:
    assert Dsn.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "must be of the form chdb:///"),
        (f"tcp://u:{SECRET}@h:9000/db", "must be of the form chdb:///"),
        (f"u:{SECRET}@h/db", "must be of the form chdb:///"),
        (f"{SECRET}", "must be of the form chdb:///"),
        (f"http://u:{SECRET}@/db", "names no host"),
        (f"http://u:{SECRET}@h:port/db", "a port, 1 to 65535"),
        (f"http://u:{SECRET}@h:70000/db", "a port, 1 to 65535"),
        (f"http://u:{SECRET}#x@h/db", "%23"),
        (f"http://u:{SECRET}/x@h/db", "%2F"),
        (f"http://u:{SECRET}?x@h/db", "%3F"),
        (f"http://u:12/{SECRET}@h/db", "%2F"),
        (f"http://u:12?{SECRET}@h/db", "%3F"),
        (f"http://u:12#{SECRET}@h/db", "%23"),
        (f"http://u:[{SECRET}@h/db", "%40"),
        (f"https://u:{SECRET}@h/db?secure=1", "nothing may follow the database"),
        (f"https://u:{SECRET}@h/db/x", "nothing may follow the database"),
        ("chdb://", "three slashes"),
        ("chdb://data/x", "three slashes"),
        ("chdb:///x?databse=y", "the one parameter database"),
    ],
)
def test_a_dsn_that_cannot_be_read_is_told_without_its_secret(text: str, advice: str) -> None:
    with pytest.raises(DsnError) as raised:
        ClickHouse(text, Settings.read({}))
    assert str(raised.value).startswith("CLICKHOUSE_DSN")
    assert advice in str(raised.value)
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_no_repr_shows_the_password() -> None:
    settings = Settings.read({"CLICKHOUSE_DSN": f"https://u:{SECRET}@h/db"})
    assert SECRET not in repr(settings)
    assert SECRET not in repr(ClickHouse(settings.clickhouse_dsn, settings))


@pytest.mark.parametrize(
    "secret",
    [
        "chdb:///a?database=b",
        " chdb:///a?database=b\n",
        '{"dsn": "chdb:///a?database=b"}',
        ' {"dsn":"chdb:///a", "x":1}',
    ],
)
def test_the_dsn_may_be_a_secret(moto_url: str, secret: str) -> None:
    import boto3

    arn = boto3.client("secretsmanager").create_secret(Name=uuid4().hex, SecretString=secret)["ARN"]
    services = Services(Settings.read({"CLICKHOUSE_SECRET_ARN": arn}))
    assert services.clickhouse.is_embedded
    assert services.clickhouse.database in ("b", "insights")


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (f'{{"dns": "{SECRET}"}}', "without dsn"),
        ('{"dsn": ""}', "without dsn"),
        (f'{{"dsn": "{SECRET}"', "begins as JSON and is none"),
        (" ", "holds no text"),
    ],
)
def test_a_secret_without_a_dsn_is_told_without_the_secret(moto_url: str, secret: str, said: str) -> None:
    import boto3

    arn = boto3.client("secretsmanager").create_secret(Name=uuid4().hex, SecretString=secret)["ARN"]
    with pytest.raises(DsnError, match=said) as raised:
        secret_dsn(arn)
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_neither_a_dsn_nor_a_secret() -> None:
    with pytest.raises(DsnError, match=r"^Set CLICKHOUSE_DSN or CLICKHOUSE_SECRET_ARN$"):
        Services(Settings.read({})).clickhouse  # noqa: B018


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


class Closable:
    """All of a client that a pool looks at."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def opened() -> list[Closable]:
    return []


@pytest.fixture
def opener(opened: list[Closable]) -> Callable[[], Any]:
    def open_one() -> Closable:
        opened.append(Closable())
        return opened[-1]

    return open_one


def test_an_idle_client_is_lent_again(opened: list[Closable], opener: Callable[[], Any]) -> None:
    pool = ClientPool(2)
    for key in ("a", "b", "a", "b"):
        with pool.client(key, opener):
            pass
    assert len(opened) == len(pool) == 2


def test_a_lent_client_is_nobody_elses(opened: list[Closable], opener: Callable[[], Any]) -> None:
    pool = ClientPool(2)
    with pool.client("a", opener) as one, pool.client("a", opener) as other:
        assert one is not other


def test_a_client_whose_call_failed_is_closed(opened: list[Closable], opener: Callable[[], Any]) -> None:
    pool = ClientPool(2)
    with pytest.raises(KeyboardInterrupt), pool.client("a", opener):
        raise KeyboardInterrupt
    assert opened[0].is_closed
    assert len(pool) == 0


def test_over_the_limit_the_longest_idle_is_closed(opened: list[Closable], opener: Callable[[], Any]) -> None:
    pool = ClientPool(2)
    for key in ("a", "b", "a", "c"):
        with pool.client(key, opener):
            pass
    assert [client.is_closed for client in opened] == [False, True, False]


def test_closing_closes_the_lent_ones_when_they_come_back(opened: list[Closable], opener: Callable[[], Any]) -> None:
    pool = ClientPool(2)
    with pool.client("a", opener):
        pool.close()
        assert not opened[0].is_closed
    assert opened[0].is_closed
    assert len(pool) == 0


def test_nobody_opens_when_opening_fails() -> None:
    pool = ClientPool(2)

    def fail() -> Any:
        raise OSError("no")

    with pytest.raises(OSError, match="no"), pool.client("a", fail):
        pass
    assert len(pool) == 0


def test_threads_never_hold_the_same_client() -> None:
    pool, held, clashes = ClientPool(3), set[int](), list[int]()
    lock = threading.Lock()

    def borrow(n: int) -> None:
        with pool.client(n % 4, Closable) as client:  # type: ignore[arg-type]
            with lock:
                if id(client) in held:
                    clashes.append(n)
                held.add(id(client))
            with lock:
                held.remove(id(client))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(borrow, range(2000)))
    assert not clashes
    assert len(pool) <= 3


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
