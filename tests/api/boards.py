"""People of one project who make insights and dashboards: `maker` made them, `reader` is a member, `admin` an admin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from insights_acl import accounts, rule_store
from insights_acl.models import StoredProject, User
from insights_acl.policy import Rule

from tests.api.world import Api, World

QUERY = {
    "kind": "TrendsQuery",
    "series": [{"kind": "EventsNode", "event": "$pageview"}],
    "dateRange": {"date_from": "2026-03-01", "date_to": "2026-03-04"},
}
EVENTS = [
    {"event": "$pageview", "distinct_id": who, "timestamp": f"2026-03-0{day}T10:00:00Z", "properties": {"plan": plan}}
    for day, who, plan in ((1, "ada", "pro"), (2, "ada", "pro"), (2, "bob", "free"), (4, "bob", "free"))
]


@dataclass
class Office:
    world: World
    project: StoredProject
    people: dict[str, User] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def user(self, name: str) -> User:
        if name not in self.people:
            self.people[name] = self.world.new_user("admin" if name == "admin" else "member")
        return self.people[name]

    def api(self, name: str = "maker") -> Api:
        if name not in self.keys:
            self.keys[name] = self.world.new_key(self.user(name))
        return Api(self.world.stack, self.keys[name], self.project.project.id)

    @property
    def nobody(self) -> Api:
        return Api(self.world.stack, None, self.project.project.id)

    def insight(self, name: str = "Views", **body: Any) -> dict[str, Any]:
        return made(self.api()("POST", "insights", json={"name": name, "query": QUERY, **body}))

    def dashboard(self, name: str = "Board", **body: Any) -> dict[str, Any]:
        return made(self.api()("POST", "dashboards", json={"name": name, **body}))

    def read_insight(self, insight: dict[str, Any]) -> dict[str, Any]:
        return read(self.api()("GET", f"insights/{insight['id']}"))

    def read_dashboard(self, dashboard: dict[str, Any], name: str = "maker", **query: Any) -> dict[str, Any]:
        return read(self.api(name)("GET", f"dashboards/{dashboard['id']}", params={"refresh": "force_cache", **query}))

    def change(self, dashboard: dict[str, Any], by: str = "maker", /, **body: Any) -> httpx.Response:
        return self.api(by)("PATCH", f"dashboards/{dashboard['id']}", json=body)

    def place(self, insight: dict[str, Any], *dashboards: dict[str, Any], by: str = "maker") -> httpx.Response:
        numbers = [dashboard["id"] for dashboard in dashboards]
        return self.api(by)("PATCH", f"insights/{insight['id']}", json={"dashboards": numbers})

    def rule(self, kind: str, number: int | None, level: str, name: str | None = None) -> None:
        """For everybody, or for one of the people."""
        member = accounts.memberships_of(self.world.store, self.user(name))[0].id if name else None
        rule = Rule(kind, level, None if number is None else str(number), member)
        rule_store.set_rule(self.world.store, self.project.project.id, rule, self.world.stack.services.now())

    def load(self) -> None:
        persons = [{"distinct_ids": [name], "properties": {}} for name in ("ada", "bob")]
        self.world.stack.load(self.project.project.id, persons, [], EVENTS)


def made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def read(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def error(answer: httpx.Response) -> tuple[int, str | None, str]:
    body = answer.json()
    return answer.status_code, body["attr"], body["detail"]
