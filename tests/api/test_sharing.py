"""Sharing links: who may make one, what it shows to whom, and that it shows nothing else."""

from __future__ import annotations

import logging
import re
from typing import Any

import httpx
import pytest
from insights_acl import keys
from insights_acl.models import StoredProject
from insights_acl.share_passwords import MAX_PASSWORDS, MAX_WRONG_A_MINUTE
from insights_acl.tokens import hash_of
from insights_engine.log import logger

from tests.api.boards import Office, error, made, read
from tests.api.world import World

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def office(world: World, project: StoredProject) -> Office:
    return Office(world, project)


def place(kind: str, item: dict[str, Any]) -> str:
    return f"{kind}s/{item['id']}/sharing"


def share(office: Office, kind: str, item: dict[str, Any], **body: Any) -> str:
    answer = read(office.api()("PATCH", place(kind, item), json={"enabled": True, **body}))
    return str(answer["access_token"])


def look(office: Office, token: str, method: str = "GET", at: str = "shared", **kwargs: Any) -> httpx.Response:
    return office.nobody(method, f"/{at}/{token}", **kwargs)


def test_nothing_is_shared_until_somebody_says_so(office: Office) -> None:
    insight = office.insight()
    found = read(office.api()("GET", place("insight", insight)))
    assert found == {
        "created_at": None,
        "enabled": False,
        "access_token": None,
        "settings": {},
        "password_required": False,
        "share_passwords": [],
    }
    token = share(office, "insight", insight)
    assert re.fullmatch(r"[\w-]{32,}", token)
    assert read(office.api()("GET", place("insight", insight)))["access_token"] == token


def test_a_shared_insight_shows_its_result(office: Office) -> None:
    office.load()
    insight = office.insight("Views of all")
    token = share(office, "insight", insight)
    for at in ("shared", "embedded"):
        for path in (token, f"{token}.json", f"{token}/"):
            found = look(office, path, at=at).json()["insight"]
            assert found["result"][0]["data"] == [1, 2, 0, 1]
            assert found["short_id"] == insight["short_id"]
    text = look(office, token, headers=HTML).text
    assert "<h1>Views of all</h1>" in text
    assert '<td class="n">2</td>' in text


def test_a_shared_dashboard_shows_its_insights_and_no_others(office: Office) -> None:
    office.load()
    board = office.dashboard("Board of all", tiles=[{"text": {"body": "Welcome"}}])
    insight = office.insight("On it", dashboards=[board["id"]])
    office.insight("Beside it")
    office.rule("insight", insight["id"], "none")
    token = share(office, "dashboard", board)
    answer = look(office, token)
    found = answer.json()["dashboard"]
    assert [tile["insight"] and tile["insight"]["name"] for tile in found["tiles"]] == [None, "On it"]
    assert found["tiles"][1]["insight"]["result"][0]["data"] == [1, 2, 0, 1]
    assert "Beside it" not in answer.text
    text = look(office, token, headers=HTML).text
    assert "Welcome" in text
    assert "<h2>On it</h2>" in text
    assert read(office.api()("GET", f"dashboards/{board['id']}"))["is_shared"] is True
    assert office.api()("GET", "dashboards").json()["results"][0]["is_shared"] is True


def test_a_link_that_is_off_or_rotated_is_dead_at_once(office: Office) -> None:
    board = office.dashboard()
    token = share(office, "dashboard", board)
    assert look(office, token).status_code == 200
    office.api()("PATCH", place("dashboard", board), json={"enabled": False})
    assert look(office, token).status_code == 404
    assert look(office, token, headers=HTML).status_code == 404
    assert office.read_dashboard(board)["is_shared"] is False
    assert share(office, "dashboard", board) == token
    rotated = read(office.api()("POST", f"{place('dashboard', board)}/refresh"))["access_token"]
    assert rotated != token
    assert look(office, token).status_code == 404
    assert look(office, rotated).status_code == 200
    assert office.world.store.get(*keys.share(hash_of(token))) is None
    office.change(board, deleted=True)
    assert look(office, rotated).status_code == 404
    office.change(board, deleted=False)
    assert look(office, rotated).status_code == 200


@pytest.mark.parametrize("token", ["x", "x" * 43, "phx_" + "a" * 44, "%00", "é", "x.png", "x" * 3000, "a.json.json"])
def test_what_is_no_token_is_not_found(office: Office, token: str) -> None:
    for headers in ({}, HTML):
        assert look(office, token, headers=headers).status_code == 404


def test_who_may_share(office: Office) -> None:
    insight = office.insight()
    office.rule("insight", insight["id"], "viewer")
    reader = office.api("reader")
    for method, end, body in (("PATCH", "", {"enabled": True}), ("POST", "/refresh", {}), ("POST", "/passwords", {})):
        refused = reader(method, place("insight", insight) + end, json=body)
        assert error(refused) == (403, None, "You don't have edit permissions for this insight.")
    token = share(office, "insight", insight)
    seen = reader("GET", place("insight", insight))
    assert seen.json()["enabled"] is True
    assert token not in seen.text
    office.rule("insight", insight["id"], "none")
    assert reader("GET", place("insight", insight)).status_code == 403


def test_who_edits_one_insight_alone_may_share_it(office: Office) -> None:
    insight = office.insight()
    office.rule("insight", None, "viewer")
    office.rule("insight", insight["id"], "editor", "reader")
    reader = office.api("reader")
    assert reader("PATCH", place("insight", insight), json={"enabled": True}).status_code == 200
    assert reader("POST", f"{place('insight', insight)}/refresh").status_code == 200
    assert reader("POST", f"{place('insight', insight)}/passwords", json={}).status_code == 201


def test_a_rule_on_sharing_forbids_it(office: Office) -> None:
    insight = office.insight()
    office.rule("sharing_configuration", None, "viewer")
    assert office.api()("GET", place("insight", insight)).status_code == 200
    assert office.api()("PATCH", place("insight", insight), json={"enabled": True}).status_code == 403
    assert office.api("admin")("PATCH", place("insight", insight), json={"enabled": True}).status_code == 200


def test_nobody_shares_what_the_rules_keep_from_them(office: Office) -> None:
    board = office.dashboard()
    insight = office.insight("secret plan", dashboards=[board["id"]])
    office.rule("insight", insight["id"], "none")
    reader, where = office.api("reader"), place("dashboard", board)
    detail = f"You can't share a dashboard with insights that you may not see: {insight['id']}"
    assert error(reader("PATCH", where, json={"enabled": True})) == (403, None, detail)
    token = share(office, "dashboard", board)
    assert token not in reader("GET", where).text
    for method, end, body in (
        ("POST", "/refresh", {}),
        ("POST", "/passwords", {}),
        ("PATCH", "", {"password_required": False}),
    ):
        assert error(reader(method, where + end, json=body)) == (403, None, detail)
    assert reader("PATCH", where, json={"enabled": False}).status_code == 200


def test_details_are_hidden_and_addresses_never_shown(office: Office) -> None:
    board = office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    address = office.user("maker").email
    details = ("created_by", "last_modified_by", "created_at", "last_modified_at")
    for kind, item in (("dashboard", board), ("insight", insight)):
        token = share(office, kind, item)
        plain = look(office, token)
        assert set(details) <= plain.json()[kind].keys()
        assert address not in plain.text
        share(office, kind, item, settings={"hideExtraDetails": True})
        hidden = look(office, token)
        assert not any(f'"{name}"' in hidden.text for name in details)
        assert address not in look(office, token, headers=HTML).text


def test_passwords(office: Office) -> None:
    insight = office.insight("behind it")
    where = place("insight", insight)
    token = share(office, "insight", insight, password_required=True)
    assert look(office, token).status_code == 401, "no password lets nobody in"
    own = made(office.api()("POST", f"{where}/passwords", json={"raw_password": "open sesame", "note": "board"}))
    assert own["password"] == "open sesame"
    other = made(office.api()("POST", f"{where}/passwords", json={}))
    assert len(other["password"]) >= 12
    listed = read(office.api()("GET", where))
    assert [one["note"] for one in listed["share_passwords"]] == ["board", ""]
    assert "open sesame" not in str(listed)
    assert set(listed["share_passwords"][0]) == {"id", "note", "created_at"}

    for password in ("open sesame", other["password"]):
        assert look(office, token, headers={"X-Share-Password": password}).status_code == 200
        assert look(office, token, "POST", json={"password": password}).status_code == 200
        opened = look(office, token, "POST", headers=HTML, data={"password": password})
        assert opened.status_code == 200
        assert "behind it" in opened.text
    wrong = look(office, token, headers={"X-Share-Password": "open sesam"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "authentication_failed")
    assert "behind it" not in wrong.text
    assert look(office, token, params={"password": "open sesame"}).status_code == 401
    form = look(office, token, headers=HTML)
    assert form.status_code == 401
    assert 'type="password"' in form.text
    assert "behind it" not in form.text

    assert office.api()("DELETE", f"{where}/passwords/{own['id']}").status_code == 204
    assert office.api()("DELETE", f"{where}/passwords/{own['id']}").status_code == 404
    assert look(office, token, headers={"X-Share-Password": "open sesame"}).status_code == 401


def test_a_password_is_kept_as_a_salted_hash(office: Office) -> None:
    insight = office.insight()
    for _ in range(2):
        made(office.api()("POST", f"{place('insight', insight)}/passwords", json={"raw_password": "open sesame"}))
    stored = office.world.store.get(*keys.sharing(office.project.project.id, "insight", insight["id"]))
    assert stored is not None
    first, second = stored["share_passwords"]
    assert first["hash"] != second["hash"]
    assert "sesame" not in str(stored)
    log = office.api()("GET", f"insights/{insight['id']}/activity").text
    assert "sesame" not in log
    assert first["hash"] not in log


def test_attempts_are_few(office: Office) -> None:
    insight = office.insight()
    token = share(office, "insight", insight, password_required=True)
    made(office.api()("POST", f"{place('insight', insight)}/passwords", json={"raw_password": "open sesame"}))
    statuses = [
        look(office, token, headers={"X-Share-Password": f"guess {number}"}).status_code
        for number in range(2 * MAX_WRONG_A_MINUTE + 2)
    ]
    # The minute may have changed meanwhile.
    assert 429 in statuses
    assert statuses.count(401) <= 2 * MAX_WRONG_A_MINUTE
    assert look(office, token).status_code == 401, "who tries none is told that one is needed"


@pytest.mark.parametrize(
    ("end", "body", "attr"),
    [
        ("", {"enabled": "yes"}, "enabled"),
        ("", {"settings": {"hideExtraDetail": True}}, "settings"),
        ("", {"settings": {"legend": 1}}, "settings__legend"),
        ("", {"password_required": None}, "password_required"),
        ("/passwords", {"raw_password": "short"}, "raw_password"),
        ("/passwords", {"raw_password": 12345678}, "raw_password"),
        ("/passwords", {"raw_password": "x" * 201}, "raw_password"),
        ("/passwords", {"note": "x" * 101}, "note"),
    ],
)
def test_a_wrong_value_names_its_field(office: Office, end: str, body: dict[str, Any], attr: str) -> None:
    method = "POST" if end else "PATCH"
    answer = office.api()(method, place("insight", office.insight()) + end, json=body)
    assert error(answer)[:2] == (400, attr)


def test_passwords_are_few(office: Office) -> None:
    where = f"{place('insight', office.insight())}/passwords"
    statuses = [
        office.api()("POST", where, json={"raw_password": "x" * 8}).status_code for _ in range(MAX_PASSWORDS + 1)
    ]
    assert statuses == [201] * MAX_PASSWORDS + [400]


def test_a_token_reads_its_insights_over_the_api(office: Office) -> None:
    office.load()
    board = office.dashboard()
    shown = office.insight("shown", dashboards=[board["id"]])
    beside = office.insight("beside")
    office.rule("insight", shown["id"], "none")
    query = {"sharing_access_token": share(office, "dashboard", board)}
    nobody = office.nobody
    listed = nobody("GET", "insights", params=query)
    assert [one["name"] for one in listed.json()["results"]] == ["shown"]
    assert office.user("maker").email not in listed.text
    found = read(nobody("GET", f"insights/{shown['id']}", params=query))
    assert found["result"][0]["data"] == [1, 2, 0, 1]
    assert nobody("GET", f"insights/{shown['short_id']}", params=query).status_code == 200
    assert nobody("GET", f"insights/{beside['id']}", params=query).status_code == 403


def test_a_token_reads_nothing_else(office: Office, world: World) -> None:
    board = office.dashboard()
    insight = office.insight("shown", dashboards=[board["id"]])
    query = {"sharing_access_token": share(office, "dashboard", board)}
    one, other = f"insights/{insight['id']}", Office(world, world.new_project())
    elsewhere = other.insight("elsewhere")
    for method, path in (
        ("PATCH", one),
        ("PUT", one),
        ("DELETE", one),
        ("POST", "insights"),
        ("POST", "query"),
        ("POST", "insights/trend"),
        ("GET", "insights/trend"),
        ("GET", "insights/trending"),
        ("GET", f"{one}/sharing"),
        ("GET", f"{one}/activity"),
        ("GET", f"{one}/access_controls"),
        ("GET", f"{one}/users_with_access"),
        ("GET", "dashboards"),
        ("GET", f"dashboards/{board['id']}"),
        ("GET", "notebooks"),
        ("GET", "cohorts"),
        ("GET", "actions"),
        ("GET", "activity_log"),
        ("GET", "/api/users/@me"),
        ("GET", "/api/projects"),
        ("GET", f"/api/projects/{office.project.project.id}"),
        ("GET", "/api/projects/@current/insights"),
        ("GET", f"/api/projects/{other.project.project.id}/insights"),
        ("GET", f"/api/projects/{other.project.project.id}/insights/{elsewhere['id']}"),
    ):
        answer = office.nobody(method, path, params=query, **({} if method == "GET" else {"json": {}}))
        assert answer.status_code in (401, 403), (method, path, answer.text)
        assert "shown" not in answer.text
        assert "elsewhere" not in answer.text


def test_a_wrong_token_over_the_api_is_401(office: Office) -> None:
    insight = office.insight()
    token = share(office, "insight", insight)
    path, api = f"insights/{insight['id']}", office.api()
    for nobody in (office.nobody, api):
        assert nobody("GET", path, params={"sharing_access_token": "x" * 43}).status_code == 401
    office.api()("PATCH", place("insight", insight), json={"password_required": True})
    made(api("POST", f"{place('insight', insight)}/passwords", json={"raw_password": "open sesame"}))
    query = {"sharing_access_token": token}
    assert office.nobody("GET", path, params=query).status_code == 401
    right = {"X-Share-Password": "open sesame"}
    assert office.nobody("GET", path, params=query, headers=right).status_code == 200
    api("PATCH", place("insight", insight), json={"enabled": False})
    assert office.nobody("GET", path, params=query, headers=right).status_code == 401


def test_an_insight_that_left_a_shared_dashboard_is_shared_no_more(office: Office) -> None:
    board = office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    query = {"sharing_access_token": share(office, "dashboard", board)}
    path = f"insights/{insight['id']}"
    assert office.nobody("GET", path, params=query).status_code == 200
    office.place(insight)
    assert office.nobody("GET", path, params=query).status_code == 403


def test_the_page_runs_and_loads_nothing(office: Office) -> None:
    office.load()
    insight = office.insight("<script>alert(1)</script>", description='"><img src=x onerror=alert(1)>')
    token = share(office, "insight", insight)
    answer = look(office, token, headers=HTML)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert not re.search(r"(src|href|url)\s*[=(]", answer.text.replace("src=x", ""))
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    embedded = look(office, token, at="embedded", headers=HTML)
    assert "frame-ancestors *" in embedded.headers["content-security-policy"]
    for one in (answer, embedded, look(office, token), look(office, "x", headers=HTML)):
        assert (one.headers["cache-control"], one.headers["referrer-policy"]) == ("no-store", "no-referrer")
    share(office, "insight", insight, settings={"noHeader": True})
    assert "<h1>" not in look(office, token, headers=HTML).text


class Failing:
    """A store that is gone."""

    def __getattr__(self, name: str) -> Any:
        raise ConnectionError("the store is gone")


def test_neither_token_nor_password_is_logged(
    office: Office, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, password = share(office, "insight", office.insight()), "open sesame"
    own = logging.getLogger(logger().name)
    own.addHandler(caplog.handler)
    try:
        monkeypatch.setitem(office.world.stack.services.__dict__, "policies", Failing())
        for path in (f"/shared/{token}", f"/shared/{token}.json", f"/embedded//{token}/"):
            assert office.nobody("GET", path, headers={"X-Share-Password": password}).status_code == 500
            assert office.nobody("POST", path, data={"password": password}).status_code == 500
        assert office.nobody("GET", "insights", params={"sharing_access_token": token}).status_code == 500
    finally:
        own.removeHandler(caplog.handler)
    records = [record for record in caplog.records if record.name != "httpx"]  # what this test asks with
    logged = "".join(f"{record.getMessage()} {vars(record)} {record.exc_text}" for record in records)
    assert "the store is gone" in logged, "nothing was captured"
    assert token not in logged
    assert password not in logged
