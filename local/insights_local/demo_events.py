"""From a visit to its events: a walk over the site map, with what people do on each page.

A visit's events depend on the seed and the visit's number alone, so that a load can go on at any visit.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from insights_local import demo_world as world
from insights_local.demo_people import Person, Visit, pick, timestamp, uuid7

Event = dict[str, Any]

_LONGEST_WALK = 24
_CLICK = 'button.btn:attr__class="btn"nth-child="1"nth-of-type="1"text="Start free";main:nth-child="2"'


def events_of(visit: Visit, rng: random.Random, now: datetime) -> list[Event]:
    """In order of time; nothing after `now`."""
    if visit.kind == "subscription_paid":
        return [_payment(visit, rng)]
    return [event for at, event in _Walk(visit, rng).events() if at <= now]


def _payment(visit: Visit, rng: random.Random) -> Event:
    """Sent by the server: no browser and no session."""
    plan = visit.person.plan or world.PLANS[0]
    properties = {"plan": plan.name, "amount": plan.monthly_amount, "currency": "USD", "$lib": "python"}
    return _event("subscription_paid", visit.person, visit.person.user_id, visit.at, properties, rng)


class _Walk:
    """One visit, as a browser would report it."""

    def __init__(self, visit: Visit, rng: random.Random) -> None:
        self.visit, self.person, self.rng = visit, visit.person, rng
        self.at = visit.at
        self.distinct_id = visit.distinct_id
        self.common = self._common()

    def events(self) -> Iterator[tuple[datetime, Event]]:
        visit = self.visit
        if visit.kind in ("browse", "signed_up"):
            yield from self._wander(pick(self.rng, world.ENTRANCES), leaves_early=visit.kind == "signed_up")
        if visit.kind == "signed_up":
            yield from self._sign_up()
        if visit.kind == "identify":
            yield from self._page("/login")
            yield self._identify()
        if visit.kind in world.MILESTONES and visit.kind != "signed_up":
            yield from self._page("/app/home")
            yield from self._page(world.MILESTONES[visit.kind])
            yield self._emit(visit.kind, self._milestone_properties())
        if visit.kind != "browse":
            yield from self._wander("/app/home", leaves_early=False)

    def _wander(self, page: str, *, leaves_early: bool) -> Iterator[tuple[datetime, Event]]:
        for step in range(_LONGEST_WALK):
            yield from self._page(page)
            if page in world.DEEDS:
                name, likelihood = world.DEEDS[page]
                if self.rng.random() < likelihood:
                    yield self._emit(name, self._deed_properties(name))
            page = pick(self.rng, world.SITE[page])
            if page == world.LEAVE or (leaves_early and step == 2):
                return

    def _page(self, page: str) -> Iterator[tuple[datetime, Event]]:
        path = page.replace("*", str(self.person.number % 40 + self.rng.randrange(3) + 1))
        self.common["$pathname"] = path
        self.common["$current_url"] = f"https://{world.HOST}{path}"
        yield self._emit("$pageview", {"title": page.strip("/").replace("/", " - ").title() or "Taskvale"})
        self.at += timedelta(seconds=3 + self.rng.lognormvariate(3.0, 0.9))
        if self.rng.random() < 0.25:
            yield self._emit("$pageleave", {"$prev_pageview_duration": round(self.rng.lognormvariate(3.0, 0.9), 1)})

    def _sign_up(self) -> Iterator[tuple[datetime, Event]]:
        at, click = self._emit("$autocapture", {"$event_type": "click", "$el_text": "Start free"})
        yield at, click | {"elements_chain": _CLICK}
        yield from self._page("/signup")
        yield self._identify()
        method = self.rng.choices(("google", "email", "sso"), (55, 38, 7))[0]
        yield self._emit("signed_up", {"method": method})

    def _identify(self) -> tuple[datetime, Event]:
        """From here on the browser sends the user's own id."""
        anonymous, self.distinct_id = self.distinct_id, self.person.user_id
        return self._emit("$identify", {"$anon_distinct_id": anonymous})

    def _milestone_properties(self) -> dict[str, Any]:
        kind, rng = self.visit.kind, self.rng
        if kind == "project_created":
            return {"template": rng.choice(("blank", "kanban", "timeline", "weekly plan"))}
        if kind == "teammate_invited":
            return {"invitations": min(1 + int(rng.expovariate(0.6)), 12)}
        plan = self.person.plan or world.PLANS[0]
        seats = 1 + int(rng.expovariate(1 / 6))
        return {"plan": plan.name, "seats": seats, "amount": plan.monthly_amount + 7 * seats, "currency": "USD"}

    def _deed_properties(self, name: str) -> dict[str, Any]:
        rng = self.rng
        if name == "task_completed":
            priority = rng.choices(("low", "normal", "high"), (30, 55, 15))[0]
            return {"priority": priority, "days_open": int(rng.expovariate(0.3))}
        if name == "file_uploaded":
            kind = rng.choice(("pdf", "png", "docx", "csv"))
            return {"file_type": kind, "size_kb": int(rng.lognormvariate(6, 1.3)) + 1}
        return {"format": rng.choices(("pdf", "csv", "xlsx"), (50, 35, 15))[0], "rows": int(rng.lognormvariate(5, 1))}

    def _emit(self, name: str, properties: dict[str, Any]) -> tuple[datetime, Event]:
        self.at += timedelta(milliseconds=200 + self.rng.randrange(4000))
        merged = self.common | properties
        return self.at, _event(name, self.person, self.distinct_id, self.at, merged, self.rng)

    def _common(self) -> dict[str, Any]:
        visit, person, device = self.visit, self.person, self.visit.device
        common = {
            "$host": world.HOST,
            "$session_id": uuid7(self.rng, visit.at),
            "$browser": device.browser,
            "$browser_version": device.browser_version,
            "$os": device.os,
            "$os_version": device.os_version,
            "$device_type": device.type,
            "$geoip_country_code": person.country.code,
            "$geoip_city_name": person.city,
            "$timezone": person.country.timezone,
            "$lib": "web",
            "$lib_version": "1.240.6",
            "$referrer": "$direct",
            "$referring_domain": "$direct",
        }
        if visit.is_first:
            source = person.source
            common |= {"$referrer": source.referrer, "$referring_domain": source.domain}
            if source.utm_source:
                common |= {
                    "utm_source": source.utm_source,
                    "utm_medium": source.utm_medium,
                    "utm_campaign": source.utm_campaign,
                }
        return common


def _event(
    name: str, person: Person, distinct_id: str, at: datetime, properties: dict[str, Any], rng: random.Random
) -> Event:
    event: Event = {
        "event": name,
        "distinct_id": distinct_id,
        "timestamp": timestamp(at),
        "uuid": uuid7(rng, at),
        "properties": properties,
    }
    if person.organization and distinct_id == person.user_id:
        event["groups"] = {"organization": person.organization}
    return event
