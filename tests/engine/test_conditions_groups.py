"""Who is counted by what their groups and sessions are."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.errors import ValidationError

from tests.engine.asking import Asker, event
from tests.engine.conftest import NewAsker
from tests.engine.test_conditions import counted, group

ORGS = [
    {"type": "organization", "key": "o1", "properties": {"industry": "finance", "size": 5}},
    {"type": "organization", "key": "o2", "properties": {"industry": ""}},
    {"type": "company", "key": "o1", "properties": {"industry": "technology"}},
]


@pytest.fixture(scope="module")
def grouped(new_asker: NewAsker) -> Asker:
    held: dict[str, dict[str, str]] = {
        "one": {"organization": "o1"},
        "both": {"organization": "o2", "company": "o1"},
        "unknown": {"organization": "o3"},
        "none": {},
    }
    return new_asker().load([{**event(distinct_id=n), "groups": groups} for n, groups in held.items()], groups=ORGS)


@pytest.mark.parametrize(
    ("leaf", "names"),
    [
        (group("industry", "finance"), {"one"}),
        (group("industry", "finance", "is_not"), {"both", "unknown", "none"}),
        (group("industry", "finance", index=1), set()),
        (group("industry", "technology", index=1), {"both"}),
        (group("industry", "technology", "is_not", index=1), {"one", "unknown", "none"}),
        (group("industry", None, "is_set"), {"one", "both"}),
        (group("industry", None, "is_not_set"), {"unknown", "none"}),
        (group("industry", ["fin", "x"], "not_icontains"), {"both"}),
        (group("size", 4, "gt"), {"one"}),
        (group("industry", None, "is_not_set", index=4), {"one", "both", "unknown", "none"}),
        ({"key": "$group_0", "value": "o1", "type": "event_metadata"}, {"one"}),
        (
            {"key": "$group_0", "value": "o1", "type": "event_metadata", "operator": "is_not"},
            {"both", "unknown", "none"},
        ),
        ({"key": "$group_0", "type": "event_metadata", "operator": "is_not_set"}, {"none"}),
        ({"key": "$group_1", "type": "event_metadata", "operator": "is_set"}, {"both"}),
    ],
)
def test_an_event_without_the_group_lacks_its_properties(grouped: Asker, leaf: dict[str, Any], names: set[str]) -> None:
    assert counted(grouped, leaf) == names


@pytest.mark.parametrize(
    ("leaf", "why"),
    [
        ({"key": "industry", "value": "x", "type": "group"}, r"properties\[0\].group_type_index is required"),
        ({"key": "$group_9", "value": "x", "type": "event_metadata"}, 'did you mean "\\$group_'),
        ({"key": "$sesion_duration", "value": 1, "type": "session"}, 'did you mean "\\$session_duration"'),
    ],
)
def test_properties_that_there_are_not(grouped: Asker, leaf: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        counted(grouped, leaf)


def test_a_session_is_all_of_its_events(asker: Asker) -> None:
    page = "https://shop.test/first"
    asker.load(
        [
            event("start", "long", "2020-01-01T23:50:00Z", **{"$session_id": "s1", "$current_url": page}),
            event("e", "long", "2020-01-02T00:10:00Z", **{"$session_id": "s1", "$current_url": "https://shop.test/2"}),
            event("e", "short", "2020-01-02T00:10:00Z", **{"$session_id": "s2"}),
            event("e", "none", "2020-01-02T00:10:00Z"),
        ]
    )
    leaf = {"key": "$session_duration", "value": 600, "operator": "gt", "type": "session"}
    assert counted(asker, leaf) == {"long"}
    assert counted(asker, {**leaf, "value": 1200, "operator": "lte"}) == {"long", "short"}
    entry = {"key": "$entry_current_url", "value": page, "type": "session"}
    assert counted(asker, entry) == {"long"}
    assert counted(asker, {**entry, "operator": "is_not"}) == {"short", "none"}
