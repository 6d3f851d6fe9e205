"""What an answer tells of itself: what it read, the filters it applied, and what had to be asked before it."""

from __future__ import annotations

from typing import Any

from tests.engine.asking import Asker, data, event, series
from tests.engine.conftest import NewAsker

DAY: dict[str, Any] = {"date_from": "2020-01-02", "date_to": "2020-01-02"}


def leaf(key: str, value: Any, **further: Any) -> dict[str, Any]:
    return {"key": key, "type": "event", "operator": "exact", "value": value, **further}


def test_the_filters_that_were_applied(new_asker: NewAsker) -> None:
    tests = [{"key": "email", "value": "@us", "operator": "not_icontains", "type": "person"}]
    asker = new_asker(test_account_filters=tests)
    found = asker.trend(
        series=[series(properties=[leaf("plan", "pro")]), series()],
        properties={"type": "OR", "values": [leaf("k", [1, "x"]), leaf("k", None, operator="is_set")]},
        filterTestAccounts=True,
    )
    assert found.applied_filters == {
        "properties": {"type": "OR", "values": [leaf("k", [1, "x"]), leaf("k", None, operator="is_set")]},
        "test_account_filters": tests,
        "series[0].properties": {"type": "AND", "values": [leaf("plan", "pro")]},
    }


def test_all_is_found_first_and_its_cost_is_counted(asker: Asker) -> None:
    asker.load([event(at="2020-01-01T10:00:00Z"), event()])
    plain = asker.trend(series=[series()], dateRange={"date_from": "2020-01-01"})
    found = asker.trend(series=[series()], dateRange={"date_from": "all"})
    assert plain.before is None
    assert found.before is not None
    assert "first event" in found.before.why
    assert found.resolved_date_range["date_from"] == "2020-01-01T00:00:00Z"
    assert found.total_cost.rows_read == found.cost.rows_read + found.before.cost.rows_read
    assert found.before.cost.rows_read >= 2  # a part that other projects share is read with its granule


def test_unique_users_may_be_distinct_ids(new_asker: NewAsker) -> None:
    persons = [{"distinct_ids": ["phone", "laptop"], "properties": {}}]
    events = [event(distinct_id="phone"), event(distinct_id="laptop"), event(distinct_id="phone")]
    for by_id, expected in ((False, 1), (True, 2)):
        asker = new_asker(aggregate_users_by_distinct_id=by_id).load(events, persons=persons)
        for math in ("dau", "weekly_active"):
            assert data(asker.node(series=[series(math=math)], dateRange=DAY)) == [expected]
        cumulated = {"display": "ActionsLineGraphCumulative"}
        assert data(asker.node(series=[series(math="dau")], dateRange=DAY, trendsFilter=cumulated)) == [expected]


def test_a_heatmap_of_a_sample_stands_for_all(new_asker: NewAsker) -> None:
    names = [f"p{i}" for i in range(60)]
    asker = new_asker().load([event(distinct_id=name) for name in names])
    question: dict[str, Any] = {"series": [series()], "dateRange": DAY, "samplingFactor": 0.5}
    (total,) = asker.node(**question, trendsFilter={"display": "BoldNumber"}, properties=[])
    (found,) = asker.node(**question, trendsFilter={"display": "CalendarHeatmap"})
    cells = found["calendar_heatmap_data"]
    assert total["aggregated_value"] == found["aggregated_value"] == cells["allAggregations"]
    assert [cell["value"] for cell in cells["data"]] == [found["aggregated_value"]]
    assert found["aggregated_value"] % 2 == 0
