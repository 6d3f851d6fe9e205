"""The people behind edges and nodes, and the paths of people of a funnel's step."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.path import window
from insights_engine.path.answer import actors
from insights_engine.sql import Sql

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.path_asking import NOW, ask, edges, query_of, world

NAMES = ("one", "two", "three", "four", "five")


def steps(people: int, first: int, count: int) -> list[list[Any]]:
    """So many people who do so many steps, a minute apart."""
    return [
        [f"step {name}", f"p{who:02}", f"2024-03-18T10:{minute:02}:00Z"]
        for who in range(first, first + people)
        for minute, name in enumerate(NAMES[:count])
    ]


@pytest.fixture(scope="module")
def crowd(new_project: NewProject) -> Asker:
    return world(new_project, [*steps(5, 0, 2), *steps(10, 10, 3), *steps(20, 30, 4)])


def found(asker: Asker, form: str = "flat", **keys: str) -> list[str]:
    if form == "node":
        query = query_of(node={"pathsFilter": {"path" + k.title() + "Key": v for k, v in keys.items()}})
    else:
        query = query_of(flat={f"path_{k}_key": v for k, v in keys.items()})
    page = actors(query, asker.project, asker.services, NOW, limit=1000, offset=0)
    assert not page.has_more
    sql = Sql("SELECT distinct_id FROM person_distinct_ids WHERE project = {p:UInt32} AND person IN {n:Array(UInt32)}",
              p=asker.id, n=page.found)  # fmt: skip
    return sorted(row[0] for row in asker.services.clickhouse.admin_read(sql).rows)


COUNTS: list[tuple[dict[str, str], int]] = [
    ({"dropoff": "2_step two"}, 5),
    ({"end": "2_step two"}, 35),
    ({"start": "2_step two"}, 30),
    ({"dropoff": "4_step four"}, 20),
    ({"start": "4_step four"}, 0),
    ({"start": "1_step one", "end": "2_step two"}, 35),
    ({"start": "1_step one", "end": "3_step three"}, 0),
    ({"start": "2_step one"}, 0),
    ({"end": "1_step one"}, 35),
    ({"end": "1_nothing"}, 0),
    ({"dropoff": "3_step three", "end": "2_step two"}, 10),
    ({}, 35),
]


@pytest.mark.parametrize("form", ["flat", "node"])
@pytest.mark.parametrize(("keys", "count"), COUNTS, ids=str)
def test_people_of_edges_and_nodes(crowd: Asker, form: str, keys: dict[str, str], count: int) -> None:
    assert len(found(crowd, form, **keys)) == count


def test_people_come_in_pages(crowd: Asker) -> None:
    query = query_of(flat={"path_end_key": "2_step two"})
    pages = [actors(query, crowd.project, crowd.services, NOW, limit=15, offset=offset) for offset in (0, 15, 30, 45)]
    assert [(len(page.found), page.has_more) for page in pages] == [(15, True), (15, True), (5, False), (0, False)]
    assert len({number for page in pages for number in page.found}) == 35


def test_people_cost_what_both_of_two_statements_do(crowd: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second one follows where there are more items than short numbers: it reads what one alone would."""

    def rows_read() -> int:
        page = actors(query_of(flat={}), crowd.project, crowd.services, NOW, limit=1000, offset=0)
        assert len(page.found) == 35
        return page.cost.rows_read

    once = rows_read()
    monkeypatch.setattr(window, "_MOST_ITEM_BITS", 2)
    assert rows_read() > once > 0


def test_there_is_nobody_in_a_reversed_range(crowd: Asker) -> None:
    query = query_of(flat={"date_from": "2024-03-20", "date_to": "2024-03-18"})
    assert actors(query, crowd.project, crowd.services, NOW, limit=10, offset=0).found == []


# Who buys, with what they look at before and after; ann a day later.
FUNNEL = [
    ["enter", "ann", "2024-03-15T10:00:00Z"],
    ["look", "ann", "2024-03-15T10:05:00Z"],
    ["buy", "ann", "2024-03-16T10:00:00Z"],
    ["share", "ann", "2024-03-16T10:10:00Z"],
    ["enter", "bob", "2024-03-15T10:00:00Z"],
    ["leave", "bob", "2024-03-15T10:20:00Z"],
    ["return", "bob", "2024-03-19T10:20:00Z"],
    ["before", "cat", "2024-03-15T09:00:00Z"],
    ["enter", "cat", "2024-03-15T10:00:00Z"],
    ["buy", "cat", "2024-03-15T10:00:30Z"],
    ["browse", "dan", "2024-03-15T10:00:00Z"],
    ["more", "dan", "2024-03-15T10:01:00Z"],
]
DAY = 86_400_000
STEPS = [{"id": "enter", "order": 0}, {"id": "buy", "order": 1}]
LEGACY: dict[str, Any] = {
    "events": STEPS,
    "funnel_window_interval": 2,
    "funnel_window_interval_unit": "day",
    "date_from": "2024-03-14",
}
SERIES = [{"kind": "EventsNode", "event": "enter"}, {"kind": "EventsNode", "event": "buy"}]
SOURCE = {
    "kind": "FunnelsQuery",
    "series": SERIES,
    "dateRange": {"date_from": "2024-03-14"},
    "funnelsFilter": {"funnelWindowInterval": 2},
}
ROWS: dict[tuple[str, int], list[list[Any]]] = {
    ("after", 2): [["1_buy", "2_share", 1, 600_000]],
    ("after", 1): [
        ["1_enter", "2_buy", 1, 30_000],
        ["1_enter", "2_leave", 1, 1_200_000],
        ["1_enter", "2_look", 1, 300_000],
        ["2_look", "3_buy", 1, DAY - 300_000],
        ["3_buy", "4_share", 1, 600_000],
    ],
    ("after", -2): [["1_enter", "2_leave", 1, 1_200_000]],
    ("before", 2): [
        ["1_before", "2_enter", 1, 3_600_000],
        ["1_enter", "2_look", 1, 300_000],
        ["2_enter", "3_buy", 1, 30_000],
        ["2_look", "3_buy", 1, DAY - 300_000],
    ],
    ("before", -2): [["1_enter", "2_leave", 1, 1_200_000]],
    ("between", 2): [
        ["1_enter", "2_buy", 1, 30_000],
        ["1_enter", "2_look", 1, 300_000],
        ["2_look", "3_buy", 1, DAY - 300_000],
    ],
}
KINDS = {
    "after": "funnel_path_after_step",
    "before": "funnel_path_before_step",
    "between": "funnel_path_between_steps",
}


@pytest.fixture(scope="module")
def buyers(new_project: NewProject) -> Asker:
    return world(new_project, FUNNEL)


@pytest.mark.parametrize(("which", "step"), ROWS)
def test_paths_of_the_people_of_a_step(buyers: Asker, which: str, step: int) -> None:
    """A pause ends no path while it is shorter than the funnel's window, here two days."""
    kind, since = KINDS[which], {"date_from": "2024-03-14"}
    inside = {"funnel_paths": kind, "funnel_filter": {**LEGACY, "funnel_step": step}, **since}
    assert edges(ask(buyers, flat=inside)) == ROWS[which, step]
    source = {"funnelPathType": kind, "funnelSource": SOURCE, "funnelStep": step}
    assert edges(ask(buyers, node={"funnelPathsFilter": source, "dateRange": since})) == ROWS[which, step]


def test_what_stands_beside_the_funnel_counts_for_the_pauses(buyers: Asker) -> None:
    asked = {"funnel_paths": KINDS["after"], "funnel_filter": {**LEGACY, "funnel_step": 1}, "date_from": "2024-03-14"}
    beside = {"funnel_window_interval": 1, "funnel_window_interval_unit": "hour"}
    assert edges(ask(buyers, flat={**asked, **beside})) == [
        ["1_buy", "2_share", 1, 600_000],
        ["1_enter", "2_buy", 1, 30_000],
        ["1_enter", "2_leave", 1, 1_200_000],
        ["1_enter", "2_look", 1, 300_000],
    ]


def test_the_paths_own_filters_apply_too(buyers: Asker) -> None:
    asked = {"funnel_paths": KINDS["after"], "funnel_filter": LEGACY, "funnel_step": 2, "date_from": "2024-03-16"}
    assert edges(ask(buyers, flat=asked)) == [["1_buy", "2_share", 1, 600_000]]
    nothing = {**asked, "properties": [{"key": "k", "value": "x", "type": "event"}]}
    assert edges(ask(buyers, flat=nothing)) == []


def test_people_of_paths_of_a_step(buyers: Asker) -> None:
    flat = {
        "funnel_paths": KINDS["after"],
        "funnel_filter": {**LEGACY, "funnel_step": 1},
        "date_from": "2024-03-14",
        "path_end_key": "2_look",
    }
    page = actors(query_of(flat=flat), buyers.project, buyers.services, NOW, limit=10, offset=0)
    assert len(page.found) == 1
