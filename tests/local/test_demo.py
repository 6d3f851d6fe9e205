"""The demo data: the same each time, within its range, and shaped like a product's."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from insights_engine.ingest import load
from insights_engine.sql import Sql
from insights_local import demo_world as world
from insights_local.demo import Demo, is_loaded, load_demo
from insights_local.demo_files import write_demo
from insights_local.demo_objects import OBJECTS, create_objects
from insights_local.stack import Stack

# A Wednesday, late: today has nearly all of its events.
NOW = datetime(2026, 6, 17, 22, 30, tzinfo=UTC)
PERSONS = 400


@pytest.fixture(scope="module")
def demo() -> Demo:
    return Demo(NOW, persons=PERSONS)


@pytest.fixture(scope="module")
def events(demo: Demo) -> list[dict[str, Any]]:
    return [event for batch in demo.batches() for event in batch.events]


def at(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["timestamp"])


def actors(events: list[dict[str, Any]], name: str) -> set[str]:
    return {event["distinct_id"] for event in events if event["event"] == name}


def test_the_same_moment_gives_the_same_rows() -> None:
    first, again = Demo(NOW, persons=150), Demo(NOW, persons=150)
    assert first.persons() == again.persons()
    assert first.groups() == again.groups()
    assert list(first.batches()) == list(again.batches())


def test_a_load_can_go_on_at_any_batch(demo: Demo) -> None:
    first, second, *_ = demo.batches()
    assert next(demo.batches(first.visits_after)) == second


def test_another_moment_gives_other_days(events: list[dict[str, Any]]) -> None:
    later = next(Demo(NOW + timedelta(days=1), persons=PERSONS).batches())
    assert later.events[0]["timestamp"][:10] == "2026-03-21"
    assert events[0]["timestamp"][:10] == "2026-03-20"


@pytest.mark.parametrize("now", [NOW, NOW.replace(hour=0, minute=0, second=1), datetime(2024, 2, 29, 11, tzinfo=UTC)])
def test_events_are_of_ninety_days_and_none_is_in_the_future(now: datetime) -> None:
    made = Demo(now, persons=200)
    times = [at(event) for batch in made.batches() for event in batch.events]
    first_day = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=89)
    assert first_day <= min(times) < first_day + timedelta(days=1)
    assert now - timedelta(hours=14) < max(times) <= now
    assert all(datetime.fromisoformat(person["created_at"]) <= now for person in made.persons())


@pytest.mark.parametrize("now", [NOW, datetime(2027, 1, 4, 0, 5, tzinfo=UTC)])
def test_the_full_size_is_as_promised(now: datetime) -> None:
    """By the events of the first visits, because making all takes seconds."""
    full = Demo(now)
    assert len(full.persons()) == 5000
    first = next(full.batches())
    assert full.visits * len(first.events) / first.visits_after > 310_000


def test_there_are_over_sixty_events_a_person(events: list[dict[str, Any]]) -> None:
    assert len(events) > 60 * PERSONS


def test_ids_are_unique_and_sessions_are_of_one_visit(events: list[dict[str, Any]]) -> None:
    assert len({event["uuid"] for event in events}) == len(events)
    sessions = {event["properties"]["$session_id"] for event in events if "$session_id" in event["properties"]}
    assert {UUID(session).version for session in sessions} == {7}
    assert 5 < len(events) / len(sessions) < 12


def test_every_event_has_its_person(demo: Demo, events: list[dict[str, Any]]) -> None:
    ids = [i for person in demo.persons() for i in person["distinct_ids"]]
    assert len(ids) == len(set(ids))
    assert {event["distinct_id"] for event in events} <= set(ids)


def test_persons_have_what_breakdowns_and_cohorts_ask_for(demo: Demo) -> None:
    members = [person["properties"] for person in demo.persons() if person["is_identified"]]
    assert PERSONS * 0.45 < len(members) < PERSONS * 0.7
    assert all(member["email"].endswith("@mail.example") and member["role"] for member in members)
    plans = Counter(member["plan"] for member in members)
    assert set(plans) <= {"free", *(plan.name for plan in world.PLANS)}
    assert 0.6 < plans["free"] / len(members) < 0.95


def test_eight_custom_events_come_with_page_views(events: list[dict[str, Any]]) -> None:
    names = Counter(event["event"] for event in events)
    of_the_browser = {"$pageview", "$pageleave", "$identify", "$autocapture"}
    assert of_the_browser <= set(names)
    assert len(set(names) - of_the_browser) == 8
    assert names["$pageview"] > len(events) / 2
    assert all(event["properties"]["$current_url"] for event in events if event["event"] == "$pageview")


def test_every_milestone_is_reached_by_fewer_people(events: list[dict[str, Any]]) -> None:
    """Of those who signed up inside the window, so that earlier members do not count."""
    signed_up = actors(events, "signed_up")
    reached = [len(signed_up & actors(events, milestone)) for milestone in world.MILESTONES]
    assert reached == sorted(reached, reverse=True)
    assert len(set(reached)) == len(reached)
    assert reached[-1] > 0


def test_milestones_come_in_their_order(events: list[dict[str, Any]]) -> None:
    first: dict[tuple[str, str], datetime] = {}
    for event in events:
        if event["event"] in world.MILESTONES:
            key = (event["distinct_id"], event["event"])
            first[key] = min(at(event), first.get(key, at(event)))
    names = list(world.MILESTONES)
    for (person, name), when in first.items():
        earlier = [first[person, before] for before in names[: names.index(name)] if (person, before) in first]
        assert all(moment <= when for moment in earlier)


def test_fewer_come_back_in_later_weeks(events: list[dict[str, Any]]) -> None:
    signed_up = {event["distinct_id"]: at(event) for event in events if event["event"] == "signed_up"}
    old_enough = {person for person, when in signed_up.items() if when < NOW - timedelta(weeks=7)}
    returned: dict[int, set[str]] = {}
    for event in events:
        if event["distinct_id"] in old_enough:
            week = (at(event) - signed_up[event["distinct_id"]]).days // 7
            returned.setdefault(week, set()).add(event["distinct_id"])
    shares = [len(returned.get(week, ())) / len(old_enough) for week in (0, 1, 3, 6)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1
    assert 0.15 < shares[-1] < 0.75


def test_weekends_are_quiet_and_the_product_grows(events: list[dict[str, Any]]) -> None:
    days = Counter(at(event).date() for event in events)
    weekend = [count for day, count in days.items() if day.weekday() >= 5]
    midweek = [count for day, count in days.items() if 1 <= day.weekday() <= 3]
    assert sum(weekend) / len(weekend) < 0.6 * sum(midweek) / len(midweek)
    weeks = [sum(days[NOW.date() - timedelta(days=week * 7 + n)] for n in range(7)) for week in range(12)]
    assert sum(weeks[:4]) > 1.3 * sum(weeks[-4:])


def test_visitors_identify_and_keep_their_earlier_visits(demo: Demo, events: list[dict[str, Any]]) -> None:
    of_person = {i: number for number, person in enumerate(demo.persons()) for i in person["distinct_ids"]}
    identified = [event for event in events if event["event"] == "$identify"]
    assert len(identified) > PERSONS / 10
    for event in identified:
        assert of_person[event["properties"]["$anon_distinct_id"]] == of_person[event["distinct_id"]]
    devices = Counter(person["is_identified"] and len(person["distinct_ids"]) for person in demo.persons())
    assert devices[2] > devices[3] > 0


@pytest.mark.parametrize(
    ("name", "least"),
    [("$browser", 5), ("$os", 5), ("$geoip_country_code", 9), ("$referring_domain", 6), ("utm_source", 3)],
)
def test_properties_have_values_to_break_down_by(events: list[dict[str, Any]], name: str, least: int) -> None:
    assert len({event["properties"].get(name) for event in events} - {None}) >= least


def test_money_comes_in_and_grows(events: list[dict[str, Any]]) -> None:
    paid = [event for event in events if event["event"] == "subscription_paid"]
    assert {event["properties"]["amount"] for event in paid} <= {plan.monthly_amount for plan in world.PLANS}
    halves = Counter(at(event) > NOW - timedelta(days=45) for event in paid)
    assert halves[True] > halves[False] > 0


def test_members_act_for_their_organization(demo: Demo, events: list[dict[str, Any]]) -> None:
    known = {group["key"] for group in demo.groups()}
    assert all(group["type"] == "organization" and group["properties"]["industry"] for group in demo.groups())
    used = [event["groups"]["organization"] for event in events if "groups" in event]
    assert set(used) <= known
    assert len(used) > len(events) / 2


def test_a_written_demo_is_the_same_rows(tmp_path: Path, demo: Demo, events: list[dict[str, Any]]) -> None:
    assert write_demo(tmp_path, now=NOW, persons=PERSONS, on_progress=lambda done, total: None) == len(events)
    for name, rows in (("persons", demo.persons()), ("groups", demo.groups()), ("events", events)):
        assert [json.loads(line) for line in (tmp_path / f"{name}.jsonl").open()] == rows


@pytest.fixture(scope="module")
def stack() -> Any:
    with Stack() as stack:
        yield stack


def stored(stack: Stack, project_id: int) -> tuple[int, int, int]:
    query = Sql(
        "SELECT count(), uniqExact(uuid), uniqExact(person) FROM events WHERE project = {p:UInt32}", p=project_id
    )
    rows, ids, persons = stack.services.clickhouse.read(query, project_id=project_id).rows[0]
    return rows, ids, persons


def new_project(stack: Stack) -> int:
    from insights_acl import accounts

    store, now = stack.services.policies, stack.services.now()
    organization = accounts.find_organization(store, stack.organization_id)
    assert organization is not None
    return accounts.create_project(store, organization, "demo", now=now).project.id


def test_loading_twice_loads_once(stack: Stack) -> None:
    project_id, seen = new_project(stack), []
    count = load_demo(
        stack.services, project_id, now=NOW, persons=120, on_progress=lambda done, total: seen.append((done, total))
    )
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1]
    assert is_loaded(stack.services, project_id)
    assert load_demo(stack.services, project_id, now=NOW + timedelta(days=2), persons=500) == count
    rows, ids, persons = stored(stack, project_id)
    assert rows == ids == count
    assert persons <= 120


def test_a_load_that_was_cut_in_a_batch_is_completed_and_not_doubled(stack: Stack) -> None:
    project_id = new_project(stack)

    class Killed(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        load_demo(stack.services, project_id, now=NOW, persons=120, on_progress=stop)
    demo = Demo(NOW, persons=120)
    first = next(demo.batches())
    load(stack.services, project_id, persons=demo.persons()[:50], events=first.events[: len(first.events) // 2])

    count = load_demo(stack.services, project_id, now=NOW + timedelta(hours=5))
    assert count == sum(len(batch.events) for batch in demo.batches())
    assert stored(stack, project_id)[:2] == (count, count)


def test_the_demo_cohort_and_actions_are_made_once(stack: Stack) -> None:
    create_objects(stack)
    create_objects(stack)
    import httpx

    async def names(resource: str) -> list[str]:
        transport = httpx.ASGITransport(stack.app)
        headers = {"Authorization": f"Bearer {stack.admin_key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            answer = await client.get(f"/api/projects/{stack.project_id}/{resource}/")
            return sorted(found["name"] for found in answer.json()["results"])

    import asyncio

    for resource in ("cohorts", "actions"):
        assert asyncio.run(names(resource)) == sorted(body["name"] for kind, body in OBJECTS if kind == resource)
