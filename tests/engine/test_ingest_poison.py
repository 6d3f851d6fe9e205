"""Messages that capture did not make: whatever is in one, it fails or is left out by itself, and costs no other."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import orjson
import pytest
import zstandard
from insights_engine.ingest import Ingest, Message
from insights_engine.queue import pack
from insights_engine.services import Services
from insights_engine.timing.columns import KIND

from tests.engine.test_ingest_pipeline import captured

Body = Callable[[Any], str]
HALF = b'"\\ud800"'


def packed(content: bytes) -> Body:
    return lambda project: "z1:" + base64.b64encode(zstandard.ZstdCompressor().compress(content)).decode()


def having(**fields: Any) -> Body:
    """An event as it should be, but for these."""
    return lambda project: pack([captured(project, **fields)])[0]


# What cannot be read comes again until it is set aside.
UNREADABLE: dict[str, Body] = {
    "no packing": lambda project: "hello",
    "no base64": lambda project: "z1:%%%",
    "no zstd": lambda project: "z1:AAAA",
    "cut off": lambda project: pack([captured(project)])[0][:-12],
    "no JSON": packed(b"{"),
    "nothing": packed(b""),
    **{
        f"JSON, {text}": packed(text.encode())
        for text in ('{"a": 1}', '"abc"', "null", "5", "[1, 2]", "[null]", "[[]]")
    },
    "half a character": lambda project: packed(orjson.dumps([captured(project)]).replace(b'"u"', HALF))(project),
    "properties that are pairs": having(properties=[[1, 2]]),
}
# An event of the right form that cannot be one is left out, and its message is done.
NO_EVENTS: dict[str, Body] = {
    **{
        f"{name} {value!r}": having(**{name: value})
        for name in ("event", "distinct_id")
        for value in (None, 5, [1], {})
    },
    **{f"uuid {value!r}": having(uuid=value) for value in (None, 5, "", "x", [1])},
    **{f"timestamp {value!r}": having(timestamp=value) for value in (None, 5, "", "yesterday", {})},
    **{f"captured_at {value!r}": having(captured_at=value) for value in (None, 5, "soon")},
    **{f"properties {value!r}": having(properties=value) for value in (None, 5, "text", [1])},
    "no fields": lambda project: pack([{"token": project.token}])[0],
    "a load that was timed, without its figures": lambda project: pack([{"kind": KIND}])[0],
}
CASES = [(name, body, ["bad"]) for name, body in UNREADABLE.items()]
CASES += [(name, body, []) for name, body in NO_EVENTS.items()]


@pytest.mark.parametrize("place", [0, 2, 4])
@pytest.mark.parametrize(("body", "failed"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_poison_message_costs_no_other(
    project: Any, services: Services, body: Body, failed: list[str], place: int
) -> None:
    batch = [Message(f"m{n}", pack([captured(project, distinct_id=f"u{n}")])[0]) for n in range(4)]
    batch.insert(place, Message("bad", body(project)))
    outcome = Ingest(services).batch(batch)
    assert (outcome.failed, outcome.stored, outcome.refused) == (failed, 4, 1 - len(failed))
    assert project.rows("SELECT distinct_id FROM events WHERE {p} ORDER BY 1") == [(f"u{n}",) for n in range(4)]


def test_what_was_decided_in_company_of_a_poison_message_is_copied(project: Any, services: Services) -> None:
    """The persons of the whole batch are in the policies store by the time that the poison is found."""
    said = {"$anon_distinct_id": "visitor", "$set": {"plan": "free"}}
    batch = [
        Message("first", pack([captured(project, distinct_id="visitor")])[0]),
        Message("second", pack([captured(project, "$identify", "user", properties=said)])[0]),
        Message("bad", having(properties=[[1, 2]])(project)),
    ]
    assert Ingest(services).batch(batch).failed == ["bad"]
    persons = project.rows(
        "SELECT distinct_id, toString(p.properties.plan) FROM person_distinct_ids AS d FINAL "
        "JOIN persons AS p FINAL ON p.project = d.project AND p.person = d.person WHERE d.{p} ORDER BY 1"
    )
    assert persons == [("u", ""), ("user", "free"), ("visitor", "free")]
