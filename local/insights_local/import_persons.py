"""Whom an export means by a `person_id`: one of that person's distinct ids, the same in all files and runs.

The first distinct id that is read with a person stands for them, which is kept for as long as a move takes: an
export comes as many files, and an anonymous id may be in another than the id of the sign-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from insights_engine import keys
from insights_engine.ingest.bulk import MAX_ID_LENGTH, BulkLoader
from insights_engine.ingest.persons import Link
from insights_engine.services import Services

_KEPT = timedelta(days=90)


class NamedPersons:
    def __init__(self, services: Services, loader: BulkLoader) -> None:
        self._store = services.policies
        self._loader = loader
        self._stands_for: dict[str, str] = {}

    def links(self, pairs: Iterable[tuple[str, str]], at: str) -> Iterator[Link]:
        """What makes one person of the ids that (person_id, distinct_id) pairs name and that are not one yet."""
        named = list(dict.fromkeys((person[:MAX_ID_LENGTH], distinct_id) for person, distinct_id in pairs))
        self._learn(named)
        for person, distinct_id in named:
            known = self._stands_for[person]
            numbers = self._loader.number_of(known), self._loader.number_of(distinct_id)
            if known != distinct_id and (None in numbers or numbers[0] != numbers[1]):
                yield Link(distinct_id, known, at, forced=True, identifies=False)

    def _learn(self, pairs: list[tuple[str, str]]) -> None:
        first = {person: distinct_id for person, distinct_id in reversed(pairs) if person not in self._stands_for}
        project, expires = self._loader.project.id, int((self._loader.now + _KEPT).timestamp())
        items = []
        for person, distinct_id in first.items():
            pk, sk = keys.imported_person(project, person)
            items.append({"pk": pk, "sk": sk, "distinct_id": distinct_id, "expires_at": expires})
        held = self._store.put_new_many(items) if items else []
        self._stands_for |= {person: item["distinct_id"] for person, item in zip(first, held, strict=True)}
