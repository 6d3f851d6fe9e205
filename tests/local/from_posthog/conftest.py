"""A PostHog project to move from, and a project of the test's own to move into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from insights_acl import accounts
from insights_local.posthog.api import Api, InProcess
from insights_local.posthog.moving import Move, Outcome
from insights_local.stack import Stack

from tests.local.from_posthog.server import (
    KEY,
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

ALL = ("cohorts", "actions", "dashboards", "insights")
IN_COHORT_11 = {"key": "id", "type": "cohort", "value": 11, "operator": "in"}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


@pytest.fixture
def posthog() -> Iterator[PostHog]:
    posthog = PostHog()
    yield posthog
    posthog.stop()


class Here:
    """A project of the test's own."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        services = stack.services
        organization = accounts.find_organization(services.policies, stack.organization_id)
        assert organization is not None
        self.id = accounts.create_project(services.policies, organization, "Moved", now=services.now()).project.id
        self.api = Api("http://localhost", stack.admin_key, str(self.id), transport=InProcess(stack.app))

    def rows(self, route: str) -> dict[str, Row]:
        return {row["name"]: row for row in self.api.rows(route)}

    def get(self, route: str, name: str) -> Row:
        found: Row = self.api.get(f"{route}/{self.rows(route)[name]['id']}", refresh="force_cache")
        return found


@pytest.fixture
def here(stack: Stack) -> Here:
    return Here(stack)


class Pauses(list[float]):
    """What was waited for, without waiting."""

    __call__ = list.append


def source_of(posthog: PostHog, **more: Any) -> Api:
    return Api(posthog.url, more.pop("key", KEY), "2", **{"pause": Pauses(), **more})


def move(posthog: PostHog, here: Here, *kinds: str, **how: bool) -> dict[str, Outcome]:
    """The outcomes by kind and old number: `cohort 11`."""
    found = list(Move(source_of(posthog), here.api, **how).run(kinds or ALL))
    assert len({(one.kind, one.old) for one in found}) == len(found)
    return {f"{one.kind} {one.old}": one for one in found}


def said(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {name: one.status for name, one in outcomes.items()}


@pytest.fixture
def shop(posthog: PostHog) -> PostHog:
    """One of each, which name each other; what is first in a list names what is behind it."""
    posthog.lists["cohorts"] = [
        cohort(12, "Paying, not new", {"key": "id", "type": "cohort", "value": 11, "negation": False}, leaf()),
        cohort(11, "Paying", leaf(bytecode=["_h"], conditionHash="f00d")),
    ]
    posthog.lists["actions"] = [action(21, "Saw the prices", tags=["web"])]
    posthog.lists["dashboards"] = [
        dashboard(
            31,
            "Board",
            {
                "id": 1,
                "text": {"body": "Read me"},
                "insight": None,
                "layouts": {"sm": {"x": 0, "y": 9, "w": 6, "h": 1}},
            },
            {
                "id": 2,
                "text": None,
                "insight": {"id": 41},
                "layouts": {"sm": {"x": 6, "y": 0, "w": 6, "h": 5}},
                "color": "blue",
            },
            pinned=True,
            filters={"date_from": "-7d", "properties": [IN_COHORT_11]},
        )
    ]
    posthog.lists["insights"] = [
        insight(
            41,
            "Everything",
            question(
                event_node(properties=[IN_COHORT_11]),
                {"kind": "ActionsNode", "id": 21, "name": "Saw the prices"},
                breakdownFilter={"breakdown_type": "cohort", "breakdown": [11, "12", "all"]},
            ),
            dashboards=[31],
            tags=["weekly"],
            favorited=True,
        ),
        insight(
            42,
            "Older",
            None,
            filters={"insight": "TRENDS", "actions": [{"id": "21", "type": "actions"}], "date_from": "-30d"},
            dashboards=[99],
        ),
        insight(43, None, question(event_node(math="hogql", math_hogql="countIf(person_id IN COHORT 11)"))),
        insight(44, "Web", {"kind": "InsightVizNode", "source": {"kind": "WebOverviewQuery"}}),
    ]
    return posthog
