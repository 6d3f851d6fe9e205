"""EventsQuery: what its columns show, which events it is about, how its pages follow, what it refuses and where."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_engine.ingest.squash import squash

from tests.engine.asking import Asker
from tests.engine.conftest import NewAsker
from tests.engine.event_shop import EVENTS, NOW, Shop, leaf, shop_of


@pytest.fixture(scope="module")
def shop(new_asker: NewAsker) -> Shop:
    return shop_of(new_asker, test_account_filters=[leaf("plan", "free", type="person", operator="is_not")])


# Columns


def test_a_star_is_one_cell_with_the_event(shop: Shop) -> None:
    found = shop.ask(["*"], event="buy", after="2024-05-09T00:00:00Z")
    assert found.columns == ("*",)
    assert found.result[1] == [
        {
            "uuid": EVENTS[1]["uuid"],
            "event": "buy",
            # Objects and lists inside are stored, and shown, as their JSON text.
            "properties": {"price": 5, "a.b": '{"c.d":1}'},
            "timestamp": datetime(2024, 5, 9, 11, 59, 59, tzinfo=UTC),
            "distinct_id": "ann-phone",
            "elements_chain": "",
            "team_id": shop.asker.id,
        }
    ]


def test_no_column_is_all_of_the_event(shop: Shop) -> None:
    assert shop.rows([]) == shop.rows(["*"])


def test_a_person_is_one_cell(shop: Shop) -> None:
    assert shop.rows(["person", "event"], event="buy", after="-2d", orderBy=["timestamp"]) == [
        [
            {
                "uuid": shop.persons["ann"],
                "created_at": "2024-01-01T00:00:00.000000Z",
                "properties": {"email": "ann@example.com", "plan": "pro", "a.b": 1},
                "distinct_id": "ann-phone",
            },
            "buy",
        ],
        [
            {
                "uuid": shop.persons["bob"],
                "created_at": "2024-02-01T00:00:00.000000Z",
                "properties": {"name": "Bob", "plan": "free"},
                "distinct_id": "bob",
            },
            "buy",
        ],
    ]


def test_a_person_has_a_name_to_show(shop: Shop) -> None:
    found = shop.ask(["person_display_name -- Person", "count()"], after="-2d", orderBy=["distinct_id"])
    assert found.columns == ("person_display_name -- Person", "count()")
    named = {row[0]["distinct_id"]: (row[0]["display_name"], row[0]["id"]) for row in found.result}
    assert named == {
        "ann": ("ann@example.com", shop.persons["ann"]),
        "ann-phone": ("ann@example.com", shop.persons["ann"]),
        "bob": ("Bob", shop.persons["bob"]),
        "eve": ("eve", shop.persons["eve"]),
    }


@pytest.mark.parametrize(
    ("select", "rows"),
    [
        (["event"], [["buy"], ["leave"], ["view"], ["view"]]),
        (["event -- What"], [["buy"], ["leave"], ["view"], ["view"]]),
        (["properties.price", "timestamp -- When"], None),
        (["properties.price * 2", "event"], [[5.0, "leave"], [20.0, "buy"], [None, "view"], [None, "view"]]),
        (["count()"], [[4]]),
        (["event", "count()"], [["view", 2], ["leave", 1], ["buy", 1]]),
        (["event", "max(properties.price)"], [["buy", 10.0], ["leave", 2.5], ["view", None]]),
        (["sum(properties.price) / count()"], [[3.125]]),
        (["countIf(event = 'view')", "uniq(person_id)"], [[2, 3]]),
        (["row_number() OVER (ORDER BY timestamp)"], [[1], [2], [3], [4]]),
        (["person.properties.plan", "count()"], [[None, 2], ["pro", 1], ["free", 1]]),
        (["(SELECT count() FROM events)", "event"], [[8, "view"], [8, "leave"], [8, "view"], [8, "buy"]]),
    ],
)
def test_columns(shop: Shop, select: list[str], rows: list[list[Any]] | None) -> None:
    """They are called what was asked for; `rows` in any order."""
    found = shop.ask(select)
    assert found.columns == tuple(select)
    assert len(found.additions["types"]) == len(select)
    assert rows is None or sorted(map(repr, found.result)) == sorted(map(repr, rows))


@pytest.mark.parametrize(
    ("select", "columns", "first"),
    [
        (["upper(event) AS e"], ("e",), ["BUY"]),
        (["upper(event) AS e", "count() AS n -- how often"], ("e", "n"), ["VIEW", 2]),
        (["event", "timestamp"], ("event", "timestamp"), ["view", NOW + timedelta(seconds=4)]),
        (["event", "*"], ("event", "*"), ["view", None]),
        (["event", "min(timestamp)"], ("event", "min(timestamp)"), ["view", None]),
    ],
)
def test_the_first_row_by_itself(shop: Shop, select: list[str], columns: tuple[str, ...], first: list[Any]) -> None:
    """The largest count or aggregate, else the latest event, else by the first column."""
    found = shop.ask(select, where=["event != 'leave'"])
    assert found.columns == columns
    shown = [None if wanted is None else value for value, wanted in zip(found.result[0], first, strict=True)]
    assert shown == first


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, [7, 6, 5, 4]),
        (["timestamp"], [4, 5, 6, 7]),
        (["timestamp ASC"], [4, 5, 6, 7]),
        (["timestamp desc"], [7, 6, 5, 4]),
        (["event", "timestamp DESC"], [4, 6, 7, 5]),
        (["event DESC", "timestamp"], [5, 7, 6, 4]),
        (["properties.price DESC NULLS FIRST", "timestamp"], [5, 7, 4, 6]),
        (["properties.price desc nulls last", "timestamp -- DESC"], [4, 6, 5, 7]),
        (["2"], [4, 5, 6, 7]),
        ([], [4, 5, 6, 7]),
    ],
)
def test_orders(shop: Shop, order: list[str] | None, expected: list[int]) -> None:
    found = shop.numbers(orderBy=order)
    assert (found if order != [] else sorted(found)) == expected


# Which events


@pytest.mark.parametrize(
    ("further", "expected"),
    [
        # The last day, without its first moment, and what clocks that are ahead say.
        ({}, [7, 6, 5, 4]),
        ({"after": None, "before": None}, [7, 6, 5, 4]),
        ({"after": "all"}, [7, 6, 5, 4, 3, 2, 1]),
        ({"after": "all", "before": "2100-01-01"}, [8, 7, 6, 5, 4, 3, 2, 1]),
        ({"after": "-1h"}, [7]),
        ({"after": "-2d"}, [7, 6, 5, 4, 3, 2]),
        ({"after": "2024-05-09T12:00:00Z", "before": "2024-05-10T11:00:00Z"}, [5, 4]),
        ({"after": "2024-05-09T11:59:59Z"}, [7, 6, 5, 4, 3]),
        ({"after": "all", "before": "2024-05-09T12:00:00.000001Z"}, [3, 2, 1]),
        # Days are those of New York.
        ({"after": "2024-05-10"}, [7, 6]),
        ({"after": "all", "before": "2024-05-10"}, [5, 4, 3, 2, 1]),
        ({"event": "view"}, [7, 5]),
        ({"event": ""}, [7, 6, 5, 4]),
        ({"events": ["buy", "leave"]}, [6, 4]),
        ({"event": "view", "events": ["leave"]}, [7, 6, 5]),
        ({"actionId": 7, "after": "all"}, [4]),
        ({"actionId": 8, "after": "all"}, [7, 2, 1]),
        ({"properties": [leaf("price", 2.5)]}, [6]),
        ({"properties": [leaf("plan", "pro", type="person")]}, [7]),
        ({"properties": [{"type": "cohort", "key": "id", "value": 1}], "after": "all"}, [7, 2, 1]),
        ({"properties": [{"type": "hogql", "key": "properties.price > 6"}], "after": "-2d"}, [4, 3]),
        ({"properties": {"type": "OR", "values": [leaf("price", 10), leaf("$browser", "Chrome")]}, "after": "all"},
         [4, 1]),
        ({"properties": [leaf("price", 7)], "fixedProperties": [leaf("plan", "free", type="person")], "after": "-2d"},
         [3]),
        ({"filterTestAccounts": True, "after": "-2d"}, [7, 6, 5, 2]),
        ({"where": ["event = 'view'"]}, [7, 5]),
        ({"where": ["event = 'view'", "distinct_id = 'eve'"]}, [5]),
        ({"where": ["event = 'view' OR event = 'buy'", "properties.price > 1"]}, [4]),
        ({"where": ["timestamp > now() - INTERVAL 2 HOUR"]}, [7, 6]),
        ({"where": ["person_id IN COHORT 1"]}, [7]),
        ({"where": ["event IN (SELECT event FROM events WHERE properties.price = 2.5)"]}, [6]),
        ({"where": ["distinct_id = 'bob'"], "limit": 1}, [4]),
        ({"where": ["event = 'view'"], "limit": 1, "offset": 1}, [5]),
        ({"limit": 2}, [7, 6]),
        ({"limit": 2, "offset": 1}, [6, 5]),
        ({"offset": 2147483647}, []),
    ],
)  # fmt: skip
def test_events_are_chosen(shop: Shop, further: dict[str, Any], expected: list[int]) -> None:
    assert shop.numbers(**further) == expected


@pytest.mark.parametrize(("name", "expected"), [("ann", [7, 2, 1]), ("bob", [4, 3]), ("eve", [6, 5])])
def test_events_of_a_person(shop: Shop, name: str, expected: list[int]) -> None:
    assert shop.numbers(personId=shop.persons[name], after="all") == expected
    assert shop.numbers(personId=shop.persons[name].upper(), after="all") == expected


@pytest.mark.parametrize(
    ("select", "where", "expected"),
    [
        (["event", "count() AS n"], ["n > 1", "event != 'view'"], [["buy", 2]]),
        (["event"], ["count() > 1"], [["buy"], ["view"]]),
        (["event", "count()"], ["count() < 2 OR max(properties.price) > 9"], [["buy", 2], ["leave", 1]]),
        (["count()"], ["count() > 100"], []),
    ],
)
def test_conditions_on_counts_are_of_groups(shop: Shop, select: list[str], where: list[str], expected: Any) -> None:
    assert shop.rows(select, where=where, after="all", before="2030-01-01") == expected


def test_who_was_merged_is_shown_as_who_is_left(new_asker: NewAsker) -> None:
    shop = shop_of(new_asker)
    shop.asker.load([], persons=[{"distinct_ids": ["bob", "eve"]}])
    check_merged(shop)
    squash(shop.asker.services, shop.asker.id, min_age=timedelta(0))
    check_merged(shop)


def check_merged(shop: Shop) -> None:
    found = {row[0]["distinct_id"]: row[0]["uuid"] for row in shop.rows(["person"])}
    assert found["bob"] == found["eve"]
    for name in ("bob", "eve"):
        assert shop.numbers(personId=shop.persons[name]) == [6, 5, 4]


@pytest.mark.parametrize("select", [["*"], ["event", "timestamp"]])
def test_other_months_are_not_read(shop: Shop, select: list[str]) -> None:
    assert shop.ask(select, after="-5d").cost.rows_read < shop.ask(select, after="all").cost.rows_read


def test_an_answer_says_how_it_goes_on(shop: Shop) -> None:
    found = shop.ask(["event", "count() -- times"], where=["1 = 1 -- x"], limit=2, orderBy=["event ASC"])
    assert (found.has_more, found.limit, found.offset) == (True, 2, 0)
    assert found.hogql == (
        "SELECT event, count() FROM events WHERE (1 = 1) AND {filters} ORDER BY event ASC LIMIT 2"
    )  # fmt: skip
    assert not shop.ask(["event"], limit=4).has_more
    assert shop.ask(["event"], limit=1_000_000).limit == 50_000


# Pages


@pytest.fixture(scope="module")
def crowd(new_asker: NewAsker) -> tuple[Shop, list[str]]:
    """Two hundred events of five moments, whose uuids are in no order of time."""
    rng, asker = random.Random(5), new_asker()
    asker = Asker(asker.services, asker.id, NOW)
    uuids = [str(UUID(int=rng.getrandbits(128), version=4)) for _ in range(200)]
    moments = [NOW - timedelta(hours=hours) for hours in (1, 2, 3, 30, 400)]
    asker.load(
        {"uuid": uuid, "event": "e", "distinct_id": "p", "timestamp": rng.choice(moments).isoformat()} for uuid in uuids
    )
    return Shop(asker, {}), uuids


@given(
    limit=st.integers(29, 201),
    order=st.sampled_from([None, ["timestamp"], ["timestamp DESC"], ["event"]]),
    select=st.sampled_from([["*"], ["timestamp", "uuid"]]),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_have_each_event_once(
    crowd: tuple[Shop, list[str]], limit: int, order: list[str] | None, select: list[str]
) -> None:
    shop, uuids = crowd
    found: list[str] = []
    times: list[datetime] = []
    has_more = True
    while has_more:
        page = shop.ask(select, limit=limit, offset=len(found), orderBy=order, after="all")
        found += [row[0]["uuid"] if select == ["*"] else row[1] for row in page.result]
        times += [row[0]["timestamp"] if select == ["*"] else row[0] for row in page.result]
        has_more = page.has_more
        assert len(page.result) == limit or not has_more
    assert sorted(found) == sorted(uuids)
    if order != ["event"]:
        assert times == sorted(times, reverse=order != ["timestamp"])
