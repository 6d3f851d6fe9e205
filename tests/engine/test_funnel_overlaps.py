"""Which steps are told apart before any event is read, and that what is told apart is counted so."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.definitions import Action, Definitions, Step
from insights_engine.funnel.overlaps import components

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.funnel_asking import NOW, ask, at, counts, query_of, series

DEFINITIONS = Definitions({1: Action(1, "Some", (Step("a"), Step("x"))), 2: Action(2, "Any", (Step(url="/"),))})
ACTION, ANY_ACTION = {"kind": "ActionsNode", "id": 1}, {"kind": "ActionsNode", "id": 2}


def page(*urls: Any, operator: str = "exact", kind: str = "event", key: str = "url") -> dict[str, Any]:
    own = [{"key": key, "value": list(urls), "operator": operator, "type": kind}]
    return {"kind": "EventsNode", "event": "page", "properties": own}


CASES: list[tuple[list[dict[str, Any]], list[tuple[int, ...]]]] = [
    (series("a", "b", "c"), [(0,), (1,), (2,)]),
    (series("a", "b", "a"), [(0, 2), (1,)]),
    (series("a", None), [(0, 1)]),
    ([*series("a", "b"), ACTION], [(0, 2), (1,)]),
    ([*series("a", "b"), ANY_ACTION], [(0, 1, 2)]),
    ([page("/x"), page("/y"), page("/x", "/z")], [(0, 2), (1,)]),
    ([page("/x"), page("/X")], [(0, 1)]),
    ([page("/x"), page("/y", operator="icontains")], [(0, 1)]),
    ([page(1), page("1.0")], [(0, 1)]),
    ([page("1"), page("1.0")], [(0, 1)]),
    # of one property of the event there is one value, but of a person's distinct ids there are several
    ([page("/x", kind="person", key="distinct_id"), page("/y", kind="person", key="distinct_id")], [(0, 1)]),
    ([page("/x"), page("/y"), *series("page")], [(0, 1, 2)]),
]


@pytest.mark.parametrize(("steps", "groups"), CASES, ids=[str(groups) for _, groups in CASES])
def test_components(steps: list[dict[str, Any]], groups: list[tuple[int, ...]]) -> None:
    assert components(query_of(node={"series": steps}).steps, DEFINITIONS) == groups


def test_many_pages_in_any_order(new_project: NewProject) -> None:
    asker = Asker((place := new_project()).services, place.id, NOW)
    asker.load([at("page", "p", 1 + i / 10, url=f"/{7 - i}") for i in range(8)])
    asked = {"series": [page(f"/{i}") for i in range(8)], "funnelsFilter": {"funnelOrderType": "unordered"}}
    assert counts(ask(asker, node=asked)) == [1] * 8


def test_a_first_time_is_no_step_that_another_event_takes(new_project: NewProject) -> None:
    """In any order: of the same event, but not the same step twice."""
    asker = Asker((place := new_project()).services, place.id, NOW)
    asker.load([at("a", "old", 1), at("a", "old", 3), at("a", "old", 4), at("a", "new", 3), at("a", "new", 4)])
    asked = {
        "series": [{"kind": "EventsNode", "event": "a", "math": "first_time_for_user"}, *series("a")],
        "dateRange": {"date_from": "2024-03-02", "date_to": "2024-03-10"},
        "funnelsFilter": {"funnelOrderType": "unordered"},
    }
    assert counts(ask(asker, node=asked)) == [2, 1]
