"""A small shop whose statements have answers that can be worked out by hand, and a second one that must stay unseen.

Its clocks are New York's: events stand around both days of the year at which they are set. Of a person with two
distinct ids one came late, so that a merge is pending; properties have names with dots, spaces, quotes and other
scripts; there are numbers as text, texts that look like numbers, nulls, lists and objects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from insights_acl import accounts
from insights_engine.ingest.persons import person_uuid
from insights_local.stack import Stack

from tests.api.world import Api

ZONE = "America/New_York"
ODD_NAME = "naïve — \"é\" 'q' \\ `b`"
HOME, LIST = "https://shop.example/home?utm_source=mail", "https://shop.example/list"
CHAIN = 'button.big:attr__id="buy"nth-child="1"nth-of-type="1"text="Buy";div:nth-child="1"nth-of-type="1"'

PERSONS: list[dict[str, Any]] = [
    {
        "distinct_ids": ["ann", "ann-phone"],
        "created_at": "2024-01-01T00:00:00Z",
        "is_identified": True,
        "properties": {
            "email": "ann@example.com",
            "plan": "pro",
            "age": 34,
            "vip": True,
            "since": "2023-05-01T12:00:00Z",
            "full name": "Ann Ångström",
            "a.b": "dotted",
        },
    },
    {
        "distinct_ids": ["bob"],
        "created_at": "2024-02-01T00:00:00Z",
        "properties": {"email": "bob@example.com", "plan": "free", "age": 27},
    },
    {
        "distinct_ids": ["cy"],
        "created_at": "2024-03-01T00:00:00Z",
        "properties": {"email": "cy@example.com", "plan": "pro", "age": 41, "vip": False},
    },
    {"distinct_ids": ["cy-anon"], "created_at": "2024-03-10T12:00:00Z", "properties": {}},
    {"distinct_ids": ["dee"], "created_at": "2024-03-11T00:00:00Z", "properties": {}},
    {
        "distinct_ids": ["Ève 日本"],
        "created_at": "2024-04-01T00:00:00Z",
        "properties": {"plan": "free", "it's `odd`": "v"},
    },
]
# Told after the events, so that those still carry the number of who was merged away.
MERGES: list[dict[str, Any]] = [{"distinct_ids": ["cy", "cy-anon"]}]

GROUPS: list[dict[str, Any]] = [
    {
        "type": "company",
        "key": "acme",
        "created_at": "2019-01-01T00:00:00Z",
        "properties": {"size": 120, "industry": "steel", "listed": True},
    },
    {
        "type": "company",
        "key": "bolt",
        "created_at": "2020-06-01T00:00:00Z",
        "properties": {"size": 8, "industry": "bolts"},
    },
    {"type": "company", "key": "Ünï co", "created_at": "2021-01-01T00:00:00Z", "properties": {"size": 3}},
    {"type": "team", "key": "x", "created_at": "2022-01-01T00:00:00Z", "properties": {"lead": "cy"}},
]

_S1, _S2, _S3 = (f"018e2f00-0000-7000-8000-00000000000{i}" for i in (1, 2, 3))
_ROWS: list[tuple[str, str, str, dict[str, Any], dict[str, str]]] = [
    (
        "$pageview",
        "ann",
        "2024-03-09T15:00:00Z",
        {
            "$session_id": _S1,
            "$window_id": "w1",
            "$current_url": HOME,
            "$pathname": "/home",
            "$browser": "Chrome",
            "$referring_domain": "www.google.com",
        },
        {},
    ),
    (
        "$pageview",
        "ann",
        "2024-03-09T15:10:00Z",
        {"$session_id": _S1, "$window_id": "w2", "$current_url": LIST, "$pathname": "/list", "$browser": "Chrome"},
        {},
    ),
    (
        "add",
        "ann",
        "2024-03-09T15:20:00Z",
        {
            "$session_id": _S1,
            "sku": "A-1",
            "price": 10,
            "qty": 2,
            "gift": True,
            "mixed": 5,
            "tags": ["red", "xl"],
            "dims": {"w": 3, "h": {"cm": 4}},
        },
        {"company": "acme"},
    ),
    (
        "buy",
        "ann-phone",
        "2024-03-09T15:30:30Z",
        {
            "$session_id": _S1,
            "price": 20.5,
            "code": "007",
            "gift": False,
            "paid_at": "2024-03-10T06:59:00Z",
            "full name": "Ann A.",
            "a.b": "dot",
            "it's": 'quo"ted',
            "日本": "東",
        },
        {"company": "acme"},
    ),
    (
        "$pageview",
        "bob",
        "2024-03-10T06:59:00Z",
        {"$session_id": _S2, "$current_url": HOME, "$pathname": "/home", "$browser": "Safari"},
        {},
    ),
    (
        "add",
        "bob",
        "2024-03-10T07:01:00Z",
        {"$session_id": _S2, "sku": "B-2", "price": 5, "qty": 1, "mixed": "5", "tags": ["blue"]},
        {"company": "bolt"},
    ),
    (
        "buy",
        "bob",
        "2024-03-10T07:05:00Z",
        {"$session_id": _S2, "price": 5, "code": "12", "paid_at": "2024-03-11T00:00:00Z"},
        {"company": "bolt"},
    ),
    ("$pageview", "cy-anon", "2024-03-10T12:00:00Z", {"$pathname": "/home", "$browser": "Firefox"}, {}),
    (
        "buy",
        "cy",
        "2024-03-11T03:30:00Z",
        {"price": 100, "code": "1e3", "note": None, "mixed": "x"},
        {"company": "acme", "team": "x"},
    ),
    ("$screen", "dee", "2024-03-11T04:30:00Z", {"$session_id": _S3, "$screen_name": "Main"}, {}),
    ("$autocapture", "dee", "2024-03-11T04:31:00Z", {"$session_id": _S3}, {}),
    ("add", "Ève 日本", "2024-04-01T12:00:00Z", {"sku": "A-1", "price": 7, "qty": 3, "note": "", "mixed": True}, {}),
    ("buy", "Ève 日本", "2024-11-03T05:30:00Z", {"sku": "A-1", "price": 30}, {"company": "Ünï co"}),
    ("buy", "Ève 日本", "2024-11-03T06:30:00Z", {"sku": "B-2", "price": 40}, {"company": "Ünï co"}),
    ("leave", "bob", "2024-11-03T23:00:00Z", {}, {}),
    ("leave", "dee", "2024-12-31T23:59:59.999999Z", {"100%": "_a\\b"}, {}),
    (ODD_NAME, "ann", "2025-01-01T05:30:00Z", {"price": -1.5}, {}),
]
EVENTS: list[dict[str, Any]] = [
    {
        "uuid": f"00000000-0000-4000-8000-{number:012d}",
        "event": event,
        "distinct_id": distinct_id,
        "timestamp": at,
        "properties": properties,
        "groups": groups,
        **({"elements_chain": CHAIN} if event == "$autocapture" else {}),
    }
    for number, (event, distinct_id, at, properties, groups) in enumerate(_ROWS, 1)
]

# Stands in everything of the other shop, and in nothing that a statement says.
MARK = "mandolin"
_SECRET_NUMBER = 7_654_321_098_765
_SECRETS = range(40)


@dataclass
class Shop:
    """`secrets`: what no answer may have in it. `names`: what `$name$` in a case stands for."""

    api: Api
    secrets: tuple[str, ...]
    names: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, stack: Stack, *, neighbour: bool = True) -> Shop:
        """A shop of its own in the stack's database, beside the one that is not to be seen, if there is to be one."""
        api, other = _project(stack, "Shop", timezone=ZONE), _project(stack, MARK)
        theirs = cls(other, ())
        secrets = _secret(stack, other.project_id) if neighbour else ()
        stack.load(api.project_id, persons=PERSONS, groups=GROUPS, events=EVENTS)
        stack.load(api.project_id, persons=MERGES)
        shop = cls(api, secrets)
        shop.names = {i: person_uuid(api.project_id, i) for i in ("ann", "bob", "cy", "dee", "Ève 日本")}
        leaf = {"type": "person", "key": "plan", "operator": "exact", "value": ["pro"]}
        shop.names |= {
            "other": other.project_id,
            "chosen": shop._cohort("Chosen", ["bob", "dee"]),
            "pros": shop._cohort("Pros", None, {"type": "AND", "values": [leaf]}),
            "theirs": theirs._cohort(f"{MARK} cohort", [f"{MARK}-1"] if neighbour else ["nobody"]),
        }
        return shop

    def _cohort(self, name: str, distinct_ids: list[str] | None, filters: dict[str, Any] | None = None) -> int:
        about = {"is_static": True, "distinct_ids": distinct_ids} if distinct_ids else {}
        body = {"name": name, **about, **({"filters": {"properties": filters}} if filters else {})}
        answer = self.api("POST", "cohorts", json=body)
        assert answer.status_code == 201, answer.text
        number: int = answer.json()["id"]
        return number

    def filled(self, value: Any) -> Any:
        """`$ann$` in texts is the person's id, `$chosen$` the cohort's number."""
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        for name, stands_for in self.names.items() if isinstance(value, str) and "$" in value else ():
            if value == f"${name}$":
                return stands_for
            value = value.replace(f"${name}$", str(stands_for))
        return value


def _project(stack: Stack, name: str, **settings: Any) -> Api:
    """In an organization of its own, and its owner."""
    store, now = stack.services.policies, stack.services.now()
    organization = accounts.create_organization(store, name, now=now)
    project = accounts.create_project(store, organization, f"{name} project", settings, now=now).project
    owner, _ = accounts.create_user(store, f"{uuid4().hex}@shop.example", "owner", organization, now=now)
    return Api(stack, accounts.create_personal_key(store, owner, "test", now=now)[1], project.id)


def _secret(stack: Stack, project_id: int) -> tuple[str, ...]:
    """A project whose names, values and ids all have the mark in them, or are told."""
    persons = [
        {
            "distinct_ids": [f"{MARK}-{i}", f"{MARK}-phone-{i}"],
            "properties": {f"{MARK}_name": f"{MARK} {i}", "email": f"{MARK}{i}@example.com", "plan": MARK},
        }
        for i in _SECRETS
    ]
    groups = [{"type": "company", "key": f"{MARK} {i}", "properties": {"size": _SECRET_NUMBER}} for i in _SECRETS]
    events = [
        {
            "uuid": f"deadbeef-0000-4000-8000-{i:012d}",
            "event": ("$pageview", "buy", f"{MARK} event")[i % 3],
            "distinct_id": f"{MARK}-{i}",
            "timestamp": f"2024-03-{9 + i % 3:02d}T12:00:{i % 60:02d}Z",
            "properties": {
                f"{MARK}_key": f"{MARK} value",
                "sku": MARK,
                "price": _SECRET_NUMBER,
                "$session_id": f"{MARK}-session-{i}",
                "$current_url": f"https://{MARK}.example/",
            },
            "groups": {"company": f"{MARK} {i}"},
        }
        for i in _SECRETS
    ]
    stack.load(project_id, persons=persons, groups=groups, events=events)
    ids = (person_uuid(project_id, f"{MARK}-{i}") for i in _SECRETS)
    return (MARK, str(_SECRET_NUMBER), "deadbeef", *ids)
