"""An alert that tests watch: made as a person makes it, and checked as time goes by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from insights_acl.models import moment
from insights_api import agenda, deliveries
from insights_api.alerts import entry
from insights_engine import keys
from insights_engine.queue.sqlite import SqliteQueue
from insights_engine.services import Services
from insights_engine.store import Put
from insights_report.alerting import check

from tests.api.boards import Office, made, read

# A Wednesday, so far away that nothing is due or past its time by the clock of the stores. Before it came: two views on
# Sunday, none on Monday, three on Tuesday; on the day itself one.
NOW = datetime(2100, 3, 3, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)
VIEWS = {3: ["ada", "bob"], 1: ["ada", "bob", "eve"], 0: ["ada"]}
EVENTS = [
    {
        "event": "view",
        "distinct_id": who,
        "timestamp": f"{(NOW - days * DAY).date()}T09:00:00Z",
        "properties": {"$browser": "Safari" if who == "bob" else "Chrome"},
    }
    for days, people in VIEWS.items()
    for who in people
]
VIEW = {"kind": "EventsNode", "event": "view"}
TREND = {"kind": "TrendsQuery", "series": [VIEW], "dateRange": {"date_from": "-30d"}}


@dataclass
class Watch:
    """One alert, made as a person makes it, and looked at as time goes by."""

    office: Office
    alert: dict[str, Any] = field(default_factory=dict)

    @property
    def services(self) -> Services:
        return self.office.world.stack.services

    @property
    def project_id(self) -> int:
        return self.office.project.project.id

    def make(self, query: dict[str, Any] | None = None, /, **values: Any) -> Watch:
        insight = self.office.insight(**{"query": query or TREND, **values.pop("insight", {})})
        body = {
            "insight": insight["id"],
            "name": "Views",
            "condition": {"type": "absolute_value"},
            "threshold": {"configuration": {"type": "absolute", "bounds": {"upper": 2}}},
            "subscribed_users": [self.office.user("maker").id],
            **values,
        }
        self.alert = made(self.office.api()("POST", "alerts", json=body))
        return self

    def become(self, **values: Any) -> None:
        """As it might have come to be, with its place in the agenda."""
        before = self.stored()
        after = {**before, **values, "version": before["version"] + 1}
        writes = agenda.moved(entry(self.project_id, before), entry(self.project_id, after))
        self.services.policies.transact([Put(after, before["version"]), *writes])

    def check(self, now: datetime = NOW) -> dict[str, Any]:
        """The alert after a check that was due just then."""
        self.become(next_check_at=moment(now.replace(second=0, microsecond=0)))
        check(self.services, self.project_id, self.alert["id"], now)
        return self.shown()

    def bound(self, **bounds: float) -> None:
        """Other bounds without what a change by a person does."""
        self.become(
            threshold={"configuration": {"type": "absolute", "bounds": {"lower": None, "upper": None, **bounds}}}
        )

    def stored(self) -> dict[str, Any]:
        found = self.services.policies.get(*keys.resource(self.project_id, "alert", self.alert["id"]))
        assert found is not None
        return found

    def shown(self) -> dict[str, Any]:
        return read(self.office.api()("GET", f"alerts/{self.alert['id']}"))

    def told(self) -> list[dict[str, Any]]:
        """Its deliveries, the newest first."""
        return deliveries.of_owner(self.services.policies, self.project_id, "alert", self.alert["id"])

    def due_at(self) -> list[datetime]:
        far = datetime(9000, 1, 1, tzinfo=UTC)
        found = agenda.due(self.services.policies, far)
        return [one.at for one in found if one.object_id == self.alert["id"]]


def queued(services: Services) -> list[dict[str, Any]]:
    """What the queue of reports holds, taken out of it."""
    found = []
    queue = services.reports
    assert isinstance(queue, SqliteQueue)
    while messages := queue.receive(10, 60):
        found += [orjson.loads(message.body) for message in messages]
        queue.delete([message.id for message in messages])
    return found


def bounds(kind: str = "absolute", **values: float) -> dict[str, Any]:
    return {"threshold": {"configuration": {"type": kind, "bounds": values}}}


ONGOING = {"config": {"check_ongoing_interval": True}}
FORMULA = {**TREND, "series": [VIEW, {**VIEW, "math": "dau"}], "trendsFilter": {"formula": "A + B * 10"}}
VALUES: list[tuple[str, dict[str, Any], dict[str, Any], float | None, str]] = [
    ("running", TREND, {**bounds(lower=2), **ONGOING}, 1, "The value of view for the current day (1) is below"),
    (
        "increase",
        TREND,
        {**bounds(upper=2.5), "condition": {"type": "relative_increase"}},
        3,
        "The increase of view for the previous day (3, from 0 to 3) is above the upper bound (2.5).",
    ),
    (
        "share",
        TREND,
        {**bounds("percentage", upper=0.6), "condition": {"type": "relative_decrease"}, **ONGOING},
        pytest.approx(2 / 3),
        "The decrease of view for the current day (66.6667%, from 3 to 1) is above the upper bound (60%).",
    ),
    (
        "breakdown",
        {**TREND, "breakdownFilter": {"breakdown": "$browser", "breakdown_type": "event"}},
        bounds(upper=1),
        2,
        "The value of Chrome for the previous day (2) is above the upper bound (1).",
    ),
    ("formula", FORMULA, bounds(upper=32), 33, "The value of Formula (A + B * 10) for the previous day (33) is"),
    ("total", {**TREND, "trendsFilter": {"display": "BoldNumber"}}, bounds(upper=5), 6, "The value of view (6) is"),
    ("nothing", {**TREND, "series": [{**VIEW, "event": "never"}]}, bounds(lower=1), 0, "The value of never for"),
    (
        "nothing by value",
        {**TREND, "series": [{**VIEW, "event": "never"}], "breakdownFilter": {"breakdown": "$browser"}},
        bounds(lower=1),
        0,
        "The value of the insight for the previous day (0) is below",
    ),
    ("hour", {**TREND, "interval": "hour"}, bounds(upper=-1), 0, "The value of view for the previous hour (0)"),
    ("month", {**TREND, "interval": "month"}, bounds(upper=1), 2, "The value of view for the previous month (2)"),
    ("week", {**TREND, "interval": "week"}, bounds(upper=-1), 0, "The value of view for the previous week (0)"),
    (
        "values that are not shown",
        {**TREND, "breakdownFilter": {"breakdown": "$browser", "breakdown_limit": 1}, "interval": "month"},
        {**bounds(lower=100), **ONGOING},
        3,
        "The value of Chrome for the current month (3)",
    ),
    (
        "no value",
        {**TREND, "breakdownFilter": {"breakdown": "$os"}},
        bounds(upper=2),
        3,
        "The value of (none) for the previous day (3)",
    ),
    (
        "sum that runs on",
        {**TREND, "trendsFilter": {"display": "ActionsLineGraphCumulative"}},
        bounds(upper=4),
        5,
        "The value of view for the previous day (5)",
    ),
    (
        "an older range",
        {**TREND, "dateRange": {"date_from": "2020-01-01", "date_to": "2020-02-01"}},
        bounds(upper=2),
        3,
        "The value of view for the previous day (3)",
    ),
]
