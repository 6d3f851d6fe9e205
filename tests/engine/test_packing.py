"""Events packed into messages: all of them, in order, in few messages, none over the limit."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insights_engine import queue
from insights_engine.queue import MAX_MESSAGE_BYTES, EventTooLarge, pack, unpack

MIB = MAX_MESSAGE_BYTES
NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(events=st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=5))
def test_events_come_back_as_they_were(events: list[dict[str, Any]]) -> None:
    bodies = pack(events)
    assert [event for body in bodies for event in unpack(body)] == events
    assert len(bodies) == bool(events)
    assert all(body.isascii() for body in bodies)


def _noise(size: int, seed: int = 0) -> str:
    """Text that does not compress: base64 of random bytes loses a quarter at best, and gains it back by base64."""
    return base64.b64encode(random.Random(seed).randbytes(size * 3 // 4)).decode()


@pytest.mark.parametrize(
    ("sizes", "most"),
    [
        ([1000] * 500, 1),
        ([1000] * 3000, 4),
        ([200_000] * 20, 7),
        ([900_000, 10, 900_000, 10], 4),
        ([10] * 50 + [1_000_000] + [10] * 50, 3),
        ([1_000_000] * 5, 5),
    ],
    ids=lambda value: str(sum(value)) if isinstance(value, list) else None,
)
def test_many_events_fill_few_messages_in_order(sizes: list[int], most: int) -> None:
    events = [{"n": n, "properties": {"text": _noise(size, n)}} for n, size in enumerate(sizes)]
    bodies = pack(events)
    assert [event for body in bodies for event in unpack(body)] == events
    assert max(map(len, bodies)) <= MIB
    assert -(-sum(sizes) // MIB) <= len(bodies) <= most


def test_a_message_stays_small_enough_to_unpack() -> None:
    events = [{"text": "x" * 1_000_000} for _ in range(40)]
    bodies = pack(events)
    assert [event for body in bodies for event in unpack(body)] == events
    assert max(len(json.dumps(unpack(body))) for body in bodies) <= queue.MAX_UNPACKED_BYTES
    assert len(pack([{"text": "x" * 20_000_000}])) == 1  # a single one cannot be divided


@pytest.mark.parametrize("place", [0, 1, 7])
def test_an_event_that_fills_more_than_a_message_is_named(place: int) -> None:
    events = [{"text": _noise(100_000, n)} for n in range(8)]
    events[place] = {"text": _noise(1_200_000)}
    with pytest.raises(EventTooLarge, match=f"Event {place} ") as error:
        pack(events)
    assert error.value.index == place


@pytest.mark.parametrize("body", ["", "[]", "z2:AAAA", "z1:!", "z1:AAAA"])
def test_what_is_not_a_message_is_an_error(body: str) -> None:
    with pytest.raises(ValueError):
        unpack(body)
