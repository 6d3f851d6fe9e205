"""What a report takes: to compute its insights, to draw them, to write a mail, and in all, from due to sent.

    python -m benchmarks reports [--rounds 10] [--persons 5000] [--json OUT]

Over the embedded ClickHouse with demo data, in this process. The last line is a whole delivery to one address, of a
dashboard with these six insights: the message, the claim, the access of its author, the insights one after the other,
and the mail into a folder.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections import defaultdict
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from insights_acl.access import Access, of_user
from insights_api import deliveries, tiles
from insights_engine.http import plain_json
from insights_engine.queue.sqlite import SqliteQueue
from insights_local.consumer import sqs_event
from insights_local.demo import load_demo
from insights_local.stack import Stack
from insights_report.charts import draw
from insights_report.parts import answered, display_of
from insights_report.tables import table_of

_PAGE_VIEW = {"kind": "EventsNode", "event": "$pageview"}
_SIGN_UP = {"kind": "EventsNode", "event": "signed_up"}
_TASK = {"kind": "EventsNode", "event": "task_completed"}
_DATES = {"dateRange": {"date_from": "-30d"}}
INSIGHTS: dict[str, dict[str, Any]] = {
    "trend, two lines": {"kind": "TrendsQuery", "series": [{**_PAGE_VIEW, "math": "dau"}, _TASK], **_DATES},
    "trend, by browser": {
        "kind": "TrendsQuery",
        "series": [_PAGE_VIEW],
        "breakdownFilter": {"breakdown": "$browser", "breakdown_type": "event"},
        **_DATES,
    },
    "one number": {
        "kind": "TrendsQuery",
        "series": [{**_PAGE_VIEW, "math": "dau"}],
        "trendsFilter": {"display": "BoldNumber"},
        **_DATES,
    },
    "retention": {"kind": "RetentionQuery", "retentionFilter": {"period": "Week", "totalIntervals": 8}},
    "paths": {"kind": "PathsQuery", "pathsFilter": {"includeEventTypes": ["$pageview"]}, **_DATES},
    "funnel": {"kind": "FunnelsQuery", "series": [_PAGE_VIEW, _SIGN_UP, _TASK], **_DATES},
}
_RULE = {"frequency": "yearly", "start_date": "2030-01-01T00:00:00Z"}


class Reports:
    """The insights on one dashboard, and a subscription to it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        stack.services.reports = SqliteQueue(folder / "own.db")  # that nobody but this reads
        self.board = self._post("dashboards", name="Report")["id"]
        self.insights = {
            name: self._post("insights", name=name, query=query, dashboards=[self.board])["id"]
            for name, query in INSIGHTS.items()
        }

    def _post(self, route: str, **body: Any) -> dict[str, Any]:
        from benchmarks.overhead import Case, Functions, content

        made = Functions(self.stack).call(Case(route, "POST", f"{route}/", body))()
        if made["statusCode"] not in (201, 202):
            raise RuntimeError(f"{route}: {content(made)!r}")
        found: dict[str, Any] = json.loads(content(made))
        return found

    def parts(self) -> dict[str, dict[str, float]]:
        """Milliseconds of each step, by insight."""
        access = self._access()
        items = tiles.read(access, tiles.INSIGHT, self.insights.values())
        return {name: _steps(access, items[number], name) for name, number in self.insights.items()}

    def delivery(self) -> float:
        """Milliseconds from the message to the end."""
        target = {"target_type": "email", "target_value": "somebody@example.com"}
        chosen = {"dashboard": self.board, "dashboard_export_insights": [*self.insights.values()]}
        subscription = self._post("subscriptions", **chosen, **target, **_RULE)
        queue, store = self.stack.services.reports, self.stack.services.policies
        assert isinstance(queue, SqliteQueue)
        messages = queue.receive(10, 60)
        started = time.perf_counter()
        for message in messages:
            self.stack.deliver(sqs_event([message]))
        took = (time.perf_counter() - started) * 1000
        queue.delete([message.id for message in messages])
        (item,) = deliveries.of_owner(store, self.stack.project_id, "subscription", str(subscription["id"]))
        errors = [part["error"] for part in item["content_snapshot"].get("insights", ()) if part["error"]]
        if item["status"] != "completed" or errors:
            raise RuntimeError(f"the delivery is {item['status']}: {item['error']} {errors}, {len(messages)} messages")
        return took

    def _access(self) -> Access:
        services = self.stack.services
        author = services.policies.query("ORG#" + self.stack.organization_id, "MEMBER#")[0]
        return of_user(author["user_id"], self.stack.project_id, services, datetime.now(UTC))


def _steps(access: Access, item: dict[str, Any], name: str) -> dict[str, float]:
    at = [time.perf_counter()]
    question, found = answered(access, item)
    at.append(time.perf_counter())
    result = plain_json(found.result)
    draw(question.kind, result, name=name, display=display_of(question))
    at.append(time.perf_counter())
    table_of(question.kind, result)
    at.append(time.perf_counter())
    names = ("compute", "draw", "table")
    return {step: (after - before) * 1000 for step, before, after in zip(names, at[:-1], at[1:], strict=True)}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks reports", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10, help="how often each is timed (default 10)")
    parser.add_argument("--persons", type=int, default=5000, help="size of the demo data (default 5000)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file")
    asked = parser.parse_args()
    os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
    took: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    whole: list[float] = []
    with Stack(site_url="https://insights.example.com") as stack:
        load_demo(stack.services, stack.project_id, now=stack.services.now(), persons=asked.persons)
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            reports = Reports(stack, stack.data_dir)
            reports.delivery()  # loads what draws
            for _ in range(asked.rounds):
                for name, steps in reports.parts().items():
                    for step, milliseconds in steps.items():
                        took[name][step].append(milliseconds)
                whole.append(reports.delivery())
    found = {name: {step: statistics.median(times) for step, times in steps.items()} for name, steps in took.items()}
    print(f"{'insight':<24}{'compute, ms':>12}{'draw':>9}{'table':>9}")
    for name, steps in found.items():
        print(f"{name:<24}{steps['compute']:>12.1f}{steps['draw']:>9.1f}{steps['table']:>9.2f}")
    print(
        f"\na dashboard of {len(found)} to one address: {statistics.median(whole):.0f} ms from the message to the end"
    )
    if asked.json:
        asked.json.write_text(json.dumps({"parts": found, "delivery": statistics.median(whole)}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
