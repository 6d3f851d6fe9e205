"""What the arbitrary requests are about: a project of the caller's, and another organization that must stay unseen."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from insights_acl import accounts
from insights_engine import keys
from insights_engine.http import fold
from insights_local.stack import Stack

from tests.api.raw import Answer, Raw
from tests.api.world import Api

SEEDS: list[dict[str, Any]] = json.loads((Path(__file__).parent.parent / "cases" / "fuzz_seeds.json").read_text())
# Stands in every name of the other organization, and in nothing that a request says.
SECRET = "kestrel-mandolin"
_LEAKS = (
    *("Traceback", "DB::Exception", "SELECT ", "FORMAT Native", "insights_engine", "insights_acl", "insights_api"),
    *("site-packages", "sqlite3", "botocore", "clickhouse_connect", "chdb", 'File "'),
)
_ERROR_TYPES = {"validation_error", "invalid_request", "authentication_error", "server_error", "throttled_error"}
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

PERSONS = [
    {"distinct_ids": [name], "properties": {"email": f"{name}@example.com", "plan": plan}}
    for name, plan in (("ada", "pro"), ("bob", "free"), ("eve", "pro"))
]
EVENTS = [
    {
        "event": event,
        "distinct_id": name,
        "timestamp": f"2026-03-0{day}T1{day}:00:00Z",
        "properties": {"$browser": browser, "price": day * 1.5, "version": f"1.{day}.0"},
    }
    for day, event, name, browser in (
        (4, "$pageview", "ada", "Chrome"),
        (5, "$pageview", "bob", "Safari"),
        (6, "signed_up", "bob", "Safari"),
        (8, "$pageview", "eve", "Chrome"),
        (9, "$pageview", "ada", "Firefox"),
    )
]


@dataclass
class Scene:
    """`names` are the placeholders that the seeds use. `other` is the project that nobody here may see."""

    stack: Stack
    names: dict[str, Any] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, stack: Stack) -> Scene:
        scene = cls(stack)
        store, now = stack.services.policies, stack.services.now()
        organization = accounts.create_organization(store, f"{SECRET} Ltd", now=now)
        accounts.create_user(store, f"{SECRET}@example.com", "owner", organization, first_name=SECRET, now=now)
        project = accounts.create_project(store, organization, f"{SECRET} project", now=now).project
        secret = [{**e, "properties": {"$browser": SECRET, "plan": SECRET, "price": 3}} for e in EVENTS]
        scene.other = scene._filled(project.id, project.api_token, secret, SECRET)
        scene.names = scene.new_project()
        return scene

    def report(self, project_id: int) -> dict[str, Any]:
        """The placeholders of a saved insight, and of a subscription and an alert that are switched off."""
        api = Api(self.stack, self.stack.admin_key, project_id)
        query = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "$pageview"}]}
        insight = api("POST", "insights", json={"name": "Views", "query": query}).json()["id"]
        rule = {"frequency": "daily", "start_date": "2026-01-01T09:00:00Z", "enabled": False}
        where = {"target_type": "email", "target_value": "ada@example.com"}
        bounds = {"threshold": {"configuration": {"bounds": {"upper": 1}}}, "condition": {"type": "absolute_value"}}
        alert = {"insight": insight, "subscribed_users": [], "enabled": False, **bounds}
        return {
            "insight": insight,
            "subscription": api("POST", "subscriptions", json={"insight": insight, **rule, **where}).json()["id"],
            "alert": api("POST", "alerts", json=alert).json()["id"],
        }

    def new_project(self) -> dict[str, Any]:
        """The placeholders of a project of its own, with events, an action and cohorts."""
        store, now = self.stack.services.policies, self.stack.services.now()
        organization = accounts.find_organization(store, self.stack.organization_id)
        assert organization is not None
        project = accounts.create_project(store, organization, "Shop", now=now).project
        return {**self._filled(project.id, project.api_token, EVENTS, "Own"), **self.report(project.id)}

    def _filled(self, project_id: int, token: str, events: list[dict[str, Any]], name: str) -> dict[str, Any]:
        self.stack.load(project_id, persons=PERSONS, events=events)
        return {"project": project_id, "token": token, **self._objects(project_id, name)}

    def _objects(self, project_id: int, name: str) -> dict[str, int]:
        """An action and two cohorts, as the API stores them."""
        store, at = self.stack.services.policies, "2026-03-01T00:00:00Z"
        leaf = {"type": "person", "key": "plan", "operator": "is_set"}
        shared = {
            "name": name,
            "description": name,
            "deleted": False,
            "created_by": None,
            "created_at": at,
            "version": 1,
        }
        cohort = {**shared, "groups": [], "filters": None, "count": None, "last_calculation": None}
        action = {**shared, "name": f"{name} {uuid4()}", "steps": [{"event": "$pageview"}], "last_calculated_at": at}
        filters = {"properties": {"type": "AND", "values": [leaf]}}
        ids = {kind: int(store.add(*keys.counter(kind.rpartition("_")[2]), "next", 1)) for kind in _KINDS}
        for kind, key_of, item in (
            ("action", keys.action, action),
            ("cohort", keys.cohort, {**cohort, "is_static": False, "filters": filters}),
            ("static_cohort", keys.cohort, {**cohort, "is_static": True}),
        ):
            pk, sk = key_of(project_id, ids[kind])
            store.put({**item, "pk": pk, "sk": sk, "id": ids[kind]}, "absent")
        return ids

    def fault(self, request: Raw, answer: Answer) -> str | None:
        """What is wrong with an answer, whatever the request was; None when nothing is."""
        text = answer.body.decode("utf-8", "replace")
        said = request.words
        if not 100 <= answer.status < 500:
            return f"status {answer.status}: {text[:300]}"
        shown = text + json.dumps(answer.headers)
        if SECRET in shown:
            return f"another organization's data: {text[:300]}"
        # Whoever asks for the statement gets it, and the document of the API says what one is.
        leaks = [leak for leak in _LEAKS if leak in shown and leak not in said]
        may_say_sql = any(word in said for word in ("explain", "EventsQuery", "HogQLQuery", "openapi"))
        if leaks and not (may_say_sql and leaks == ["SELECT "]):
            return f"internals: {leaks} in {text[:300]}"
        if any("\r" in value or "\n" in value for value in answer.headers.values()):
            return f"a header with a line break: {answer.headers}"
        if answer.kind == "application/json" and answer.body and not _is_json(answer):
            return f"not JSON: {text[:300]}"
        return _error_fault(request, answer, text) if answer.status >= 400 else None


_KINDS = ("action", "cohort", "static_cohort")


def fill(value: Any, names: dict[str, Any]) -> Any:
    """`{name}` in texts becomes what it names; a text that is nothing else keeps its type."""
    if isinstance(value, dict):
        return {key: fill(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, names) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _PLACEHOLDER.fullmatch(value)
    return names[whole[1]] if whole and whole[1] in names else _PLACEHOLDER.sub(lambda m: _named(m, names), value)


def _named(found: re.Match[str], names: dict[str, Any]) -> str:
    return str(names.get(found[1], found[0]))


def _is_json(answer: Answer) -> bool:
    try:
        answer.json()
    except ValueError:
        return False
    return True


def _error_fault(request: Raw, answer: Answer, text: str) -> str | None:
    path = fold(request.target.partition(b"?")[0].decode("latin-1"))[0]
    if request.method == "HEAD" or not (path == "/api" or path.startswith("/api/")):
        return None
    if answer.status == 405 and request.method == "DELETE" and not answer.body:
        return None  # what is deleted by PATCH
    if answer.kind != "application/json":
        return f"an error that is {answer.kind}: {text[:300]}"
    body = answer.json()
    hint = body.get("extra", {"hint": "none"}) if isinstance(body, dict) else None
    if hint is None or list(hint) != ["hint"] or [*body][:4] != ["type", "code", "detail", "attr"] or len(body) > 5:
        return f"not the shape of an error: {text[:300]}"
    kinds = [isinstance(body[name], str) and body[name] for name in ("type", "code", "detail")]
    if not all(kinds) or not isinstance(body["attr"], str | None) or body["type"] not in _ERROR_TYPES:
        return f"an error of wrong types: {text[:300]}"
    return f"an error of {len(text)} characters" if len(text) > 5_000 else None
