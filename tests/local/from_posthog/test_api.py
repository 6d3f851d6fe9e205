"""`insights move-in`: what comes from a PostHog project, what cannot, and that it may be run again."""

from __future__ import annotations

import pytest
from insights_local.posthog.moving import Move
from insights_local.stack import Stack

from tests.local.from_posthog.conftest import ALL, IN_COHORT_11, Here, move, said
from tests.local.from_posthog.server import (
    PostHog,
    Row,
    action,
    cohort,
    dashboard,
    event_node,
    insight,
    leaf,
    question,
)


def test_objects_come_with_their_new_numbers(shop: PostHog, here: Here) -> None:
    outcomes = move(shop, here)
    assert said(outcomes) == {
        "cohort 11": "created",
        "cohort 12": "created",
        "action 21": "created",
        "dashboard 31": "created",
        "insight 41": "created",
        "insight 42": "created",
        "insight 43": "created",
        "insight 44": "cannot",
    }
    new = {name: one.new for name, one in outcomes.items()}
    inner = here.get("cohorts", "Paying, not new")["filters"]["properties"]["values"][0]["values"]
    assert (inner[0]["value"], inner[1]["key"]) == (new["cohort 11"], "plan")
    everything = here.get("insights", "Everything")
    source = everything["query"]["source"]
    assert source["series"][0]["properties"][0]["value"] == new["cohort 11"]
    assert source["series"][1]["id"] == new["action 21"]
    assert source["breakdownFilter"]["breakdown"] == [new["cohort 11"], str(new["cohort 12"]), "all"]
    assert (everything["favorited"], everything["saved"], everything["tags"][0]) == (True, True, "weekly")
    older = here.stack.services.policies.query(f"PROJECT#{here.id}#INSIGHT")
    assert [one["filters"]["actions"][0]["id"] for one in older if one["filters"]] == [str(new["action 21"])]
    (unnamed,) = [row for row in here.api.rows("insights") if row["name"] is None]
    assert unnamed["query"]["source"]["series"][0]["math_hogql"].endswith(f"IN COHORT {new['cohort 11']})")
    step = here.get("actions", "Saw the prices")["steps"][0]
    assert (step["url"], step["event"]) == ("/pricing", "$pageview")


def test_dashboards_come_with_their_texts_and_places(shop: PostHog, here: Here) -> None:
    outcomes = move(shop, here)
    board = here.get("dashboards", "Board")
    assert (board["pinned"], board["filters"]["properties"][0]["value"]) == (True, outcomes["cohort 11"].new)
    text, tile = sorted(board["tiles"], key=lambda tile: tile["insight"] is not None)
    assert (text["text"]["body"], text["layouts"]["sm"]["y"]) == ("Read me", 9)
    assert (tile["insight"]["name"], tile["layouts"]["sm"]["x"], tile["color"]) == ("Everything", 6, "blue")
    assert outcomes["insight 42"].words == "not on all of its dashboards: they are not here"


def test_a_second_run_doubles_nothing(shop: PostHog, here: Here) -> None:
    first = move(shop, here)
    again = move(shop, here)
    assert {status for name, status in said(again).items() if name != "insight 44"} == {"there"}
    assert {name: one.new for name, one in again.items()} == {name: one.new for name, one in first.items()}
    assert [len(list(here.api.rows(route))) for route in ALL] == [2, 1, 1, 3]


def test_a_later_run_brings_what_is_new_and_with_update_what_changed(shop: PostHog, here: Here) -> None:
    first = move(shop, here, "cohorts", "actions")
    shop.lists["cohorts"][1]["name"] = "Customers"
    shop.lists["cohorts"].append(cohort(13, "New", leaf()))
    assert said(move(shop, here, "cohorts")) == {"cohort 12": "there", "cohort 11": "there", "cohort 13": "created"}
    assert "Customers" not in here.rows("cohorts")
    assert said(move(shop, here, update=True))["cohort 11"] == "updated"
    assert here.rows("cohorts")["Customers"]["id"] == first["cohort 11"].new
    # References go to what earlier runs moved.
    source = here.get("insights", "Everything")["query"]["source"]
    assert source["series"][1]["id"] == first["action 21"].new
    move(shop, here, update=True)
    assert len(here.get("dashboards", "Board")["tiles"]) == 2


def test_an_update_leaves_alone_what_was_made_of_it_here(shop: PostHog, here: Here) -> None:
    """The dashboard that it was put on, and a copy, which has its tags."""
    first = move(shop, here)["insight 41"].new
    own = here.api.post("dashboards", {"name": "Own"})
    moved = here.get("insights", "Everything")
    here.api.patch(f"insights/{first}", {"dashboards": [*moved["dashboards"], own["id"]]})
    copy = here.api.post("insights", {"name": "Copy", "saved": True, "query": moved["query"], "tags": moved["tags"]})
    assert move(shop, here, update=True)["insight 41"].new == first
    assert set(here.get("insights", "Everything")["dashboards"]) == {*moved["dashboards"], own["id"]}
    assert here.rows("insights")["Copy"]["id"] == copy["id"]


def test_a_dry_run_says_the_same_and_writes_nothing(shop: PostHog, here: Here) -> None:
    shop.lists["cohorts"].append(cohort(14, "Of none", {**IN_COHORT_11, "value": 77}))
    dry = move(shop, here, dry_run=True)
    assert all(one.new is None for one in dry.values())
    assert [list(here.api.rows(route)) for route in ALL] == [[], [], [], []]
    real = move(shop, here)
    assert [(name, one.status, one.words) for name, one in dry.items()] == [
        (name, one.status, one.words) for name, one in real.items()
    ]


CANNOT: dict[str, tuple[str, Row, str]] = {
    "behaviour": (
        "cohorts",
        cohort(
            1, "Did it", {"key": "$pageview", "type": "behavioral", "value": "performed_event", "event_type": "events"}
        ),
        "Filters on what people did (behavioral) are not supported yet.",
    ),
    "a query": ("cohorts", cohort(1, "By query", query={"kind": "HogQLQuery"}), "Cohorts from a query are not"),
    "nothing asked of a cohort": ("cohorts", cohort(1, "Empty", filters={}), "It has no filters."),
    "a cohort that is gone": ("cohorts", cohort(1, "Of 77", {**IN_COHORT_11, "value": 77}), "it names cohort 77,"),
    "a loop": ("cohorts", cohort(1, "Of itself", {**IN_COHORT_11, "value": 1}), "it names cohort 1, which is not here"),
    "a regular expression": (
        "actions",
        action(1, "Backwards", steps=[{"event": "e", "url": "(?<=a)b", "url_matching": "regex"}]),
        "",
    ),
    "a kind that is not here": (
        "insights",
        insight(1, "Web", {"kind": "WebOverviewQuery"}),
        '"WebOverviewQuery" is not known',
    ),
    "a statement that is no SELECT": (
        "insights",
        insight(1, "SQL", {"kind": "HogQLQuery", "query": "DROP TABLE events"}),
        "only SELECT is answered",
    ),
    "no question": ("insights", insight(1, "Nothing", None), "It asks nothing."),
    "an action that is gone": (
        "insights",
        insight(1, "Of 5", question({"kind": "ActionsNode", "id": 5})),
        "it names action 5, which is not here",
    ),
    "flat filters": ("insights", insight(1, "Odd", None, filters={"insight": "MAGIC"}), "MAGIC"),
    "filters of a dashboard": (
        "dashboards",
        dashboard(1, "Hourly", filters={"interval": "hour"}),
        "filters.interval is not known",
    ),
}


@pytest.mark.parametrize("name", CANNOT)
@pytest.mark.parametrize("dry_run", [True, False])
def test_what_cannot_be_moved_is_named_with_the_reason(posthog: PostHog, here: Here, name: str, dry_run: bool) -> None:
    route, row, words = CANNOT[name]
    posthog.lists[route] = [row]
    (outcome,) = move(posthog, here, dry_run=dry_run).values()
    assert (outcome.status, outcome.new) == ("cannot", None)
    assert words in outcome.words
    assert outcome.words
    assert list(here.api.rows(route)) == []


def test_cohorts_in_a_loop(posthog: PostHog, here: Here) -> None:
    posthog.lists["cohorts"] = [
        cohort(1, "A", {**IN_COHORT_11, "value": 2}),
        cohort(2, "B", {**IN_COHORT_11, "value": 1}),
    ]
    assert {one.words for one in move(posthog, here).values()} == {"it names another cohort in a loop"}


def test_an_action_of_the_same_name(posthog: PostHog, here: Here) -> None:
    """It is the same one where its steps are: names of actions are unique here."""
    own = here.api.post("actions", {"name": "Saw", "steps": [{"event": "$pageview"}]})
    other = here.api.post("actions", {"name": "Read", "steps": [{"event": "read"}]})
    posthog.lists["actions"] = [
        action(1, "Saw", steps=[{"event": "$pageview", "url": None, "properties": []}]),
        action(2, "Read"),
    ]
    posthog.lists["insights"] = [insight(3, "Seen", question({"kind": "ActionsNode", "id": 1}))]
    outcomes = move(posthog, here)
    assert (outcomes["action 1"].status, outcomes["action 1"].new) == ("there", own["id"])
    assert outcomes["action 2"].words == f"action {other['id']} has this name here, and other steps"
    assert here.get("insights", "Seen")["query"]["source"]["series"][0]["id"] == own["id"]


@pytest.fixture
def listed(posthog: PostHog, here: Here) -> PostHog:
    """A static cohort of 25 people, of whom 20 are known here."""
    posthog.lists["cohorts"] = [cohort(1, "Beta", is_static=True, filters={}, description="Testers")]
    posthog.people[1] = [{"id": number, "distinct_ids": [f"p{number}", f"anonymous{number}"]} for number in range(25)]
    here.stack.load(here.id, persons=[{"distinct_ids": [f"p{number}"], "properties": {}} for number in range(20)])
    posthog.most = 10
    return posthog


def test_a_list_of_people(listed: PostHog, here: Here) -> None:
    outcome = move(listed, here)["cohort 1"]
    assert (outcome.status, outcome.words) == ("created", "20 of its 25 people are known here")
    found = here.get("cohorts", "Beta")
    assert (found["count"], found["is_static"], found["description"].splitlines()[0]) == (20, True, "Testers")


def test_a_list_of_people_that_was_broken_off_is_finished(
    listed: PostHog, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("insights_local.posthog.moving.PEOPLE_AT_ONCE", 4)

    class Killed(BaseException):
        pass

    inner, sent = here.api.patch, 0

    def patch(path: str, body: Row) -> Row:
        nonlocal sent
        sent += 1
        if sent == 3:
            raise Killed
        return inner(path, body)

    with monkeypatch.context() as patched:
        patched.setattr(here.api, "patch", patch)
        with pytest.raises(Killed):
            move(listed, here)
    assert 0 < here.get("cohorts", "Beta")["count"] < 20
    again = move(listed, here)["cohort 1"]
    assert (again.status, here.get("cohorts", "Beta")["count"]) == ("updated", 20)
    assert said(move(listed, here)) == {"cohort 1": "there"}
    assert len(list(here.api.rows("cohorts"))) == 1


def test_from_one_installation_of_this_product_to_another(stack: Stack, here: Here) -> None:
    """The lists of this API are PostHog's, so that it can be moved from as well."""
    there = Here(stack)
    people = there.api.post("cohorts", {"name": "P", "filters": cohort(1, "P", leaf())["filters"]})
    board = there.api.post("dashboards", {"name": "B"})
    seen = question(event_node(properties=[{**IN_COHORT_11, "value": people["id"]}]))
    there.api.post("insights", {"name": "I", "query": seen, "dashboards": [board["id"]], "saved": True})
    outcomes = list(Move(there.api, here.api).run(ALL))
    assert [(one.kind, one.status) for one in outcomes] == [
        ("cohort", "created"),
        ("dashboard", "created"),
        ("insight", "created"),
    ]
    assert here.get("dashboards", "B")["tiles"][0]["insight"]["name"] == "I"
