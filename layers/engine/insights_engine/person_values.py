"""One property of every person as an array that a scan of events indexes by the person's number. Pure.

A join looks up a hash table of texts for every event. Person numbers are dense, so an array of codes, 4 bytes a
person, tells the same at half the cost. A code is the place of the text among all texts in the order of the first
person who has each; 1 is no text. Texts are told apart by 64-bit hashes: two of a million are taken for one with a
probability below 1 : 30,000,000.
"""

from __future__ import annotations

from collections.abc import Callable

from insights_engine.scan import Scan, is_plain, json_path, person_text
from insights_engine.sql import Sql

NO_TEXT = 1
# 0 for the empty text.
_HASH = "bitXor(cityHash64(ifNull({t}, '')), cityHash64(''))"
# Person numbers that are 1, 2, 3 … have their hashes in their places as they come; as they come in order and each once,
# the first and the last tell. Else each hash follows as many empty places as there are numbers without a person before.
_PLACED = Sql(
    "if(ks[1] = 1 AND ks[-1] = length(ks), hs, arrayFlatten(arrayMap((hash, step) -> arrayResize([hash], -step), "
    "arraySort((hash, k) -> k, hs, ks), arrayPopFront(arrayDifference(arrayPushFront(arraySort(ks), 0))))))"
)


class PersonValues:
    """Of the property `key`; `shown` makes of its text what is shown and grouped by."""

    def __init__(self, scan: Scan, key: str, shown: Callable[[Sql], Sql]) -> None:
        self._scan = scan
        self._key = key
        self._shown = shown

    def code(self) -> Sql:
        """The code of each event's person; NO_TEXT for no such person."""
        # One place further, as the first is that of no text; beyond the array's end are persons without a row.
        place = Sql("{p} + 1", p=self._scan.person)
        return Sql("greatest(arrayElement({c}, {at}), {none:UInt32})", c=self._codes(), at=place, none=NO_TEXT)

    def names(self) -> Sql:
        """Every text that a person has, as an array by code; each is read from the first person who has it."""
        firsts = Sql(
            "SELECT arrayJoin(arrayFilter((place, nth) -> nth = 1, arrayEnumerate(codes), arrayEnumerateUniq(codes))) "
            "- 1 FROM (SELECT {codes} AS codes)",
            codes=self._codes(),
        )
        return Sql(
            "(SELECT arrayPushFront(groupArray(name), '') FROM (SELECT ifNull({text}, '') AS name "
            "FROM persons FINAL WHERE {mine} AND person IN ({firsts}) ORDER BY person))",
            text=self._either(lambda text: text),
            mine=self._scan.is_mine,
            firsts=firsts,
        )

    def _codes(self) -> Sql:
        """One text wherever it stands in a statement, so ClickHouse makes the array once."""
        return Sql(
            "(SELECT arrayEnumerateDense(arrayPushFront({placed}, 0)) FROM ("
            "SELECT groupArray(person) AS ks, groupArray(hash) AS hs FROM ("
            "SELECT person, {hash} * (is_deleted = 0) AS hash FROM persons FINAL WHERE {mine} ORDER BY person)))",
            placed=_PLACED,
            hash=self._either(lambda text: Sql(_HASH, t=text)),
            mine=self._scan.is_mine,
        )

    def _either(self, made: Callable[[Sql], Sql]) -> Sql:
        """What is made of the text. What is text already, as most is, is taken as it lies, not converted."""
        if not is_plain(self._key):
            return made(self._shown(person_text(self._key)))
        stored = Sql("dynamicElement({p}, 'String')", p=json_path(self._key))
        return Sql(
            "if(isNull({stored}), {converted}, {as_it_lies})",
            stored=stored,
            converted=made(self._shown(person_text(self._key))),
            as_it_lies=made(self._shown(Sql("assumeNotNull({s})", s=stored))),
        )
