"""Who the demo's people are, and when each of them comes: one plan a person, made before any event is.

1. Three in ten signed up before the window begins; the rest arrive in it, more each week, and fewer at weekends.
2. Of those who arrive, two in five sign up; each later milestone is reached by a part of those before it.
3. How often a person comes back falls with the time since signing up, and less for those who made a project.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any

from insights_local import demo_world as world

DAYS = 90
_SIGN_UP, _ACTIVATE, _INVITE, _UPGRADE, _UPGRADE_ALONE = 0.42, 0.68, 0.45, 0.4, 0.07
_SECOND_DEVICE = 0.12
_WEEKDAYS = (1.0, 1.08, 1.1, 1.04, 0.86, 0.38, 0.34)


@dataclass(frozen=True, slots=True)
class Visit:
    """`kind` is browse, use, identify (signing in on a second device), subscription_paid or a milestone."""

    at: datetime
    person: Person = field(repr=False)
    kind: str = "use"
    distinct_id: str = ""
    device: world.Device = world.DEVICES[0]
    is_first: bool = False


@dataclass(slots=True)
class Person:
    number: int
    country: world.Country
    city: str
    device: world.Device
    source: world.Source
    created_at: datetime
    anonymous_id: str
    # Empty: this person never signed up.
    user_id: str = ""
    organization: str = ""
    plan: world.Plan | None = None
    second_anonymous_id: str = ""
    role: str = ""
    name: str = ""
    visits: list[Visit] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """As the bulk import reads it: the ids of all devices, from before and after signing in, are one person."""
        ids = [self.user_id, self.anonymous_id, self.second_anonymous_id]
        return {
            "distinct_ids": [i for i in ids if i],
            "is_identified": bool(self.user_id),
            "created_at": timestamp(self.created_at),
            "properties": self.properties(),
        }

    def properties(self) -> dict[str, Any]:
        properties: dict[str, Any] = {
            "$geoip_country_code": self.country.code,
            "$geoip_city_name": self.city,
            "$initial_referring_domain": self.source.domain,
        }
        if self.source.utm_source:
            properties["$initial_utm_source"] = self.source.utm_source
        if self.user_id:
            properties |= {
                "email": self.user_id + "@mail.example",
                "name": self.name,
                "role": self.role,
                "plan": self.plan.name if self.plan else "free",
            }
        return properties


@dataclass(frozen=True, slots=True)
class Organization:
    key: str
    properties: dict[str, Any]

    def row(self) -> dict[str, Any]:
        return {"type": "organization", "key": self.key, "properties": self.properties}


def timestamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def pick[T](rng: random.Random, weighted: Sequence[tuple[T, int]]) -> T:
    return rng.choices([value for value, _ in weighted], cum_weights=_cumulative(tuple(w for _, w in weighted)))[0]


def pick_row[T: (world.Country, world.Device, world.Source, world.Plan)](rng: random.Random, table: Sequence[T]) -> T:
    return rng.choices(table, cum_weights=_cumulative(tuple(row.weight for row in table)))[0]


@lru_cache(maxsize=256)
def _cumulative(weights: tuple[int, ...]) -> list[int]:
    return list(accumulate(weights))


def uuid7(rng: random.Random, at: datetime) -> str:
    """Time-ordered, as browsers make them, from the demo's own randomness."""
    value = int(at.timestamp() * 1000) << 80 | 7 << 76 | rng.getrandbits(12) << 64 | 2 << 62 | rng.getrandbits(62)
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def organizations(rng: random.Random, count: int) -> list[Organization]:
    made = []
    for number in range(count):
        name = f"{rng.choice(world.FIRST_WORDS)} {rng.choice(world.SECOND_WORDS)}"
        properties = {
            "name": f"{name} {number + 1}",
            "industry": rng.choice(world.INDUSTRIES),
            "employees": int(rng.lognormvariate(3.4, 1.1)) + 2,
            "country": pick_row(rng, world.COUNTRIES).code,
        }
        made.append(Organization(f"org_{number + 1}", properties))
    return made


def people(rng: random.Random, count: int, now: datetime, employers: Sequence[Organization]) -> list[Person]:
    """Everybody with their visits inside the window, which ends with `now`."""
    first_day = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    days = [first_day + timedelta(days=n) for n in range(DAYS)]
    arrivals = list(accumulate(_WEEKDAYS[day.weekday()] * (1 + n / DAYS) for n, day in enumerate(days)))
    made = []
    for number in range(count):
        is_old = number < count * 3 // 10
        earlier = first_day - timedelta(days=rng.randint(1, 200))
        arrives = earlier if is_old else rng.choices(days, cum_weights=arrivals)[0]
        person = _person(rng, number, arrives, now)
        if is_old or rng.random() < _SIGN_UP:
            _sign_up(rng, person, employers)
            _plan_member(rng, person, first_day, now, is_old=is_old)
        else:
            _plan_visitor(rng, person, now)
        person.visits = [visit for visit in person.visits if first_day <= visit.at <= now]
        made.append(person)
    return made


def _person(rng: random.Random, number: int, arrives: datetime, now: datetime) -> Person:
    country = pick_row(rng, world.COUNTRIES)
    at = _moment(rng, arrives, country)
    if at > now:
        at -= timedelta(days=1)
    return Person(
        number=number,
        country=country,
        city=rng.choice(country.cities),
        device=pick_row(rng, world.DEVICES),
        source=pick_row(rng, world.SOURCES),
        created_at=at,
        anonymous_id=uuid7(rng, at),
    )


def _sign_up(rng: random.Random, person: Person, employers: Sequence[Organization]) -> None:
    first, last = rng.choice(world.FIRST_NAMES), rng.choice(world.LAST_NAMES)
    person.user_id = f"{first}.{last}.{person.number + 1}".lower()
    person.name, person.role = f"{first} {last}", pick(rng, world.ROLES)
    if rng.random() < 0.86:
        # Squared: a few organizations have many members, most have few.
        person.organization = employers[int(len(employers) * rng.random() ** 2)].key
    if rng.random() < _SECOND_DEVICE:
        person.second_anonymous_id = uuid7(rng, person.created_at + timedelta(days=1))


def _plan_visitor(rng: random.Random, person: Person, now: datetime) -> None:
    at, first = person.created_at, True
    while at <= now:
        person.visits.append(Visit(at, person, "browse", person.anonymous_id, person.device, first))
        if rng.random() > 0.3:
            return
        at, first = at + timedelta(hours=rng.uniform(3, 90)), False


def _plan_member(rng: random.Random, person: Person, first_day: datetime, now: datetime, *, is_old: bool) -> None:
    at, first = person.created_at, True
    while rng.random() < 0.4 and (later := at + timedelta(hours=rng.uniform(2, 60))) <= now:
        person.visits.append(Visit(at, person, "browse", person.anonymous_id, person.device, first))
        at, first = later, False
    person.visits.append(Visit(at, person, "signed_up", person.anonymous_id, person.device, first))
    activated = _milestones(rng, person, at, is_old=is_old)
    _come_back(rng, person, max(at, first_day), now, at, activated)
    _second_device(rng, person, max(at, first_day))
    _payments(rng, person, now)


def _milestones(rng: random.Random, person: Person, signed_up: datetime, *, is_old: bool) -> bool:
    if rng.random() > _ACTIVATE:
        return False
    at = signed_up + timedelta(hours=1 + rng.expovariate(1 / 8))
    _member_visit(person, at, "project_created")
    invited = rng.random() < _INVITE
    if invited:
        at += timedelta(hours=4 + rng.expovariate(1 / 70))
        _member_visit(person, at, "teammate_invited")
    if rng.random() < (_UPGRADE if invited or is_old else _UPGRADE_ALONE):
        person.plan = pick_row(rng, world.PLANS)
        _member_visit(person, at + timedelta(hours=20 + rng.expovariate(1 / 150)), "plan_upgraded")
    return True


def _come_back(
    rng: random.Random, person: Person, start: datetime, now: datetime, signed_up: datetime, activated: bool
) -> None:
    """The chance of a visit on a day falls to a floor that those who made a project have at twice the height."""
    height, floor, fade = (0.62, 0.2, 24.0) if activated else (0.34, 0.03, 8.0)
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= now:
        age = (day - signed_up) / timedelta(days=1)
        chance = (floor + (height - floor) * math.exp(-age / fade)) * _WEEKDAYS[day.weekday()]
        if day > signed_up and rng.random() < chance:
            _member_visit(person, _moment(rng, day, person.country), "use")
        day += timedelta(days=1)


def _second_device(rng: random.Random, person: Person, start: datetime) -> None:
    """A look from a phone as somebody unknown, then signing in there."""
    if not person.second_anonymous_id:
        return
    phone = pick_row(rng, world.PHONES)
    at = start + timedelta(days=rng.uniform(1, 40))
    person.visits.append(Visit(at, person, "browse", person.second_anonymous_id, phone))
    at += timedelta(hours=rng.uniform(2, 30))
    person.visits.append(Visit(at, person, "identify", person.second_anonymous_id, phone))


def _payments(rng: random.Random, person: Person, now: datetime) -> None:
    """Monthly from the upgrade on, until somebody cancels."""
    upgraded = next((visit.at for visit in person.visits if visit.kind == "plan_upgraded"), None)
    while upgraded is not None and upgraded <= now:
        _member_visit(person, upgraded + timedelta(minutes=2), "subscription_paid")
        upgraded = upgraded + timedelta(days=30) if rng.random() < 0.95 else None


def _member_visit(person: Person, at: datetime, kind: str) -> None:
    person.visits.append(Visit(at, person, kind, person.user_id, person.device))


def _moment(rng: random.Random, day: datetime, country: world.Country) -> datetime:
    """Some time of the person's waking day, mostly in office hours."""
    hour = min(max(rng.gauss(13.5, 3.4), 6.0), 23.5) - country.hours_from_utc
    return day.replace(tzinfo=UTC) + timedelta(hours=hour, milliseconds=rng.randrange(1000))
