"""One property of every person as an array that a scan of events indexes by the person's number. Pure.

A join looks up a hash table of texts for every event. Person numbers are dense, so an array of codes, 4 bytes a
person, tells the same at half the cost. A code is the place of the text among all texts in the order of the first
person who has each; 1 is no text. Texts are told apart by 64-bit hashes: two of a million are taken for one with a
probability below 1 : 30,000,000.
"""

from __future__ import annotations

from insights_engine.scan import Scan, is_plain, json_path, person_text
from insights_engine.sql import Sql

NO_TEXT = 1
# 0 for the empty text.
_HASH = "bitXor(cityHash64({t}), cityHash64(''))"
# Whether there is one number after another from 1 on, in this order: then the hashes are in their places as they come.
_IS_DENSE = Sql("empty(ks) OR (least = 1 AND greatest = length(ks) AND arrayMin(arrayDifference(ks)) = 0)")
# Else each hash takes the places up to the next person's number, the further ones of them empty.
_SPREAD = Sql(
    "arrayConcat(arrayResize([toUInt64(0)], pairs[1].1 - 1), arrayFlatten(arrayMap("
    "(pair, following) -> arrayResize([pair.2], following - pair.1), arraySort(arrayZip(ks, hs)) AS pairs, "
    "arrayPushBack(arrayPopFront(pairs.1), pairs[-1].1 + 1))))"
)


def text_of(key: str) -> Sql:
    """A person's property as Nullable text. What is text already, as most are, is taken as it lies, not converted."""
    if not is_plain(key):
        return person_text(key)
    return Sql(
        "if(isNull(dynamicElement({p}, 'String')), CAST({p}, 'Nullable(String)'), dynamicElement({p}, 'String'))",
        p=json_path(key),
    )


def code_of(scan: Scan, text: Sql) -> Sql:
    """The code of `text`, an expression over the persons table, of each event's person; NO_TEXT for no such person."""
    codes = Sql(
        "(SELECT arrayEnumerateDense(arrayPushFront(if({is_dense}, hs, {spread}), 0)) FROM ("
        "SELECT groupArray(person) AS ks, groupArray(hash) AS hs, min(person) AS least, max(person) AS greatest FROM ("
        "SELECT person, {hash} * (is_deleted = 0) AS hash FROM persons FINAL WHERE {mine} ORDER BY person)))",
        is_dense=_IS_DENSE,
        spread=_SPREAD,
        hash=Sql(_HASH, t=_present(text)),
        mine=scan.is_mine,
    )
    # One place further, as the first is that of no text; beyond the array's end are persons without a row.
    return Sql("greatest(arrayElement({c}, {p} + 1), {none:UInt32})", c=codes, p=scan.person, none=NO_TEXT)


def names(scan: Scan, text: Sql) -> Sql:
    """Rows of (code, name): every text that a person has."""
    return Sql(
        "SELECT toUInt32(row_number() OVER (ORDER BY first) + {none:UInt32}) AS code, name FROM ("
        "SELECT {hash} AS hash, any({t}) AS name, min(person) AS first {source} AND {t} != '' GROUP BY hash)",
        none=NO_TEXT,
        hash=Sql(_HASH, t=_present(text)),
        t=_present(text),
        source=scan.persons_source(),
    )


def _present(text: Sql) -> Sql:
    return Sql("ifNull({t}, '')", t=text)
