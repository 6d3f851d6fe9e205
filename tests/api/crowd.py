"""Persons of a project as a list in Python, to hold the lists of the API against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from insights_local.stack import Stack

from tests.api.world import Api

# What a page of persons can be asked for, at most, before a walk is taken for endless.
MOST_PAGES = 200
NAMES = ("Ada", "bob", "Élise", "élan", "o'Neil", "Zoë 50%", "a_b", "back\\slash")
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Someone:
    """`number` grows with each person that is made."""

    number: int
    ids: list[str]
    properties: dict[str, Any] = field(default_factory=dict)
    created_at: datetime = _FIRST
    uuid: str = ""

    @property
    def row(self) -> dict[str, Any]:
        at = self.created_at.isoformat()
        return {"distinct_ids": self.ids, "properties": self.properties, "created_at": at}

    def mentions(self, part: str) -> bool:
        named = [str(self.properties[key]) for key in ("email", "name", "username") if key in self.properties]
        return any(part.lower() in text.lower() for text in (*named, self.uuid, *self.ids))


def crowd(many: int = 40) -> list[Someone]:
    """Some are made in the same microsecond, some have no properties, some several ids."""
    return [_someone(number) for number in range(1, many + 1)]


def _someone(number: int) -> Someone:
    name = NAMES[number % len(NAMES)]
    every = {
        "email": f"{name[:2]}{number}@Example.com",
        "name": f"{name} {number}",
        "username": f"user-{number}",
        "plan": ("pro", "free", "Pro+")[number % 3],
        "age": number % 7,
    }
    properties = {key: value for place, (key, value) in enumerate(every.items()) if (number >> place) & 1}
    ids = [f"{name}-{number}", *(f"phone-{number}-{i}" for i in range(number % 3))]
    return Someone(number, ids, properties, _FIRST + timedelta(microseconds=number * 7 % 12, days=number % 4))


def merged(stack: Stack, project_id: int, people: list[Someone], gone: int, kept: int) -> list[Someone]:
    """The one becomes part of the other, in the project and in the list."""
    one, other = (next(p for p in people if p.number == number) for number in (gone, kept))
    stack.load(project_id, persons=[{"distinct_ids": [other.ids[0], one.ids[0]]}])
    both = Someone(
        other.number,
        other.ids + one.ids,
        {**one.properties, **other.properties},
        min(one.created_at, other.created_at),
    )
    return [both if p is other else p for p in people if p is not one]


def newest_first(people: list[Someone]) -> list[Someone]:
    return sorted(people, key=lambda person: (person.created_at, person.number), reverse=True)


def ids_of(person: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(person["distinct_ids"]))


def pages(
    api: Api, route: str, params: dict[str, Any], meanwhile: Callable[[], object] = lambda: None
) -> list[dict[str, Any]]:
    """All pages of a list, along `next`; `meanwhile` happens after each."""
    found, path, first = [], route, dict(params)
    while path:
        answer = api("GET", path, params=first) if first else api("GET", path)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        assert len(found) < MOST_PAGES
        path, first = (found[-1]["next"] or "").removeprefix("http://testserver"), {}
        meanwhile()
    return found


def back(api: Api, last: dict[str, Any]) -> list[dict[str, Any]]:
    """The pages before the last one, along `previous`, in the order of the list."""
    found: list[dict[str, Any]] = []
    while path := (found[0] if found else last)["previous"]:
        found.insert(0, api("GET", path.removeprefix("http://testserver")).json())
        assert len(found) < MOST_PAGES
    return found
