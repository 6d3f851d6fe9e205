"""The queue's consumer: messages in, rows in ClickHouse, each event once, and no message that costs another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import pytest
from insights_engine import keys
from insights_engine.ingest import Ingest, Message
from insights_engine.ingest.handler import handle_sqs
from insights_engine.ingest.identity import Identity
from insights_engine.ingest.persons import Link
from insights_engine.ingest.pipeline import SLICE_BYTES, slices
from insights_engine.ingest.writer import insert
from insights_engine.queue import pack, unpacked_size
from insights_engine.services import Services, use
from insights_engine.settings import Settings

AT = "2024-03-01T23:30:00+00:00"
Send = Callable[..., Any]


def captured(project: Any, name: str = "e", distinct_id: str = "u", **fields: Any) -> dict[str, Any]:
    """An event as capture queues it."""
    return {
        "token": project.token,
        "event": name,
        "distinct_id": distinct_id,
        "timestamp": AT,
        "uuid": str(uuid4()),
        "properties": {},
        "ip": "",
        "captured_at": project.services.now().isoformat(),
        **fields,
    }


def messages(*events: dict[str, Any]) -> list[Message]:
    return [Message(f"m{number}", body) for number, body in enumerate(pack(events))]


@pytest.fixture
def ingest(services: Services) -> Ingest:
    return Ingest(services)


def test_an_event_becomes_a_row(project: Any, ingest: Ingest) -> None:
    event = captured(project, "buy", "user", properties={"price": 9.5, "$session_id": "s"}, ip="192.0.2.1")
    assert ingest.batch(messages(event)).stored == 1
    (row,) = project.rows(
        "SELECT event, day, ts, toString(uuid), distinct_id, toFloat64(properties.price), properties.`$ip`::String, "
        "person, session != 0 FROM events WHERE {p}"
    )
    assert row == ("buy", date(2024, 3, 1), datetime(2024, 3, 1, 23, 30), event["uuid"], "user", 9.5, "192.0.2.1", 1, 1)


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", "2024-03-01"), ("Europe/Berlin", "2024-03-02"), ("America/New_York", "2024-03-01")]
)
def test_the_day_is_the_one_of_the_project_s_zone(new_project: Any, ingest: Ingest, zone: str, day: str) -> None:
    project = new_project(days_timezone=zone)
    ingest.batch(messages(captured(project)))
    assert project.rows("SELECT toString(day) FROM events WHERE {p}") == [(day,)]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+00:00", "1970-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
def test_times_at_the_ends_are_stored(new_project: Any, ingest: Ingest, at: str) -> None:
    project = new_project(days_timezone="America/New_York")
    assert ingest.batch(messages(captured(project, timestamp=at))).stored == 1
    assert len(project.rows("SELECT day FROM events WHERE {p}")) == 1


def test_a_message_delivered_twice_changes_nothing(project: Any, ingest: Ingest) -> None:
    batch = messages(
        captured(project, properties={"$set": {"a": 1}}), captured(project, "$identify", properties={"$set": {"a": 2}})
    )
    assert ingest.batch(batch).stored == 2
    before = project.rows("SELECT person, version FROM persons FINAL WHERE {p}")
    again = [Message(message.id, message.body, receive_count=2) for message in batch]
    assert (again_ := ingest.batch(again)).stored == 0
    assert again_.repeated == 2
    assert len(project.rows("SELECT 1 FROM events WHERE {p}")) == 2
    assert project.rows("SELECT person, version FROM persons FINAL WHERE {p}") == before


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        *((zone, AT) for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago")),
        *(
            ("UTC", at)
            for at in ("0001-01-01T00:00:00+00:00", "1970-01-02T00:00:00+00:00", "9999-12-31T23:59:59+00:00")
        ),
        ("Pacific/Pago_Pago", "1970-01-01T00:00:00+00:00"),
    ],
)
def test_a_repeat_is_found_by_its_day_wherever_that_begins(
    new_project: Any, ingest: Ingest, zone: str, at: str
) -> None:
    batch = messages(captured(project := new_project(days_timezone=zone), timestamp=at))
    assert ingest.batch(batch).stored == 1
    again = ingest.batch(batch)
    assert (again.stored, again.repeated) == (0, 1)
    assert len(project.rows("SELECT 1 FROM events WHERE {p}")) == 1


def test_one_uuid_of_two_events_is_of_both(project: Any, ingest: Ingest) -> None:
    """Some clients number each kind of event by itself."""
    event = captured(project)
    batch = messages(event, {**event, "event": "another"})
    assert ingest.batch(batch).stored == 2
    assert ingest.batch(batch).repeated == 2
    assert project.rows("SELECT event FROM events WHERE {p} ORDER BY event") == [("another",), ("e",)]


def test_a_uuid_counts_once_in_a_batch(project: Any, ingest: Ingest) -> None:
    event = captured(project)
    assert (
        ingest.batch(messages(event, {**event, "timestamp": "2024-03-01T23:30:05+00:00"}, captured(project))).stored
        == 2
    )


def test_a_message_that_cannot_be_read_fails_alone(project: Any, ingest: Ingest) -> None:
    good = messages(captured(project))[0]
    broken = [Message("bad", "not a message"), Message("worse", "z1:AAAA"), good]
    outcome = ingest.batch(broken)
    assert (outcome.failed, outcome.stored) == (["bad", "worse"], 1)


def test_a_batch_of_large_messages_is_as_one_by_one(new_project: Any, services: Services) -> None:
    ingest = Ingest(services, slice_bytes=1_000_000)
    stored = []
    for alone in (False, True):
        project = new_project()
        large = [
            Message(f"m{n}", pack([captured(project, f"e{n}", f"u{n % 2}", properties={"k": "v" * 300_000})])[0])
            for n in range(7)
        ]
        batch = [*large[:3], Message("bad", "z1:AAAA"), *large[3:]]
        assert len(list(slices(batch, 1_000_000))) == 3
        outcomes = [ingest.batch([message]) for message in batch] if alone else [ingest.batch(batch)]
        assert sum(outcome.stored for outcome in outcomes) == 7
        assert [name for outcome in outcomes for name in outcome.failed] == ["bad"]
        stored.append(
            project.rows("SELECT event, person, length(properties.k::String) FROM events WHERE {p} ORDER BY event")
        )
    assert stored[0] == stored[1]


@pytest.mark.parametrize(
    ("sizes", "limit", "expected"),
    [
        ([], 100, []),
        ([10], 1, [[10]]),
        ([60, 40, 10], 100, [[60, 40], [10]]),
        ([500, 10, 500, 500], 100, [[500], [10], [500], [500]]),
        ([10] * 5, 25, [[10, 10], [10, 10], [10]]),
        ([80, None, None, 20, 20], 100, [[80, None, None, 20], [20]]),
    ],
)
def test_slices_are_bounded_and_in_order(sizes: list[int | None], limit: int, expected: list[list[int | None]]) -> None:
    def message(size: int | None) -> Message:
        # `[{"k":"…"}]` is ten bytes with an empty text.
        return Message(str(size), "?" if size is None else pack([{"k": "v" * (size - 10)}])[0])

    batch = [message(size) for size in sizes]
    found = list(slices(batch, limit))
    assert [[message.id for message in part] for part in found] == [[str(size) for size in part] for part in expected]
    assert [message for part in found for message in part] == batch


def test_a_thousand_small_messages_that_unpack_to_megabytes_are_many_slices() -> None:
    body = pack([{"k": "v" * 8_000_000}])[0]
    assert len(body) < 2_000
    found = list(slices([Message(str(number), body) for number in range(1000)]))
    assert max(sum(unpacked_size(message.body) for message in part) for part in found) <= SLICE_BYTES
    assert sum(map(len, found)) == 1000


def test_events_of_an_unknown_token_vanish(project: Any, ingest: Ingest, caplog: pytest.LogCaptureFixture) -> None:
    """The log says so, without the token: whoever mistyped it was told 200."""
    outcome = ingest.batch(messages(captured(project, token="phc_unknown"), captured(project)))
    assert (outcome.failed, outcome.unknown, outcome.stored) == ([], 1, 1)
    (line,) = [record for record in caplog.records if "unknown token" in record.message]
    assert line.__dict__["events"] == 1
    assert "phc_unknown" not in str(line.__dict__)


def test_a_failing_clickhouse_fails_the_messages_and_nothing_is_lost(project: Any, ingest: Ingest) -> None:
    batch = messages(captured(project, "$identify", "user", properties={"$anon_distinct_id": "anon", "$set": {"a": 1}}))
    broken = Services(
        Settings.read(
            {
                "CLICKHOUSE_DSN": project.services.settings.clickhouse_dsn.replace("database=", "database=missing_"),
                "POLICIES_TABLE": project.services.settings.policies_table,
            }
        )
    )
    outcome = Ingest(broken).batch(batch)
    assert (outcome.failed, outcome.stored) == (["m0"], 0)
    assert ingest.batch([Message("m0", batch[0].body, receive_count=2)]).stored == 1
    assert project.rows("SELECT toInt64(properties.a), is_identified FROM persons FINAL WHERE {p}") == [(1, 1)]
    assert len(project.rows("SELECT 1 FROM person_distinct_ids FINAL WHERE {p}")) == 2


def test_persons_decided_by_a_consumer_that_died_are_copied_by_the_next(project: Any, ingest: Ingest) -> None:
    """The store knew of the merge, ClickHouse did not: the message comes again, and finds nothing left to merge."""
    ingest.batch(messages(captured(project, distinct_id="anon"), captured(project, distinct_id="user")))
    (merge,) = messages(captured(project, "$identify", "user", properties={"$anon_distinct_id": "anon"}))
    now = project.services.now()
    Identity(project.services.policies, project.id).resolve([Link("anon", "user", now.isoformat())], now)
    assert project.rows("SELECT person FROM person_merges WHERE {p}") == []
    ingest.batch([Message(merge.id, merge.body, receive_count=2)])
    assert project.rows("SELECT person, survivor FROM person_merges FINAL WHERE {p}") == [(1, 2)]
    assert project.rows("SELECT person FROM persons FINAL WHERE {p} AND is_deleted") == [(1,)]


def test_groups_are_numbered_by_first_use_and_a_sixth_type_is_left_out(project: Any, ingest: Ingest) -> None:
    kinds = ["company", "team", "plan", "region", "tier", "sixth"]
    events = [captured(project, properties={"$groups": {kind: f"{kind}-1"}}) for kind in kinds]
    ingest.batch(messages(*events))
    assert project.item()["group_types"] == kinds[:5]
    rows = project.rows("SELECT group0, group1, group2, group3, group4 FROM events WHERE {p}")
    assert sorted("".join(row) for row in rows) == sorted(["", *(f"{kind}-1" for kind in kinds[:5])])


def test_groupidentify_makes_and_changes_a_group(project: Any, ingest: Ingest) -> None:
    def change(**values: Any) -> dict[str, Any]:
        properties = {"$group_type": "company", "$group_key": "acme", "$group_set": values}
        return captured(project, "$groupidentify", properties=properties)

    ingest.batch(messages(change(name="Acme", seats=3)))
    ingest.batch(messages(change(seats=4), change(city="Bonn")))
    properties = "properties.name::String, toInt64(properties.seats), properties.city::String"
    select = f"SELECT type, key, {properties} FROM groups FINAL"
    assert project.rows(f"{select} WHERE {{p}}") == [(0, "acme", "Acme", 4, "Bonn")]


def test_a_personless_event_makes_no_person(project: Any, ingest: Ingest) -> None:
    ingest.batch(messages(captured(project, properties={"$process_person_profile": False, "$set": {"a": 1}})))
    assert project.rows("SELECT person FROM events WHERE {p}") == [(1,)]
    assert project.rows("SELECT person FROM persons WHERE {p}") == []
    ingest.batch(messages(captured(project)))
    assert project.rows("SELECT person, toString(properties) FROM persons WHERE {p}") == [(1, "{}")]


@pytest.mark.parametrize(
    ("settings", "properties", "expected"),
    [
        ({}, {}, "192.0.2.1"),
        ({}, {"$ip": "198.51.100.7"}, "198.51.100.7"),
        ({"anonymize_ips": True}, {"$ip": "198.51.100.7"}, None),
    ],
)
def test_the_sender_s_address(
    new_project: Any, ingest: Ingest, settings: dict[str, Any], properties: dict[str, Any], expected: str | None
) -> None:
    project = new_project(**settings)
    ingest.batch(messages(captured(project, ip="192.0.2.1", properties=properties)))
    assert project.rows("SELECT properties.`$ip`::Nullable(String) FROM events WHERE {p}") == [(expected,)]


def test_elements_become_a_chain(project: Any, ingest: Ingest) -> None:
    elements = [
        {"tag_name": "a", "$el_text": 'Say "hi"', "attr__class": "btn primary", "attr__href": "/x", "nth_child": 2},
        {"tag_name": "div", "nth_child": 1, "nth_of_type": 1},
    ]
    ingest.batch(
        messages(
            captured(project, "$autocapture", properties={"$elements": elements}),
            captured(project, "ready", properties={"$elements_chain": 'button:text="x"'}),
        )
    )
    assert project.rows("SELECT elements_chain FROM events WHERE {p} ORDER BY event") == [
        (
            'a.btn.primary:attr__class="btn primary"attr__href="/x"href="/x"nth-child="2"nth-of-type="0"'
            'text="Say \\"hi\\"";div:nth-child="1"nth-of-type="1"',
        ),
        ('button:text="x"',),
    ]
    assert project.rows("SELECT count() FROM events WHERE {p} AND toString(properties) LIKE '%elements%'") == [(0,)]


@pytest.mark.parametrize(
    "properties",
    [
        {"a.b": 1, "a": {"b": 2}, "a%2Eb": 3},
        {"": 1, " ": 2, ".": 3, "\x00": "\x00", "`": '"', "{x:String}": "\\"},
        {"$browser": {"name": "x"}, "$session_id": 5, "$os": [1], "$lib": None},
        {"mixed": [1, "a", None, {"b": [2]}, [3]], "big": 2**64 - 1, "small": -(2**63), "float": 1e308},
        {f"key {number}": number for number in range(2000)},
        {"k" * 50_000: "v" * 500_000},
    ],
    ids=["dots", "odd names", "odd types", "numbers", "many", "long"],
)
def test_odd_properties_are_stored(project: Any, ingest: Ingest, properties: dict[str, Any]) -> None:
    outcome = ingest.batch(messages(captured(project, properties=properties), captured(project)))
    assert (outcome.stored, outcome.refused, outcome.failed) == (2, 0, [])


def test_an_event_that_cannot_be_stored_costs_no_other(project: Any, ingest: Ingest) -> None:
    bad = [captured(project, uuid="none"), captured(project, timestamp="now"), captured(project, properties="?")]
    good = [captured(project) for _ in range(9)]
    outcome = ingest.batch(messages(*good[:4], *bad, *good[4:]))
    assert (outcome.stored, outcome.refused, outcome.failed) == (9, 3, [])


def test_what_clickhouse_refuses_is_found_among_the_rest(project: Any) -> None:
    good = b'{"project":%d,"event":"e","uuid":"0190a1b2-0000-7000-8000-00000000000%d","properties":{}}\n'
    lines = [good % (project.id, number) for number in range(8)]
    lines[2] = lines[2].replace(b"{}", b'{"a": NaN}')
    lines[7] = lines[7].replace(b"0190a1b2", b"x")
    refused = insert(project.services.clickhouse, "events", ("project", "event", "uuid", "properties"), lines)
    assert [place for place, _ in refused] == [2, 7]
    assert len(project.rows("SELECT 1 FROM events WHERE {p}")) == 6


def test_the_function_names_what_failed(project: Any) -> None:
    body = messages(captured(project))[0].body
    records = [
        {"messageId": "1", "body": body, "attributes": {"ApproximateReceiveCount": "1"}},
        {"messageId": "2", "body": "?"},
    ]
    with use(project.services):
        assert handle_sqs({"Records": records}, None) == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert len(project.rows("SELECT 1 FROM events WHERE {p}")) == 1


def test_a_project_made_after_its_token_was_asked_for_is_found(project: Any) -> None:
    clock = iter([0.0, 0.0, 4.0, 6.0, 6.0])
    ingest = Ingest(project.services, clock=lambda: next(clock))
    pk, sk = keys.project_token(project.token)
    owner = project.services.policies.get(pk, sk)
    project.services.policies.delete(pk, sk)
    assert ingest.batch(messages(captured(project))).unknown == 1
    project.services.policies.put(owner)
    assert ingest.batch(messages(captured(project))).unknown == 1
    assert ingest.batch(messages(captured(project))).stored == 1
