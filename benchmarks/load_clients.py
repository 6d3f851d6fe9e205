"""The clients of `python -m benchmarks load`, which runs this in a process of its own: locust replaces what waits.

Reads one JSON object from standard input (`url`, `token`, `key`, `stages` of [scenario, clients], `seconds`), and
writes one JSON line a stage. Each client sends its next request when it has the answer to the last.
"""

from __future__ import annotations

import json
import random
import sys
import uuid
from typing import Any, ClassVar

import gevent
from locust import FastHttpUser, events, task
from locust.env import Environment

# Before a stage counts: connections are opened, and the functions of its kind are loaded.
WARM_UP_SECONDS = 0.5
TIMEOUT_SECONDS = 30
EVENTS_A_BATCH = 10
VISITORS = 2000
SAME = {
    "kind": "TrendsQuery",
    "series": [{"kind": "EventsNode", "event": "$pageview", "math": "dau"}],
    "dateRange": {"date_from": "-30d"},
    "breakdownFilter": {"breakdown": "$browser", "breakdown_type": "event"},
}
NAMES = ("$pageview", "signed_up", "task_completed", "subscription_paid")
MATHS = ("total", "dau", "weekly_active")
BREAKDOWNS = (None, "$browser", "$current_url")


class Client(FastHttpUser):
    """`project` is the URL of the served project's API; `key` and `token` are its own."""

    abstract = True
    network_timeout = connection_timeout = TIMEOUT_SECONDS
    project: ClassVar[str]
    key: ClassVar[str]
    token: ClassVar[str]

    def trend(self, query: dict[str, Any], *, cached: bool, refresh: str | None = None) -> None:
        """An answer that comes from the other place counts as an error."""
        with self.client.post(
            f"{self.project}/insights/trend/" + (f"?refresh={refresh}" if refresh else ""),
            json={"query": query},
            headers={"Authorization": f"Bearer {self.key}"},
            name="cached" if cached else "uncached",
            catch_response=True,
        ) as answer:
            if answer.status_code == 200 and answer.json()["is_cached"] is not cached:
                answer.failure("it was computed" if cached else "it came from the cache")

    def ask_the_same(self) -> None:
        self.trend(SAME, cached=True)

    def ask_anew(self) -> None:
        """Some thousand questions; the series' name makes each one new, for the same at once is computed once."""
        event, breakdown = random.choice(NAMES), random.choice(BREAKDOWNS)
        series = {"kind": "EventsNode", "event": event, "math": random.choice(MATHS), "custom_name": str(uuid.uuid4())}
        query = SAME | {
            "series": [series],
            "dateRange": {"date_from": f"-{random.randint(7, 89)}d"},
            "breakdownFilter": {"breakdown": breakdown, "breakdown_type": "event"} if breakdown else None,
        }
        self.trend(query, cached=False, refresh="force_blocking")

    def capture(self) -> None:
        batch = [captured() for _ in range(EVENTS_A_BATCH)]
        self.client.post("/batch/", json={"api_key": self.token, "batch": batch}, name="capture")


class Cached(Client):
    run_one = task(Client.ask_the_same)


class Uncached(Client):
    run_one = task(Client.ask_anew)


class Capture(Client):
    run_one = task(Client.capture)


class Mixed(Client):
    """Dashboards that are mostly known already, while events come in."""

    the_same = task(6)(Client.ask_the_same)
    anew = task(2)(Client.ask_anew)
    events_in = task(2)(Client.capture)


SCENARIOS: dict[str, type[Client]] = {"cached": Cached, "uncached": Uncached, "capture": Capture, "mixed": Mixed}


def captured() -> dict[str, Any]:
    """An event of about 700 bytes, under a name that no question asks for."""
    page = f"https://app.acme.example/docs/{random.randint(1, 300):04}-page"
    return {
        "event": "load_tested",
        "uuid": str(uuid.uuid4()),
        "distinct_id": f"visitor {random.randrange(VISITORS)}",
        "properties": {
            "$lib": "web",
            "$browser": random.choice(("Chrome", "Safari", "Firefox", "Edge")),
            "$os": random.choice(("Windows", "Mac OS X", "iOS", "Linux")),
            "$current_url": page,
            "$pathname": page.removeprefix("https://app.acme.example"),
            "$referrer": "https://www.google.com/search?q=acme",
            "$session_id": str(uuid.uuid4()),
            "$raw_user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)",
            "plan": random.choice(("free", "starter", "growth")),
            "amount": round(random.expovariate(1 / 60), 2),
        },
    }


def stage(host: str, scenario: str, clients: int, seconds: float) -> dict[str, Any]:
    """Milliseconds of each answer, and what went wrong: any status from 400, and every connection that failed."""
    environment = Environment(user_classes=[SCENARIOS[scenario]], host=host, events=events)
    took: list[float] = []
    errors: list[str] = []

    def answered(response_time: float, exception: Exception | None, name: str, **_: Any) -> None:
        took.append(response_time)
        if exception is not None:
            errors.append(f"{name}: {exception}"[:300])

    runner = environment.create_local_runner()
    runner.start(clients, spawn_rate=clients)
    gevent.sleep(WARM_UP_SECONDS)
    events.request.add_listener(answered)
    gevent.sleep(seconds)
    events.request.remove_listener(answered)
    runner.quit()
    return {"scenario": scenario, "clients": clients, "took": took, "errors": errors}


def main() -> None:
    asked = json.load(sys.stdin)
    Client.project, Client.key, Client.token = f"/api/projects/{asked['project']}", asked["key"], asked["token"]
    for scenario, clients in asked["stages"]:
        print(json.dumps(stage(asked["url"], scenario, clients, asked["seconds"])), flush=True)


if __name__ == "__main__":
    main()
