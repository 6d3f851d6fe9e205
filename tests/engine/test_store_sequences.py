"""Random sequences of calls against a dict that follows the same contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_engine.store import Check, ConflictError, Delete, Expect, Item, Put, Store, Write
from insights_engine.store.items import holds, key_of

START = 1_700_000_000  # where the clock of the fixtures stands


SKS = st.sampled_from(["a", "a\x00", "ab", "b", "é", "🎉", "\uffff"])
KINDS = st.sampled_from(["put", "delete", "check"])
EXPECTS = st.sampled_from(["any", "absent", "present", 0, 1])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "version": st.integers(0, 1),
        "expires_at": st.one_of(st.none(), st.integers(START, START + 6)),
        "n": st.integers(-5, 5),
        "text": st.text(max_size=4),
        "number": st.floats(allow_nan=False, allow_infinity=False),
        "bytes": st.binary(max_size=4),
        "": st.recursive(st.integers(-(2**63), 2**63), lambda inner: st.lists(inner, max_size=2), max_leaves=3),
    },
)
WRITES = st.lists(st.tuples(SKS, KINDS, FIELDS, EXPECTS), max_size=3, unique_by=lambda part: part[0])
STEPS = st.one_of(
    st.tuples(st.just("put"), SKS, FIELDS, EXPECTS),
    st.tuples(st.just("delete"), SKS, EXPECTS),
    st.tuples(st.just("add"), SKS, st.sampled_from(["n", "version"]), st.integers(-3, 3)),
    st.tuples(st.just("put_new_many"), st.lists(st.tuples(SKS, FIELDS), max_size=3)),
    st.tuples(st.just("put_many"), st.lists(st.tuples(SKS, FIELDS), max_size=3)),
    st.tuples(st.just("transact"), WRITES),
    st.tuples(st.just("wait"), st.integers(1, 3)),
)


class Run:
    """Does each step in the store and in a dict, and compares what they say."""

    def __init__(self, store: Store, clock: Any) -> None:
        self.store, self.clock = store, clock
        self.pk = f"{uuid4().hex}#"
        self.items: dict[str, Item] = {}
        clock.now = START

    def held(self, sk: str) -> Item | None:
        item = self.items.get(sk)
        return None if item is None or (item.get("expires_at") or self.clock.now + 1) <= self.clock.now else item

    def item(self, sk: str, fields: Item) -> Item:
        return {"pk": self.pk, "sk": sk, **fields}

    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    def add(self, sk: str, field: str, amount: int) -> None:
        item = self.held(sk) or self.item(sk, {})
        self.items[sk] = {**item, field: item.get(field, 0) + amount}
        assert self.store.add(self.pk, sk, field, amount) == self.items[sk][field]

    def put_many(self, puts: list[tuple[str, Item]]) -> None:
        self.store.put_many([self.item(sk, fields) for sk, fields in puts])
        self.items |= {sk: self.item(sk, fields) for sk, fields in puts}

    def put_new_many(self, puts: list[tuple[str, Item]]) -> None:
        # What has expired before it is written is neither there nor not: no expiry here.
        items = [self.item(sk, {**fields, "expires_at": None}) for sk, fields in puts]
        for item in items:
            self.items[item["sk"]] = self.held(item["sk"]) or item
        assert self.store.put_new_many(items) == [self.items[item["sk"]] for item in items]

    def put(self, sk: str, fields: Item, expect: Expect) -> None:
        item = self.item(sk, fields)
        self.write([Put(item, expect)], lambda: self.store.put(item, expect))

    def delete(self, sk: str, expect: Expect) -> None:
        self.write([Delete(self.pk, sk, expect)], lambda: self.store.delete(self.pk, sk, expect))

    def transact(self, parts: list[tuple[str, str, Item, Expect]]) -> None:
        make: dict[str, Callable[[str, Item, Expect], Write]] = {
            "put": lambda sk, fields, expect: Put(self.item(sk, fields), expect),
            "delete": lambda sk, _, expect: Delete(self.pk, sk, expect),
            "check": lambda sk, _, expect: Check(self.pk, sk, expect),
        }
        writes = [make[kind](sk, fields, expect) for sk, kind, fields, expect in parts]
        self.write(writes, lambda: self.store.transact(writes))

    def write(self, writes: list[Write], call: Callable[[], None]) -> None:
        failed = [index for index, write in enumerate(writes) if not holds(write.expect, self.held(key_of(write)[1]))]
        if failed:
            with pytest.raises(ConflictError) as conflict:
                call()
            assert conflict.value.index == failed[0]
            return
        call()
        for write in writes:
            if isinstance(write, Put):
                self.items[write.item["sk"]] = write.item
            elif isinstance(write, Delete):
                self.items.pop(write.sk, None)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=15))
def test_any_sequence_of_calls_does_what_a_dict_would(any_store: Store, clock: Any, steps: list[Any]) -> None:
    run = Run(any_store, clock)
    for name, *arguments in steps:
        getattr(run, name)(*arguments)
    live = [item for sk in sorted(run.items, key=str.encode) if (item := run.held(sk))]
    assert any_store.query(run.pk) == live
    assert any_store.query(run.pk, "a") == [item for item in live if item["sk"].startswith("a")]
    assert any_store.get_many([(run.pk, sk) for sk in run.items]) == [run.held(sk) for sk in run.items]
