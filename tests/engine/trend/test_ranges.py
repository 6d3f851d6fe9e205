"""tests/cases/trend_ranges.json: which events are in which bucket, in each of four projects that must answer alike."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.engine.asking import NOW, Asker, event
from tests.engine.conftest import NewAsker

CASES = json.loads((Path(__file__).parents[2] / "cases" / "trend_ranges.json").read_text("utf-8"))


def plain(new_asker: NewAsker, zone: str, settings: dict[str, Any]) -> Asker:
    return new_asker(timezone=zone, **settings)


def elsewhere_before(new_asker: NewAsker, zone: str, settings: dict[str, Any]) -> Asker:
    """The stored days are those of another zone."""
    return new_asker(timezone=zone, days_timezone="Pacific/Kiritimati", **settings)


def far_behind_before(new_asker: NewAsker, zone: str, settings: dict[str, Any]) -> Asker:
    return new_asker(timezone=zone, days_timezone="Pacific/Pago_Pago", **settings)


def with_merges(new_asker: NewAsker, zone: str, settings: dict[str, Any]) -> Asker:
    asker = new_asker(timezone=zone, **settings)
    asker.load([event("before", "one"), event("before", "two")])
    asker.load([], persons=[{"distinct_ids": ["one", "two"]}])
    assert asker.project.has_pending_merges
    return asker


@pytest.mark.parametrize("made", [plain, elsewhere_before, far_behind_before, with_merges])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_range_holds(new_asker: NewAsker, case: dict[str, Any], made: Any) -> None:
    settings = {"week_start_day": case["week_start_day"]} if "week_start_day" in case else {}
    asker = made(new_asker, case.get("timezone", "UTC"), settings)
    others = [event("other", at=at) for at in case.get("others", [])]
    asker.load([*(event(at=at) for at in case["events"]), *others])
    now = datetime.fromisoformat(case["now"]) if "now" in case else NOW.replace(year=2022, month=12)
    (row,) = asker.legacy(events=[{"id": "e"}], now=now, **case["request"])
    expected = dict(case["expect"])
    assert len(row["data"]) == expected.pop("length", len(row["data"]))
    by_day = dict(zip(row["days"], row["data"], strict=True))
    for day, value in expected.pop("at", {}).items():
        assert (day, by_day.get(day)) == (day, value)
    assert {name: row[name] for name in expected} == expected
    assert len(row["labels"]) == len(row["days"]) == len(row["data"]) == len(row["action"]["days"])
