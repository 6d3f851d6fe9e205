"""The bytes of a request to JSON: every packing that clients use, and no way to break it."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import lzstring
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from insights_engine.capture.decode import decode
from insights_engine.capture.errors import CaptureError
from insights_engine.capture.lz import decompress_base64
from insights_engine.capture.payload import Sender, read, read_v1
from insights_engine.queue import pack, unpack

CASES = json.loads((Path(__file__).parent.parent / "cases" / "capture_decode.json").read_text("utf-8"))
LIMIT = 1_000_000

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zstd": zstandard.compress,
    "base64": base64.b64encode,
    "lz64": lambda body: lzstring.LZString().compressToBase64(body.decode()).encode(),
    "form": lambda body: b"ip=1&data=" + quote_plus(body).encode(),
    "raw-form": lambda body: b"data=" + body,
    "lz64-form": lambda body: b"compression=lz64&data=" + quote_plus(body).encode(),
    "cut": lambda body: body[:-12],
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_body_is_read(case: dict[str, Any]) -> None:
    body = bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode()
    query = dict(case.get("query", {}))
    for packing in case.get("packing", []):
        if packing == "query":
            query["data"], body = body.decode(), b""
        else:
            body = PACKINGS[packing](body)
    content_type = case.get("content_type", "application/json")
    if "error" not in case:
        assert decode(body, content_type, query, LIMIT) == case["value"]
        return
    status, text = case["error"]
    with pytest.raises(CaptureError) as refused:
        decode(body, content_type, query, LIMIT)
    assert refused.value.status == status
    assert fnmatchcase(refused.value.text, text)


@pytest.mark.parametrize("packing", ["gzip", "zlib", "zstd", "lz64"])
def test_a_bomb_is_refused_while_it_unpacks(packing: str) -> None:
    body = PACKINGS[packing](b'["' + b"a" * (LIMIT + 10) + b'"]')
    with pytest.raises(CaptureError, match="maximum event size exceeded"):
        decode(body, "", {"compression": packing}, LIMIT)


def test_a_bomb_of_nested_packings_is_not_followed() -> None:
    body = b"[1]"
    for _ in range(20):
        body = gzip.compress(body)
    with pytest.raises(CaptureError, match="failed to parse request"):
        decode(body, "", {}, LIMIT)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "1" * 10_000])
def test_absurd_json_is_refused(text: str) -> None:
    with pytest.raises(CaptureError) as refused:
        decode(text.encode(), "", {}, LIMIT)
    assert refused.value.status == 400


def test_what_is_deep_becomes_text() -> None:
    body = b'{"token": "t", "event": "e", "distinct_id": "u", "properties": {"a": ' + b"[" * 800 + b"]" * 800 + b"}}"
    (event,) = read(decode(body, "", {}, LIMIT), Sender(now=datetime(2024, 1, 1, tzinfo=UTC)))
    assert unpack(pack([event])[0]) == [event]
    depth, value = 0, event["properties"]["a"]
    while isinstance(value, list):
        depth, value = depth + 1, value[0]
    assert depth < 100
    assert json.loads(value)


@given(st.text())
def test_lz64_is_what_lz_string_makes(text: str) -> None:
    units = text.encode("utf-16-le")  # lz-string counts in these
    text = "".join(chr(units[i] | units[i + 1] << 8) for i in range(0, len(units), 2))
    packed = lzstring.LZString().compressToBase64(text)
    assert decompress_base64(packed, LIMIT) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
FIELDS = ["event", "distinct_id", "properties", "token", "api_key", "timestamp", "offset", "uuid", "$set", "$unset"]
EVENT = st.dictionaries(st.sampled_from(FIELDS), JSON | st.just("x"), max_size=10)
UUID = "018cc251-f400-7f8a-856d-81dfa716481b"
# What an event has to have; the rest of it is as arbitrary.
NEEDED = {"event": "x", "distinct_id": "y", "token": "phc_a", "api_key": "phc_a", "uuid": UUID}
WHOLE = EVENT.map(lambda event: {**event, **NEEDED})
PAYLOAD = (
    EVENT | st.lists(EVENT, max_size=3) | st.fixed_dictionaries({"batch": st.lists(EVENT), "sent_at": JSON}) | JSON
)
TAKEN = WHOLE | st.lists(WHOLE, min_size=1, max_size=3) | st.fixed_dictionaries({"batch": st.lists(WHOLE, min_size=1)})


@settings(max_examples=200, deadline=None)
@given(st.binary(), st.text(), st.dictionaries(st.sampled_from(["data", "compression"]), st.text()))
def test_arbitrary_bytes_raise_only_capture_errors(body: bytes, content_type: str, query: dict[str, str]) -> None:
    try:
        decode(body, content_type, query, LIMIT)
    except CaptureError as error:
        assert error.status in (400, 401, 413)


@settings(max_examples=200, deadline=None)
@given(PAYLOAD | TAKEN, st.sampled_from(["plain", "gzip", "lz64"]))
def test_whatever_is_accepted_can_be_queued(payload: Any, packing: str) -> None:
    text = json.dumps(payload)
    body = text.encode() if packing == "plain" else PACKINGS[packing](text.encode())
    sender = Sender(now=datetime(2024, 1, 1, tzinfo=UTC))
    try:
        value = decode(body, "", {"compression": packing}, LIMIT)
        events = read(value, sender)
    except CaptureError:
        return
    assert [event for message in pack(events) for event in unpack(message)] == events


@settings(max_examples=200, deadline=None)
@given(PAYLOAD | TAKEN, st.text())
def test_the_newer_protocol_raises_only_capture_errors(payload: Any, authorization: str) -> None:
    for header in (authorization, "Bearer phc_a"):
        try:
            verdicts = read_v1(payload, header, Sender(now=datetime(2024, 1, 1, tzinfo=UTC)))
            assert len(verdicts.events) <= len(payload["batch"])
        except CaptureError as error:
            assert error.status in (400, 401)
