"""Where a question or a filter names a cohort or an action: each place, as it came and with the new numbers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from insights_local.posthog.rewriting import Ids, Missing, rewritten

IDS = Ids()
for old in (1, 2, 3):
    IDS.add("cohort", old, 100 + old)
    IDS.add("action", old, 200 + old)

PLACES: list[tuple[Any, Any]] = [
    ({"type": "cohort", "key": "id", "value": 1}, {"type": "cohort", "key": "id", "value": 101}),
    ({"type": "cohort", "key": "id", "value": "1"}, {"type": "cohort", "key": "id", "value": "101"}),
    ({"type": "cohort", "key": "id", "value": [1, 2]}, {"type": "cohort", "key": "id", "value": [101, 102]}),
    ({"type": "static-cohort", "value": 3}, {"type": "static-cohort", "value": 103}),
    ({"type": "person", "key": "plan", "value": 1}, {"type": "person", "key": "plan", "value": 1}),
    (
        {"breakdown_type": "cohort", "breakdown": [1, "all", 0]},
        {"breakdown_type": "cohort", "breakdown": [101, "all", 0]},
    ),
    ({"breakdown_type": "event", "breakdown": "1"}, {"breakdown_type": "event", "breakdown": "1"}),
    ({"breakdowns": [{"type": "cohort", "property": 2}]}, {"breakdowns": [{"type": "cohort", "property": 102}]}),
    ({"kind": "ActionsNode", "id": 1, "name": "1"}, {"kind": "ActionsNode", "id": 201, "name": "1"}),
    ({"kind": "EventsNode", "event": "1"}, {"kind": "EventsNode", "event": "1"}),
    (
        {"exclusions": [{"kind": "FunnelExclusionActionsNode", "id": 2, "funnelFromStep": 1}]},
        {"exclusions": [{"kind": "FunnelExclusionActionsNode", "id": 202, "funnelFromStep": 1}]},
    ),
    (
        {
            "retentionFilter": {
                "targetEntity": {"id": 1, "type": "actions"},
                "returningEntity": {"id": "1", "type": "events"},
            }
        },
        {
            "retentionFilter": {
                "targetEntity": {"id": 201, "type": "actions"},
                "returningEntity": {"id": "1", "type": "events"},
            }
        },
    ),
    (
        {"actions": [{"id": "3", "type": "actions", "order": 1}]},
        {"actions": [{"id": "203", "type": "actions", "order": 1}]},
    ),
    (
        {"type": "behavioral", "event_type": "actions", "key": 1, "value": "performed_event"},
        {"type": "behavioral", "event_type": "actions", "key": 201, "value": "performed_event"},
    ),
    (
        {"type": "behavioral", "event_type": "events", "key": "1"},
        {"type": "behavioral", "event_type": "events", "key": "1"},
    ),
    (
        {"type": "hogql", "key": "person_id in cohort 1 OR matchesAction( 2 )"},
        {"type": "hogql", "key": "person_id in cohort 101 OR matchesAction( 202 )"},
    ),
    (
        {"kind": "HogQLQuery", "query": "SELECT count() FROM events WHERE person_id IN COHORT 1", "values": {"id": 1}},
        {
            "kind": "HogQLQuery",
            "query": "SELECT count() FROM events WHERE person_id IN COHORT 101",
            "values": {"id": 1},
        },
    ),
    ({"math_hogql": "person_id IN COHORT 'Paying'"}, {"math_hogql": "person_id IN COHORT 'Paying'"}),
    (["cohort 1", 1, None, True], ["cohort 1", 1, None, True]),
]


@pytest.mark.parametrize(("came", "goes"), PLACES)
def test_each_place(came: Any, goes: Any) -> None:
    assert rewritten(came, IDS) == goes
    deep = {"source": {"series": [came]}}
    assert rewritten(deep, IDS) == {"source": {"series": [goes]}}


@pytest.mark.parametrize(
    ("came", "words"),
    [
        ({"type": "cohort", "value": 9}, "it names cohort 9, which is not here"),
        ({"kind": "ActionsNode", "id": 9}, "it names action 9, which is not here"),
        ({"key": "person_id IN COHORT 9"}, "it names cohort 9, which is not here"),
    ],
)
def test_what_is_not_here(came: Any, words: str) -> None:
    with pytest.raises(Missing, match=words):
        rewritten({"a": [came]}, IDS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_all_else_stays_as_it_is(value: Any) -> None:
    assert rewritten(value, Ids()) == value
