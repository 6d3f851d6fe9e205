"""How fast `insights import` is: events a second into embedded ClickHouse, with realistic properties.

    python benchmarks/import_events.py [--events 300000]

Makes a JSON Lines file of page views, autocaptured and custom events (about 1.1 kB of properties each, a twentieth as
many persons as events, 90 days), imports it into a new database and prints the rate. Processor time an event is printed
beside it: on a machine that has other work to do, it is the steadier figure.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

SEED = 20260701
FIRST_DAY = datetime(2026, 4, 1, tzinfo=UTC)
DAYS = 90
PAGES = 300
EVENTS_A_PERSON = 20
EVENTS_A_SESSION = 6

_NAMES = ["signed_up", "product_viewed", "added_to_cart", "checkout_started", "purchase_completed", "plan_changed"]
_NAMES += [f"custom_event_{number:02}" for number in range(34)]
_BROWSERS = ["Chrome", "Safari", "Mobile Safari", "Firefox", "Edge", "Opera"]
_SYSTEMS = ["Windows", "Mac OS X", "iOS", "Android", "Linux"]
_COUNTRIES = ["US", "DE", "GB", "IN", "FR", "BR", "CA", "AU", "NL", "ES", "IT", "PL", "SE", "MX", "JP", "CH"]
_SECTIONS = ["docs", "blog", "pricing", "product", "account", "settings", "shop", "help"]
_AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) {}/126.0 Safari/537.36"


def events(count: int) -> Iterator[dict[str, Any]]:
    """In order of the sessions' times; the same for the same count."""
    rng = random.Random(SEED)
    persons = max(1, count // EVENTS_A_PERSON)
    sessions = -(-count // EVENTS_A_SESSION)
    made = 0
    for session in range(sessions):
        at = FIRST_DAY + timedelta(days=DAYS * session / sessions)
        # The square makes some persons come often and many once.
        person = int(persons * rng.random() ** 2)
        about = _about(rng, person)
        for _ in range(min(EVENTS_A_SESSION, count - made)):
            at += timedelta(seconds=rng.expovariate(1 / 45))
            yield _event(rng, person, at, about)
            made += 1


def _about(rng: random.Random, person: int) -> dict[str, Any]:
    """What stays the same in a session."""
    of_person = random.Random(person)
    browser = of_person.choice(_BROWSERS)
    return {
        "$lib": "web",
        "$lib_version": "1.258.2",
        "$browser": browser,
        "$browser_version": of_person.randint(100, 126),
        "$os": of_person.choice(_SYSTEMS),
        "$os_version": "10.15.7",
        "$device_type": of_person.choice(["Desktop", "Desktop", "Mobile"]),
        "$raw_user_agent": _AGENT.format(browser),
        "$host": "app.acme.example",
        "$referrer": "https://www.google.com/search?q=acme",
        "$referring_domain": "www.google.com",
        "$session_id": str(uuid.UUID(int=rng.getrandbits(128))),
        "$window_id": str(uuid.UUID(int=rng.getrandbits(128))),
        "$device_id": str(uuid.UUID(int=of_person.getrandbits(128))),
        "$timezone": "Europe/Berlin",
        "$geoip_country_code": of_person.choice(_COUNTRIES),
        "$geoip_city_name": f"City {of_person.randint(1, 200)}",
        "$screen_height": 1080,
        "$screen_width": 1920,
        "$viewport_height": 949,
        "$viewport_width": 1872,
        "plan": of_person.choice(["free", "free", "starter", "growth"]),
        "email": f"user{person}@acme.example",
        "org": f"org_{person % 500}",
        "$active_feature_flags": [],
        "$is_identified": True,
    }


def _event(rng: random.Random, person: int, at: datetime, about: dict[str, Any]) -> dict[str, Any]:
    page = int(PAGES * rng.random() ** 2)
    path = f"/{_SECTIONS[page % len(_SECTIONS)]}/{page:04}-page"
    kind = rng.random()
    name = "$pageview" if kind < 0.5 else "$autocapture" if kind < 0.75 else rng.choice(_NAMES)
    return {
        "uuid": str(uuid.UUID(int=rng.getrandbits(128))),
        "event": name,
        "distinct_id": f"user_{person}",
        "timestamp": at.isoformat(),
        "properties": {
            **about,
            "$current_url": f"https://app.acme.example{path}",
            "$pathname": path,
            "$insert_id": f"{rng.getrandbits(64):016x}",
            "$time": round(at.timestamp(), 3),
            "amount": round(rng.expovariate(1 / 60), 2),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=300_000)
    count = parser.parse_args().events
    from insights_local.importer import import_file
    from insights_local.stack import Stack

    with tempfile.TemporaryDirectory(prefix="insights-bench-") as directory:
        path = Path(directory) / "events.jsonl"
        with path.open("wb") as file:
            file.writelines(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events(count))
        print(f"{count:,} events, {path.stat().st_size / count:.0f} bytes each")
        with Stack() as stack:
            started, used = time.perf_counter(), time.process_time()
            report = import_file(stack.services, stack.project_id, path)
            seconds, used = time.perf_counter() - started, time.process_time() - used
    assert report.loaded == count and not report.bad, report
    print(
        f"{seconds:.1f} s: {count / seconds:,.0f} events a second, {used / count * 1e6:.0f} µs of processor time each"
    )


if __name__ == "__main__":
    main()
