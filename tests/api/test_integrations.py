"""`/integrations`: a token goes in and never out again, and who may put one there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from insights_acl.models import StoredProject
from insights_api.integrations import find_integration
from insights_engine.log import logger

from tests.api.crew import Crew
from tests.api.world import Api, World
from tests.report.receiving import Answered, Receiver, hang_up, receiving

TOKEN = "xoxb-1111-2222-quartzlantern"
TEAM = {"ok": True, "team_id": "T01", "team": "Ann & Co", "url": "https://ann.slack.com/", "bot_id": "B01", "user": "x"}


@pytest.fixture
def slack(world: World) -> Iterator[Receiver]:
    """Slack, which knows every token."""
    services = world.stack.services
    before = services.settings
    with receiving() as receiver:
        receiver.answers = [(200, orjson.dumps(TEAM))]
        services.settings = replace(before, slack_api_url=f"{receiver.url}/api")
        yield receiver
    services.settings = before


def posted(token: str = TOKEN) -> dict[str, Any]:
    return {"kind": "slack", "config": {"bot_token": token}}


def test_one_is_made_read_listed_and_removed(slack: Receiver, api: Api, world: World) -> None:
    made = api("POST", "integrations/", json=posted())
    assert made.status_code == 201
    shown = made.json()
    assert {name: shown[name] for name in ("kind", "display_name", "config", "errors")} == {
        "kind": "slack",
        "display_name": "Ann & Co",
        "config": {"id": "T01", "name": "Ann & Co", "url": "https://ann.slack.com/", "bot_id": "B01"},
        "errors": "",
    }
    assert isinstance(shown["id"], int)
    (asked,) = slack.received
    assert (asked.target, asked.headers["authorization"]) == ("/api/auth.test", f"Bearer {TOKEN}")
    one = api("GET", f"integrations/{shown['id']}/")
    listed = api("GET", "integrations")
    assert (one.json(), listed.json()["results"], listed.json()["count"]) == (shown, [shown], 1)
    activity = api("GET", "activity_log")
    assert [(e["activity"], e["scope"]) for e in activity.json()["results"]] == [("created", "integration")]
    assert not any(TOKEN in answer.text for answer in (made, one, listed, activity))

    stored = find_integration(world.store, api.project_id, shown["id"])
    assert stored is not None and stored["sensitive_config"] == {"bot_token": TOKEN}

    gone = api("DELETE", f"integrations/{shown['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert find_integration(world.store, api.project_id, shown["id"]) is None
    for method in ("GET", "DELETE"):
        assert api(method, f"integrations/{shown['id']}").status_code == 404
    assert api("GET", "integrations").json()["results"] == []


def test_a_new_token_of_the_same_team_takes_the_place_of_the_other(slack: Receiver, api: Api, world: World) -> None:
    first = api("POST", "integrations", json=posted()).json()
    second = api("POST", "integrations", json=posted("xoxb-3333-4444-another")).json()
    assert second == first
    stored = find_integration(world.store, api.project_id, first["id"])
    assert stored is not None and stored["sensitive_config"] == {"bot_token": "xoxb-3333-4444-another"}
    slack.answers = [(200, orjson.dumps(TEAM | {"team_id": "T02", "team": "Other"}))]
    third = api("POST", "integrations", json=posted()).json()
    assert [one["id"] for one in api("GET", "integrations").json()["results"]] == [third["id"], first["id"]]
    assert api("GET", "integrations?kind=slack").json()["count"] == 2
    assert api("GET", "integrations?kind=teams").json()["count"] == 0


@pytest.mark.parametrize(
    "answer", [hang_up, (500, b""), (429, b""), (200, b"<html>")], ids=["no answer", "500", "429", "a page"]
)
def test_where_slack_does_not_answer_the_team_is_unknown(slack: Receiver, api: Api, answer: Answered) -> None:
    slack.answers = [answer]
    made = api("POST", "integrations", json=posted())
    assert (made.status_code, made.json()["display_name"], made.json()["config"]) == (201, "Slack", {})


def test_a_token_that_slack_does_not_take(slack: Receiver, api: Api) -> None:
    slack.answers = [(200, b'{"ok": false, "error": "invalid_auth"}')]
    answer = api("POST", "integrations", json=posted())
    assert (answer.status_code, answer.json()["attr"]) == (400, "config__bot_token")
    assert "invalid_auth" in answer.json()["detail"] and TOKEN not in answer.text
    assert api("GET", "integrations").json()["count"] == 0


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({}, "kind", "required"),
        ({"kind": "slak", "config": {}}, "kind", "invalid_choice"),
        ({"kind": None, "config": {}}, "kind", "invalid_choice"),
        ({"kind": "slack"}, "config", "required"),
        ({"kind": "slack", "config": None}, "config", "null"),
        ({"kind": "slack", "config": []}, "config", "not_a_dict"),
        ({"kind": "slack", "config": {}}, "config__bot_token", "required"),
        (posted(""), "config__bot_token", "blank"),
        ({"kind": "slack", "config": {"bot_token": 5}}, "config__bot_token", "invalid_input"),
        (posted("Bearer abc"), "config__bot_token", "invalid_input"),
        (posted(TOKEN + "\r\nX: 1"), "config__bot_token", "invalid_input"),
        (posted("xoxb-" + "a" * 600), "config__bot_token", "max_length"),
    ],
)
def test_what_is_wrong_is_named(slack: Receiver, api: Api, body: dict[str, Any], attr: str, code: str) -> None:
    answer = api("POST", "integrations", json=body)
    assert (answer.status_code, answer.json()["attr"], answer.json()["code"]) == (400, attr, code)
    assert slack.received == []


@pytest.mark.parametrize("number", ["0", "999999999", "x", "1" * 30, "-1", "%00"])
def test_one_that_is_not_there(api: Api, number: str) -> None:
    assert api("GET", f"integrations/{number}").status_code == 404
    assert api("DELETE", f"integrations/{number}").status_code == 404


def test_one_of_another_project_is_not_found(slack: Receiver, api: Api, world: World) -> None:
    number = api("POST", "integrations", json=posted()).json()["id"]
    other = world.api(world.new_project())
    assert other("GET", f"integrations/{number}").status_code == 404
    assert other("DELETE", f"integrations/{number}").status_code == 404
    assert api("GET", f"integrations/{number}").status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_one_is_not_changed(slack: Receiver, api: Api, method: str) -> None:
    number = api("POST", "integrations", json=posted()).json()["id"]
    before = api("GET", f"integrations/{number}").json()
    assert api(method, f"integrations/{number}", json=posted()).status_code in (403, 405)
    assert api("GET", f"integrations/{number}").json() == before


@pytest.fixture
def private(world: World, project: StoredProject) -> StoredProject:
    """A project that members may use and only admins may change."""
    owner = world.api(project, world.new_user("admin"))
    rule = owner("PUT", "access_controls", json={"access_level": "member"})
    assert rule.status_code == 200
    return project


def test_who_makes_and_removes_one(slack: Receiver, world: World, private: StoredProject) -> None:
    admin, member = world.api(private, world.new_user("admin")), world.api(private)
    assert member("POST", "integrations", json=posted()).status_code == 403
    number = admin("POST", "integrations", json=posted()).json()["id"]
    assert member("DELETE", f"integrations/{number}").status_code == 403
    assert member("GET", f"integrations/{number}").status_code == 200
    assert admin("DELETE", f"integrations/{number}").status_code == 204


def test_what_a_key_needs(slack: Receiver, world: World, project: StoredProject) -> None:
    reader = world.api(project, None, "integration:read")
    writer = world.api(project, None, "integration:write")
    other = world.api(project, None, "subscription:write")
    assert reader("POST", "integrations", json=posted()).status_code == 403
    number = writer("POST", "integrations", json=posted()).json()["id"]
    assert reader("GET", f"integrations/{number}").status_code == 200
    assert reader("DELETE", f"integrations/{number}").status_code == 403
    for method, path in (("GET", "integrations"), ("GET", f"integrations/{number}")):
        assert other(method, path).status_code == 403
    assert Api(world.stack, None, project.project.id)("GET", "integrations").status_code == 401


def test_a_stranger_sees_nothing(slack: Receiver, api: Api, crew: Crew) -> None:
    number = api("POST", "integrations", json=posted()).json()["id"]
    stranger, path = crew.api("owner"), f"/api/projects/{api.project_id}/integrations"
    for answer in (
        stranger("GET", path),
        stranger("POST", path, json=posted()),
        stranger("GET", f"{path}/{number}"),
        stranger("DELETE", f"{path}/{number}"),
    ):
        assert (answer.status_code, "Ann & Co" in answer.text) == (403, False)


def test_there_is_an_end_to_them(slack: Receiver, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("insights_api.integrations.MAX_INTEGRATIONS", 1)
    assert api("POST", "integrations", json=posted()).status_code == 201
    assert api("POST", "integrations", json=posted()).status_code == 201  # in the place of the first
    slack.answers = [(200, orjson.dumps(TEAM | {"team_id": "T02"}))]
    answer = api("POST", "integrations", json=posted())
    assert (answer.status_code, "more than 1" in answer.json()["detail"]) == (400, True)


def test_tokens_are_not_logged(
    slack: Receiver, api: Api, world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = logging.getLogger(logger().name)
    own.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.DEBUG):
            monkeypatch.setattr(world.store, "transact", _fails)
            assert api("POST", "integrations", json=posted()).status_code == 500
            monkeypatch.undo()
            assert api("POST", "integrations", json=posted()).status_code == 201
    finally:
        own.removeHandler(caplog.handler)
    records = [record for record in caplog.records if record.name != "httpx"]
    written = "".join(f"{record.getMessage()} {vars(record)}" for record in records)
    assert "unexpected error" in written and TOKEN not in written


def _fails(*_: Any) -> None:
    raise OSError("the disk is full")
