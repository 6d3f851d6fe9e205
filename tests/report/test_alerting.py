"""Alerts whose time has come: what a check finds in the events, what it changes, and who is told, once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from insights_acl.accounts import update_user
from insights_acl.members import remove_member
from insights_acl.memberships import memberships_of
from insights_acl.models import moment
from insights_api import agenda, deliveries
from insights_api.alert_checks import Rule, narrowed
from insights_api.alert_firing import begin_check
from insights_engine.clickhouse import ClickHouse
from insights_engine.errors import Overloaded
from insights_engine.kinds import parse_node
from insights_engine.queue.sqlite import SqliteQueue
from insights_engine.store import StoreUnavailable
from insights_engine.trend.answer import answer
from insights_local.stack import Stack
from insights_report.alerting import KEPT_CHECKS, RETRIES, check

from tests.api.boards import Office, made, read
from tests.api.world import World
from tests.report.watching import DAY, EVENTS, NOW, ONGOING, TREND, VALUES, VIEW, Watch, bounds, queued

BOTH = pytest.mark.parametrize("world", ["sqlite", "dynamodb"], indirect=True)


@pytest.fixture(scope="module", params=["sqlite"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """With a queue of reports that nobody reads: the tests do."""
    tables: dict[str, str] = {}
    if request.param == "dynamodb":
        make = request.getfixturevalue("dynamo_table")
        tables = {kind: make(kind) for kind in ("policies", "results")}
    with Stack(**tables) as stack:
        stack.services.reports = SqliteQueue(tmp_path_factory.mktemp("reports") / "reports.db")
        yield World.of(stack)


@pytest.fixture(scope="module")
def project(world: World) -> Any:
    """With the events; every alert is about an insight of its own."""
    found = world.new_project()
    world.stack.load(found.project.id, [], [], EVENTS)
    return found


@pytest.fixture
def watch(world: World, project: Any) -> Watch:
    return Watch(Office(world, project))


@BOTH
def test_a_crossing_is_told(watch: Watch) -> None:
    queued(watch.make().services)
    alert = watch.check()
    assert (alert["state"], alert["last_value"], alert["last_checked_at"]) == ("Firing", 3, moment(NOW))
    assert alert["last_notified_at"] == moment(NOW)
    (noted,) = alert["checks"]
    said = "The value of view for the previous day (3) is above the upper bound (2)."
    assert (noted["state"], noted["calculated_value"], noted["message"]) == ("Firing", 3, said)
    assert (noted["targets_notified"], noted["error"]) == (True, None)
    (delivery,) = watch.told()
    email = watch.office.user("maker").email
    assert (delivery["target_type"], delivery["target_value"]) == ("email", email)
    assert (list(delivery["recipients"]), delivery["values"]) == ([email], {"message": said})
    (message,) = queued(watch.services)
    assert (message["kind"], message["project_id"]) == ("delivery", watch.project_id)
    found = deliveries.find(watch.services.policies, watch.project_id, message["id"])
    assert found is not None and found["id"] == delivery["id"]


def test_a_value_within_the_bounds_is_told_to_nobody(watch: Watch) -> None:
    alert = watch.make(threshold={"configuration": {"bounds": {"lower": 3, "upper": 3}}}).check()
    assert (alert["state"], alert["last_value"], alert["last_notified_at"]) == ("Not firing", 3, None)
    assert (alert["checks"][0]["targets_notified"], watch.told()) == (False, [])


def test_a_crossing_is_told_once_until_the_value_was_within_again(watch: Watch) -> None:
    watch.make()
    states, told = [], []
    for day, upper in enumerate((2, 2, 5, 2, 2)):
        watch.bound(upper=upper)
        states.append(watch.check(NOW + timedelta(minutes=day))["state"])
        told.append(len(watch.told()))
    assert states == ["Firing", "Firing", "Not firing", "Firing", "Firing"]
    assert told == [1, 1, 1, 2, 2]
    assert [one["targets_notified"] for one in watch.shown()["checks"]] == [False, True, False, False, True]


@pytest.mark.parametrize(("query", "values", "value", "said"), [v[1:] for v in VALUES], ids=[v[0] for v in VALUES])
def test_what_is_held_against_the_bounds(
    watch: Watch, query: dict[str, Any], values: dict[str, Any], value: float, said: str
) -> None:
    noted = watch.make(query, **values).check()["checks"][0]
    assert (noted["state"], noted["calculated_value"]) == ("Firing", value), noted
    assert said in noted["message"]


MATHS = ("total", "dau", "weekly_active", "monthly_active", "first_time_for_user", "avg_count_per_actor")


@pytest.mark.parametrize("math", MATHS)
@pytest.mark.parametrize("interval", ["hour", "day", "week", "month"])
def test_the_few_intervals_that_are_asked_for_have_the_values_of_the_whole(
    watch: Watch, math: str, interval: str
) -> None:
    series = {**VIEW, "math": math, "math_property": "price"}
    dates = {"date_from": "-90d"}
    query = parse_node("TrendsQuery", {**TREND, "series": [series], "interval": interval, "dateRange": dates})
    project, services = watch.office.project.project, watch.services
    rule = Rule.of({**watch.make(**ONGOING).stored(), "condition": {"type": "relative_increase"}})
    few = narrowed(rule, query, project, NOW)
    found, whole = (answer(one, project, services, NOW).result[0]["data"] for one in (few, query))
    assert len(found) == 2 < len(whole)
    assert found == whole[-2:]


def test_an_insight_of_the_older_form_is_asked_alike(watch: Watch) -> None:
    filters = {"insight": "TRENDS", "events": [{"id": "view"}], "date_from": "-90d", "compare": True}
    alert = watch.make(insight={"query": None, "filters": filters}).check()
    assert (alert["state"], alert["last_value"]) == ("Firing", 3)


def test_the_project_s_day_is_not_that_of_utc(world: World) -> None:
    """At ten in the evening in UTC the fourth has begun in Kiritimati, and the third is over."""
    project = world.new_project(timezone="Pacific/Kiritimati")
    world.stack.load(project.project.id, [], [], EVENTS)
    watch = Watch(Office(world, project)).make(**bounds(lower=1.5))
    alert = watch.check(NOW.replace(hour=22))
    assert (alert["last_value"], alert["state"]) == (1, "Firing")
    local = datetime.fromisoformat(alert["next_check_at"]).astimezone(project.project.zone)
    assert (local.date().isoformat(), local.hour) == ("2100-03-05", 1)


def test_the_next_check_has_the_only_place_in_the_agenda(watch: Watch) -> None:
    alert = watch.make(calculation_interval="hourly").check()
    following = datetime.fromisoformat(alert["next_check_at"])
    assert NOW < following <= NOW + timedelta(hours=1)
    assert watch.due_at() == [following]


def test_what_is_not_due_is_left_alone(watch: Watch) -> None:
    before = watch.make().check()
    check(watch.services, watch.project_id, watch.alert["id"], NOW)  # the same message once more
    assert watch.shown() == before
    read(watch.office.api()("PATCH", f"alerts/{watch.alert['id']}", json={"enabled": False}))
    check(watch.services, watch.project_id, watch.alert["id"], NOW + 99 * DAY)
    check(watch.services, watch.project_id, "00000000-0000-0000-0000-000000000000", NOW)
    check(watch.services, 999_999, watch.alert["id"], NOW)
    assert len(watch.shown()["checks"]) == 1


@BOTH
def test_of_many_checks_at_once_one_counts(watch: Watch) -> None:
    watch.make().become(next_check_at=moment(NOW))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: check(watch.services, watch.project_id, watch.alert["id"], NOW), range(6)))
    assert len(watch.shown()["checks"]) == 1
    assert len(watch.told()) == 1
    assert len(watch.due_at()) == 1


def test_a_change_during_a_check_is_what_counts(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check is made again, by the new bounds."""
    watch.make().become(next_check_at=moment(NOW))
    read_rows, seen = ClickHouse.read, []

    def changed_meanwhile(*args: Any, **kwargs: Any) -> Any:
        if not seen:
            seen.append(1)
            watch.bound(upper=99)
        return read_rows(*args, **kwargs)

    monkeypatch.setattr(ClickHouse, "read", changed_meanwhile)
    check(watch.services, watch.project_id, watch.alert["id"], NOW)
    assert (watch.shown()["state"], watch.told()) == ("Not firing", [])


def test_a_snoozed_alert_is_not_checked_until_then(watch: Watch) -> None:
    until = NOW + 3 * DAY
    watch.make().become(state="Snoozed", snoozed_until=moment(until))
    alert = watch.check()
    assert (alert["state"], alert["checks"], alert["snoozed_until"]) == ("Snoozed", [], moment(until))
    following = datetime.fromisoformat(alert["next_check_at"])
    assert until <= following < until + DAY
    alert = watch.check(following)
    assert (alert["snoozed_until"], len(alert["checks"])) == (None, 1)


def test_a_value_that_is_still_beyond_after_a_snooze_is_told_again(watch: Watch) -> None:
    watch.make().check()
    read(watch.office.api()("PATCH", f"alerts/{watch.alert['id']}", json={"snoozed_until": "2h"}))
    watch.become(snoozed_until=moment(NOW))
    assert watch.check(NOW + timedelta(minutes=1))["state"] == "Firing"
    assert len(watch.told()) == 2


def test_weekends_are_skipped(watch: Watch) -> None:
    saturday = NOW + 3 * DAY
    alert = watch.make(skip_weekend=True).check(saturday)
    assert (alert["checks"], alert["last_checked_at"]) == ([], None)
    assert datetime.fromisoformat(alert["next_check_at"]).weekday() == 0


def refusing(status: int) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise Overloaded("ClickHouse is unwell", status=status)

    return refuse


def test_what_cannot_be_computed_is_what_the_check_found(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.make().check()
    with monkeypatch.context() as patch:
        patch.setattr(ClickHouse, "read", refusing(512))
        alert = watch.check(NOW + timedelta(minutes=1))
        assert (alert["state"], alert["checks"][0]["error"]) == ("Errored", "ClickHouse is unwell")
        assert (alert["last_value"], alert["checks"][0]["calculated_value"]) == (3, None)
        watch.check(NOW + timedelta(minutes=2))
    alert = watch.check(NOW + timedelta(minutes=3))
    assert [one["state"] for one in alert["checks"]] == ["Firing", "Errored", "Errored", "Firing"]
    told = [one["values"]["message"] for one in watch.told()]  # the crossing was told before the failures
    assert told[0] == "The alert could not be checked: ClickHouse is unwell"
    assert len(told) == 2


def test_what_may_pass_is_tried_again_before_anybody_is_told(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.make().become(next_check_at=moment(NOW))
    number, at = watch.alert["id"], NOW
    monkeypatch.setattr(ClickHouse, "read", refusing(503))
    for minutes in RETRIES:
        check(watch.services, watch.project_id, number, at)
        assert watch.due_at() == [at + timedelta(minutes=minutes)]
        assert (watch.shown()["checks"], watch.shown()["next_check_at"]) == ([], moment(NOW))
        at += timedelta(minutes=minutes)
    check(watch.services, watch.project_id, number, at)
    assert (watch.shown()["state"], len(watch.told())) == ("Errored", 1)
    assert watch.due_at() == [datetime.fromisoformat(watch.shown()["next_check_at"])]
    assert watch.stored()["attempts"] == 0


def test_an_attempt_that_comes_to_a_value_is_like_the_first(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.make().become(next_check_at=moment(NOW))
    with monkeypatch.context() as patch:
        patch.setattr(ClickHouse, "read", refusing(504))
        check(watch.services, watch.project_id, watch.alert["id"], NOW)
    check(watch.services, watch.project_id, watch.alert["id"], NOW + timedelta(minutes=1))
    assert (watch.shown()["state"], len(watch.shown()["checks"]), len(watch.told())) == ("Firing", 1, 1)


def test_a_fault_of_our_own_shows_nothing_of_itself(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("password=hunter2")

    watch.make()
    monkeypatch.setattr(ClickHouse, "read", fault)
    assert watch.check()["checks"][0]["error"] == "A server error occurred."


def test_where_the_store_fails_the_message_comes_again(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.make().become(next_check_at=moment(NOW))

    def gone(*args: Any, **kwargs: Any) -> Any:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(type(watch.services.policies), "transact", gone)
        with pytest.raises(StoreUnavailable):
            check(watch.services, watch.project_id, watch.alert["id"], NOW)
    check(watch.services, watch.project_id, watch.alert["id"], NOW)
    assert watch.shown()["state"] == "Firing"


def test_an_alert_is_checked_as_its_author(watch: Watch) -> None:
    number = watch.make().stored()["insight"]
    office = watch.office
    alert = made(office.api("reader")("POST", "alerts", json={**_again(watch), "subscribed_users": []}))
    office.rule("insight", number, "none", "reader")
    theirs = Watch(office, alert)
    theirs.become(next_check_at=moment(NOW))
    check(theirs.services, theirs.project_id, alert["id"], NOW)
    assert (theirs.shown()["state"], theirs.told()) == ("Errored", [])
    assert "does not have viewer access" in theirs.shown()["checks"][0]["error"]
    assert watch.check()["state"] == "Firing"


def _again(watch: Watch) -> dict[str, Any]:
    item = watch.stored()
    return {name: item[name] for name in ("insight", "threshold", "condition")}


def test_who_has_left_or_may_not_see_the_insight_is_told_nothing(world: World, watch: Watch) -> None:
    office = watch.office
    users = [office.user(name) for name in ("maker", "reader", "leaver", "inactive", "outsider")]
    watch.make(subscribed_users=[user.id for user in users], target_type="email", target_value="team@example.com")
    office.rule("insight", watch.stored()["insight"], "none", "reader")
    remove_member(world.store, memberships_of(world.store, users[2])[0])
    update_user(world.store, replace(users[3], is_active=False))
    office.rule("project", watch.project_id, "none", "outsider")
    watch.check()
    (delivery,) = watch.told()
    assert list(delivery["recipients"]) == [users[0].email, "team@example.com"]
    assert watch.stored()["checks"][0]["targets_notified"]


def test_what_nobody_is_left_to_hear_is_not_said_to_have_been_told(world: World, watch: Watch) -> None:
    gone = watch.office.user("gone")
    watch.make(subscribed_users=[gone.id])
    update_user(world.store, replace(gone, is_active=False))
    watch.check()
    assert watch.told() == []
    alert = watch.stored()
    assert (alert["state"], alert["last_notified_at"], alert["checks"][0]["targets_notified"]) == (
        "Firing",
        None,
        False,
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"deleted": True}, "The insight was deleted."),
        (
            {"query": {"kind": "StickinessQuery", "series": [VIEW]}},
            "Alerts are about trends, and this insight asks a StickinessQuery",
        ),
        ({"query": None}, "asks nothing"),
        ({"query": {**TREND, "series": []}}, "counted from 0"),
    ],
    ids=["deleted", "another kind", "nothing", "no series"],
)
def test_an_insight_that_changed_is_said_once(watch: Watch, values: dict[str, Any], said: str) -> None:
    watch.make()
    read(watch.office.api()("PATCH", f"insights/{watch.alert['insight']['id']}", json=values))
    watch.check()
    alert = watch.check(NOW + timedelta(minutes=1))
    assert (alert["state"], len(watch.told())) == ("Errored", 1)
    assert said in alert["checks"][0]["error"]


def test_the_last_checks_are_kept(watch: Watch) -> None:
    watch.make().become(checks=[{"id": str(number)} for number in range(KEPT_CHECKS)])
    kept = watch.check()["checks"]
    assert (len(kept), kept[0]["state"], kept[1]["id"]) == (KEPT_CHECKS, "Firing", "0")


@BOTH
def test_a_due_alert_is_sent_to_a_worker_once_and_again_if_that_is_lost(watch: Watch) -> None:
    watch.make().become(next_check_at=moment(NOW))
    queued(watch.services)
    due = agenda.Entry(NOW, "alert", watch.project_id, watch.alert["id"])
    for _ in range(3):
        begin_check(watch.services, due, NOW + timedelta(seconds=1))
    assert queued(watch.services) == [{"kind": "alert", "project_id": watch.project_id, "id": watch.alert["id"]}]
    (again,) = watch.due_at()
    assert again > NOW
    begin_check(watch.services, agenda.Entry(again, "alert", watch.project_id, watch.alert["id"]), again)
    assert len(queued(watch.services)) == 1
    check(watch.services, watch.project_id, watch.alert["id"], again)
    assert (watch.shown()["state"], len(watch.due_at())) == ("Firing", 1)
    assert watch.due_at()[0] == datetime.fromisoformat(watch.shown()["next_check_at"])


def test_a_crossing_reaches_its_people(eventually: Any) -> None:
    """All of the way: a tick, the queue, the check, the delivery, the mail."""
    with Stack(site_url="https://insights.example.com") as stack:
        world = World.of(stack)
        project = world.new_project()
        now = stack.services.now()
        days = (now - DAY, now)  # of which one is over, also when midnight passes meanwhile
        stack.load(project.project.id, [], [], [{**EVENTS[0], "timestamp": f"{at.date()}T00:00:00Z"} for at in days])
        watch = Watch(Office(world, project)).make(**bounds(upper=0), calculation_interval="monthly")
        assert stack.tick() == {"sent": 1}
        outbox = stack.data_dir / "outbox"
        (mail,) = eventually(lambda: list(outbox.glob("*.eml")))
        text = mail.read_text("utf-8")
        assert watch.office.user("maker").email in text
        found = eventually(lambda: [one for one in watch.told() if one["status"] == "completed"])
        assert found[0]["content_snapshot"]["message"].startswith("The value of view for the previous day (1) is above")
        assert watch.shown()["state"] == "Firing"
        assert stack.tick() == {"sent": 0}
