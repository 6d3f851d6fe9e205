"""One contract, every adapter: what a caller of the store may rely on, whatever is behind it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from insights_engine import keys
from insights_engine.store import Check, ConflictError, Delete, Item, Put, Store, Write
from insights_engine.store.items import ItemTooLarge

START = 1_700_000_000  # where the clock of the fixtures stands


@pytest.fixture
def store(any_store: Store) -> Store:
    """Here with DynamoDB Local too, where it is."""
    return any_store


VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2**63 - 1,
    -(2**63),
    2**63,
    0.0,
    -0.0,
    0.1,
    1.0,
    1e308,
    5e-324,
    1e22,
    "",
    "\x00",
    "é",
    "日本語 🎉 \u2028",
    [],
    {},
    {"": ""},
    {"a": [1, 1.0, None, {"b": [[], {}]}], "é": "\n"},
    b"",
    b"\x00\xff\n[",
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_exactly_as_it_was(store: Store, pk: str, value: Any) -> None:
    item: Item = {"pk": pk, "sk": "é 🎉\x00/#", "value": value, "a.b": value, "": "empty name", "expires_at": None}
    store.put(item)
    for held in (
        store.get(item["pk"], item["sk"]),
        store.get_many([(item["pk"], item["sk"])])[0],
        store.query(item["pk"])[0],
        store.put_new_many([{**item, "value": "another"}])[0],
    ):
        assert held == item
        assert repr(sorted(held.items())) == repr(sorted(item.items()))  # 1 is not 1.0, nor 0.0 -0.0


def test_an_item_may_have_several_bytes_and_numbers(store: Store, pk: str) -> None:
    item: Item = {"pk": pk, "sk": "s", "one": b"1", "two": b"\n22", "version": 3, "expires_at": START + 5, "n": -7}
    store.put(item)
    assert store.get(item["pk"], "s") == item


def test_what_is_not_there_is_none(store: Store, pk: str) -> None:
    assert store.get(pk, "s") is None
    assert store.query(pk) == []
    assert store.get_many([]) == []
    store.delete(pk, "s")


@pytest.mark.parametrize(
    ("pk", "sk"), [("", "s"), ("p", ""), ("p" * 2049, "s"), ("p", "é" * 513), ("p", "\ud800"), ("\udfff", "s")]
)
def test_keys_that_no_item_can_have(store: Store, pk: str, sk: str) -> None:
    """Callers' texts end up in keys: reading by a bad one finds nothing, and only writing it is an error."""
    assert store.get(pk, sk) is None
    assert store.get_many([(pk, sk)]) == [None]
    assert pk == "p" or store.query(pk) == []
    store.delete(pk, sk)
    store.transact([Check(pk, sk, "absent")])
    with pytest.raises(ConflictError):
        store.delete(pk, sk, "present")
    with pytest.raises(ConflictError):
        store.transact([Check(pk, sk)])
    with pytest.raises(ValueError):
        store.put({"pk": pk, "sk": sk})


# state of the item, condition, does it hold
CONDITIONS = [
    (None, "any", True),
    (None, "absent", True),
    (None, "present", False),
    (None, 1, False),
    ({"version": 1}, "any", True),
    ({"version": 1}, "absent", False),
    ({"version": 1}, "present", True),
    ({"version": 1}, 1, True),
    ({"version": 1}, 2, False),
    ({}, 1, False),
    ({"version": True}, 1, False),
    ({"version": "1"}, 1, False),
    ({"version": 1, "expires_at": START + 1}, 1, True),
    ({"version": 1, "expires_at": START}, "absent", True),
    ({"version": 1, "expires_at": START}, "present", False),
    ({"version": 1, "expires_at": START}, 1, False),
]


@pytest.mark.parametrize(("state", "expect", "holds"), CONDITIONS)
@pytest.mark.parametrize("how", ["put", "delete", "transact put", "transact delete", "transact check"])
def test_conditions(store: Store, pk: str, state: Item | None, expect: Any, holds: bool, how: str) -> None:
    if state is not None:
        store.put({"pk": pk, "sk": "s", **state})
    before = store.get(pk, "s")
    new = {"pk": pk, "sk": "s", "new": "yes"}
    if expect == "any" and how == "transact check":
        expect = "absent" if state is None else "present"  # a check of nothing is no check
    call: dict[str, Callable[[], None]] = {
        "put": lambda: store.put(new, expect),
        "delete": lambda: store.delete(pk, "s", expect),
        "transact put": lambda: store.transact([Put(new, expect)]),
        "transact delete": lambda: store.transact([Delete(pk, "s", expect)]),
        "transact check": lambda: store.transact([Check(pk, "s", expect)]),
    }
    if not holds:
        with pytest.raises(ConflictError) as failure:
            call[how]()
        assert failure.value.item == before
        assert store.get(pk, "s") == before
        return
    call[how]()
    assert store.get(pk, "s") == {"put": new, "delete": None, "check": before}[how.split()[-1]]


def test_a_transaction_is_all_or_nothing_and_names_the_first_failure(store: Store, pk: str) -> None:
    store.put({"pk": pk, "sk": "there", "version": 4})
    writes: list[Write] = [
        Put({"pk": pk, "sk": "a"}, "absent"),
        Check(pk, "there", 4),
        Delete(pk, "missing", "present"),
        Check(pk, "there too"),
    ]
    with pytest.raises(ConflictError) as failure:
        store.transact(writes)
    assert failure.value.index == 2
    with pytest.raises(ConflictError) as failure:
        store.transact([Check(pk, "anything", "any"), Delete(f"{pk}{'k' * 3000}", "s"), *writes])
    assert failure.value.index == 4
    assert [item["sk"] for item in store.query(pk)] == ["there"]
    store.transact([*writes[:2], Delete(pk, "missing")])
    assert [item["sk"] for item in store.query(pk)] == ["a", "there"]


def test_a_transaction_of_a_hundred_writes_and_no_more(store: Store, pk: str) -> None:
    store.transact([])
    store.transact([Put({"pk": pk, "sk": f"{n:03}"}) for n in range(100)])
    assert len(store.query(pk)) == 100
    with pytest.raises(ValueError, match="100"):
        store.transact([Delete(pk, f"{n:03}") for n in range(101)])
    with pytest.raises(ValueError, match="once"):
        store.transact([Delete(pk, "000"), Put({"pk": pk, "sk": "000"})])
    with pytest.raises(ItemTooLarge):
        store.transact([Put({"pk": pk, "sk": f"{n:03}", "b": b"x" * 400_000}) for n in range(11)])
    assert len(store.query(pk)) == 100


# Code points whose order by UTF-8 bytes differs from their order by UTF-16 units, and the ends of the ranges.
LOW = ["\x00", " ", "!", "A", "Aa", "B", "a", "a\x00", "aa", "b", "~"]
SORTED = [*LOW, "é", "\ud7ff", "\ue000", "\uffff", "🎉", "\U0010ffff"]


@pytest.mark.parametrize("descending", [False, True])
def test_a_query_is_in_the_order_of_the_bytes(store: Store, pk: str, descending: bool) -> None:
    store.put_many([{"pk": pk, "sk": sk} for sk in reversed(SORTED)])
    expected = SORTED[::-1] if descending else SORTED
    assert [item["sk"] for item in store.query(pk, descending=descending)] == expected


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("prefix", ["", "A", "a", "aa", "\ud7ff", "\U0010ffff", "zz", "C"])
def test_a_query_by_prefix_goes_on_after_a_key(store: Store, pk: str, prefix: str, descending: bool) -> None:
    store.put_many([{"pk": pk, "sk": sk} for sk in SORTED] + [{"pk": pk + "x", "sk": "a"}])
    expected = [sk for sk in SORTED if sk.startswith(prefix)]
    if descending:
        expected.reverse()
    assert [item["sk"] for item in store.query(pk, prefix, descending=descending)] == expected
    for after in ["", " ", "Aa", "AA", "a", "aa", "ab", "\ud7ff", "\U0010ffff", "\U0010ffffx"]:
        rest = [sk for sk in expected if (sk < after if descending else sk > after)]
        for limit in (None, 0, 1, 2, 50):
            found = store.query(pk, prefix, after=after, limit=limit, descending=descending)
            assert [item["sk"] for item in found] == rest[:limit], (after, limit)


def test_a_query_over_many_pages(store: Store, pk: str) -> None:
    """DynamoDB answers 1 MB a page; a limit counts live items, not those that it looked at."""
    items: list[Item] = [
        {"pk": pk, "sk": f"{n:02}", "b": bytes(200_000), "expires_at": START + n % 2} for n in range(24)
    ]
    store.put_many(items)
    assert store.query(pk) == items[1::2]
    assert store.query(pk, limit=7) == items[1::2][:7]
    assert store.query(pk, limit=7, descending=True, after="20") == items[1:20:2][::-1][:7]
    assert store.get_many([(pk, item["sk"]) for item in items])[1::2] == items[1::2]


def test_bulk_calls_take_any_number_and_any_repeats(store: Store, pk: str) -> None:
    names = [f"{n % 300}" for n in range(330)]
    first: list[Item] = [{"pk": pk, "sk": sk, "n": n} for n, sk in enumerate(names)]
    assert [item["n"] for item in store.put_new_many(first)] == [n % 300 for n in range(330)]
    again = [{"pk": pk, "sk": f"{n}", "n": -1} for n in range(290, 310)]
    assert [item["n"] for item in store.put_new_many(again)] == [*range(290, 300)] + [-1] * 10
    store.put_many([{**item, "n": item["n"] * 2} for item in first])  # of repeats the last one stays
    held = store.get_many([(pk, sk) for sk in [*names, "none"]])
    last = [2 * n + 600 if n < 30 else 2 * n for n in range(300)]
    assert [item and item["n"] for item in held] == [*last, *last[:30], None]
    assert store.put_new_many([]) == []
    store.put_many([])


def test_add_counts_from_nothing_and_keeps_the_rest(store: Store, clock: Any, pk: str) -> None:
    assert store.add(pk, "s", "next", 5) == 5
    assert store.add(pk, "s", "next", -7) == -2
    assert store.get(pk, "s") == {"pk": pk, "sk": "s", "next": -2}
    store.put({"pk": pk, "sk": "s", "next": 10, "version": 1, "name": "n", "expires_at": START + 1})
    assert store.add(pk, "s", "next", 1) == 11
    assert store.add(pk, "s", "version", 1) == 2
    assert store.get(pk, "s") == {
        "pk": pk, "sk": "s", "next": 11, "version": 2, "name": "n", "expires_at": START + 1,
    }  # fmt: skip
    clock.now += 1
    assert store.add(pk, "s", "next", 1) == 1
    assert store.get(pk, "s") == {"pk": pk, "sk": "s", "next": 1}


def test_an_expired_item_is_gone_for_every_call(store: Store, clock: Any, pk: str) -> None:
    item: Item = {"pk": pk, "sk": "s", "expires_at": START + 10}
    store.put(item)
    clock.now = START + 9
    assert store.get(pk, "s") == item
    clock.now = START + 10
    assert store.get(pk, "s") is None
    assert store.get_many([(pk, "s")]) == [None]
    assert store.query(pk) == store.query(pk, limit=1) == []
    assert store.put_new_many([{"pk": pk, "sk": "s", "n": 2}]) == [{"pk": pk, "sk": "s", "n": 2}]
    assert store.get(pk, "s") == {"pk": pk, "sk": "s", "n": 2}


@pytest.mark.parametrize("expires_at", [1.5, "1", True])
def test_expiry_is_in_whole_seconds(store: Store, pk: str, expires_at: Any) -> None:
    with pytest.raises(ValueError, match="expires_at"):
        store.put({"pk": pk, "sk": "s", "expires_at": expires_at})


BULK: dict[str, Callable[[Store, list[Item]], object]] = {
    "put": lambda store, items: store.put(items[-1]),
    "put_many": lambda store, items: store.put_many(items),
    "put_new_many": lambda store, items: store.put_new_many(items),
    "transact": lambda store, items: store.transact([Put(item) for item in items]),
}


@pytest.mark.parametrize("call", BULK)
@pytest.mark.parametrize("kind", ["text", "bytes"])
def test_an_item_over_the_limit_is_refused_before_anything_is_written(
    store: Store, pk: str, kind: str, call: str
) -> None:
    room = 400_000 - len(pk) - 100
    content: Any = "é" * (room // 2) if kind == "text" else b"x" * room
    store.put({"pk": pk, "sk": "fits", "content": content})
    with pytest.raises(ItemTooLarge, match="limit is 400,000"):
        BULK[call](store, [{"pk": pk, "sk": "small"}, {"pk": pk, "sk": "large", "content": content + content[:100]}])
    assert [item["sk"] for item in store.query(pk)] == ["fits"]


@pytest.mark.parametrize("value", [2**64, object(), {1: 2}, "\ud800", {"b": b"nested"}])
def test_what_is_not_json_is_refused(store: Store, pk: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        store.put({"pk": pk, "sk": "s", "value": value})
    with pytest.raises(ValueError):
        store.put({"pk": pk, "sk": "s", "doc": "reserved"})


def test_every_key_is_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    functions = {name for name, value in vars(keys).items() if callable(value) and value.__module__ == keys.__name__}
    assert functions - documented == set()
