"""Random events and random questions about who came back, for the comparison with the model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.engine.models import zones
from tests.engine.models.chance import not_the_simplest

PERIODS = ("Hour", "Day", "Day", "Week", "Month")
TYPES = ("retention_recurring", "retention_first_time", "retention_first_ever_occurrence")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    """A zone, and events that crowd within some hours, days or months around a change of its clocks."""
    zone = draw(not_the_simplest(st.sampled_from(["UTC", *zones.changes()])))
    change = draw(st.sampled_from([datetime(2022, 3, 20, tzinfo=UTC)] if zone == "UTC" else zones.kinds(zone)))
    step = draw(st.sampled_from([timedelta(minutes=30), timedelta(hours=4), timedelta(days=3)]))
    event = st.fixed_dictionaries(
        {
            "event": st.sampled_from(["a", "b"]),
            "person": st.integers(0, 3),
            "at": st.integers(-20, 20).map(lambda i: change + i * step),
            "k": st.sampled_from(["", "", "x", "x", "y", "z"]),
            "n": st.sampled_from([None, 1, 2.5, "3", "x", 0]),
            "company": st.sampled_from([None, "c1", "c2"]),
        }
    )
    return zone, draw(st.lists(event, min_size=4, max_size=30))


SIDE = st.fixed_dictionaries({"event": st.sampled_from(["a", "a", "b", None]), "k": st.sampled_from([None, None, "x"])})


@st.composite
def questions(draw: st.DrawFn, events: list[dict[str, Any]]) -> dict[str, Any]:
    near = draw(st.sampled_from([e["at"] for e in events]))
    mode = draw(st.sampled_from(["count", "count", "count", "sum", "avg", "rolling"]))
    brackets = draw(st.sampled_from([[], [], [], [1], [2, 1, 3]]))
    return {
        "period": draw(st.sampled_from(PERIODS)),
        "n": draw(st.integers(1, 8)),
        "date_to": near + timedelta(hours=draw(st.integers(-30, 60)), minutes=draw(st.sampled_from([0, 13]))),
        "type": draw(st.sampled_from(TYPES)),
        "target": draw(SIDE),
        "returning": draw(SIDE),
        "only": draw(st.sampled_from([None, None, None, "x"])),
        "mode": mode,
        "rolling": mode == "rolling",
        "sum": mode in ("sum", "avg"),
        "cumulative": mode == "count" and draw(st.booleans()),
        "minimum": draw(st.sampled_from([1, 1, 2])),
        "brackets": brackets,
        "by": draw(st.sampled_from([None, None, "k", "plan", "cohorts"])),
        "limit": draw(st.sampled_from([1, 2, 25])),
        "group": draw(st.sampled_from([None, None, 0])),
        "monday": draw(st.booleans()),
        "earlier": draw(st.sampled_from([None, None, 0, 5])),
    }
