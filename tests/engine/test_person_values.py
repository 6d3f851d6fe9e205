"""A breakdown by a person's property finds each person's value, whatever numbers the persons of a project have."""

from __future__ import annotations

import orjson
import pytest

from tests.engine.asking import rows, series
from tests.engine.conftest import NewAsker

NULL = "$$_posthog_breakdown_null_$$"
_PERSON = ["project", "person", "uuid", "created_at", "is_identified", "properties", "is_deleted", "version"]
_EVENT = ["project", "event", "day", "person", "ts", "uuid", "distinct_id", "properties"]


def _uuid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


def _counts(
    new_asker: NewAsker, persons: dict[int, object], without_row: list[int], **further: object
) -> dict[str, float]:
    """How many events each value has, where each person has one."""
    asker = new_asker()
    about = [
        {
            "project": asker.id,
            "person": number,
            "uuid": _uuid(number),
            "created_at": "2020-01-01 00:00:00",
            "is_identified": 1,
            "properties": {} if value is None else {"kind": value},
            "is_deleted": int(value == "gone"),
            "version": 1,
        }
        for number, value in persons.items()
    ]
    done = [
        {
            "project": asker.id,
            "event": "e",
            "day": "2020-01-02",
            "person": number,
            "ts": "2020-01-02 10:00:00",
            "uuid": _uuid(number),
            "distinct_id": str(number),
            "properties": {},
        }
        for number in [*persons, *without_row]
    ]
    for table, columns, lines in (("persons", _PERSON, about), ("events", _EVENT, done)):
        asker.services.clickhouse.insert_json(table, columns, b"\n".join(map(orjson.dumps, lines)))

    breakdown = {"breakdown": "kind", "breakdown_type": "person", "breakdown_limit": 100, **further}
    found = asker.node(series=[series()], breakdownFilter=breakdown, trendsFilter={"display": "ActionsTable"})

    return dict(rows(found))


@pytest.mark.parametrize(
    ("persons", "without_row", "expected"),
    [
        ({}, [1, 2], {NULL: 2}),
        ({1: "a"}, [], {"a": 1}),
        ({1: "a", 2: "b", 3: "a", 4: None}, [], {"a": 2, "b": 1, NULL: 1}),
        ({1: "a", 2: "b"}, [3, 4_000_000_000], {"a": 1, "b": 1, NULL: 2}),
        ({1: "a", 2: "b", 5: "c", 9: "a"}, [3, 4, 10], {"a": 2, "b": 1, "c": 1, NULL: 3}),
        ({3: "a", 4: "b"}, [1, 2], {"a": 1, "b": 1, NULL: 2}),
        ({7: "a"}, [6, 8], {"a": 1, NULL: 2}),
        ({1: "", 2: "b", 3: ""}, [], {"b": 1, NULL: 2}),
        ({1: "a", 2: "gone", 3: "b"}, [], {"a": 1, "b": 1, NULL: 1}),
        ({1: 5, 2: "5", 3: True, 4: "true", 5: 2.5}, [], {"5": 2, "true": 2, "2.5": 1}),
        ({n: f"value {n}" for n in range(1, 41)}, [], {f"value {n}": 1 for n in range(1, 41)}),
        ({n: f"value {n}" for n in range(2, 82, 2)}, [3], {f"value {n}": 1 for n in range(2, 82, 2)} | {NULL: 1}),
    ],
)
def test_each_person_has_their_value(
    new_asker: NewAsker, persons: dict[int, object], without_row: list[int], expected: dict[str, int]
) -> None:
    assert _counts(new_asker, persons, without_row) == expected


def test_values_that_are_shown_as_one_are_one(new_asker: NewAsker) -> None:
    persons = {1: "b.io/", 2: 5, 3: "b.io", 5: "/", 6: "?", 7: "5/", 8: ["c.io"], 9: None, 10: ""}
    found = _counts(new_asker, persons, [4], breakdown_normalize_url=True)

    assert found == {"b.io": 2, "5": 2, "/": 2, "['c.io']": 1, NULL: 3}
