"""How many requests a key may make: who is over a rate of RATE_LIMITS is told when to come again (429).

A key, or a sharing link, has one item for each class of requests, with what it used lately, and a request that counts
is one conditional write: an environment remembers the item that it wrote last. A refused request writes nothing. A
limiter must not take the service down: where the store fails, requests pass, and a metric says how many.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from insights_engine import keys
from insights_engine.errors import Throttled
from insights_engine.http import add_header
from insights_engine.rate_classes import Rate, RateClass, rates_of
from insights_engine.services import Services
from insights_engine.store import Item, Key

from insights_acl.contended import change
from insights_acl.rate_windows import Budget, Used

if TYPE_CHECKING:
    from insights_acl.access import Access
    from insights_acl.permissions import Permission

_MOST_REMEMBERED = 1000
# After a failure the store is left alone for a while: who waits for its time limit waits once, not every time.
_BLIND_SECONDS = 10.0


def take(access: Access, name: RateClass) -> None:
    """Counts the request in a class: once, however often it is called. Raises Throttled where its rate is used up.

    Either way the answer's headers say what is left.
    """
    rate = rates_of(access.services.settings.rate_limits).get(name)
    if rate is not None:
        with access.counting:
            if name not in access.counted:
                _count(access, name, rate)


def _count(access: Access, name: RateClass, rate: Rate) -> None:
    at, memory = access.now.timestamp(), _memory_of(access.services)
    if memory.is_blind:
        _count_unknown()
        return
    try:
        used = _use(access, memory, keys.rate(_who(access), name), rate, at)
    except Throttled:
        raise
    except Exception as error:  # whatever it is, it is no reason to refuse an answer
        memory.look_away()
        _count_unknown()
        from insights_engine.log import logger

        logger().warning("a request is not counted", extra={"class": name, "why": repr(error)[:300]})
        return
    budget = used.budget(rate, at)
    access.counted[name] = budget.remaining
    if budget.remaining <= min(access.counted.values()):
        _say(budget)


def take_on_entry(access: Access) -> None:
    """For `authorize`: counts a request to a route that is counted whatever it comes to."""
    if access.permission.counted == "always":
        take(access, access.permission.limit)


def take_to_compute(access: Access) -> None:
    """Before a question is computed, or sent to be: counts the request, if it is not counted yet."""
    take(access, class_of(access.permission))


def class_of(permission: Permission) -> RateClass:
    """The class in which a computation counts: the route's own, or `analytics` where a route, such as a dashboard's,
    is about something else."""
    return "analytics" if permission.limit == "default" else permission.limit


def _use(access: Access, memory: _Memory, key: Key, rate: Rate, at: float) -> Used:
    """With this request. Raises Throttled: what is remembered suffices for that, as others only add to it."""

    def step(item: Item | None) -> Item:
        used = _used_of(item)
        if wait := used.wait(rate, at):
            _say(used.budget(rate, at))
            if item is not None:
                memory.keep(key, item)
            raise Throttled(wait)
        used = used.and_one(at)
        return {
            "minute": list(used.minute.items()),
            "hour": list(used.hour.items()),
            "expires_at": used.leaves(),
        }

    item = change(access.services.results, key, memory.recall(key, at), step, first_version=int(at * 1e6))
    assert item is not None, "a step that counts leaves nothing as it is"
    memory.keep(key, item)
    return _used_of(item)


def _used_of(item: Item | None) -> Used:
    return Used(dict(item["minute"]), dict(item["hour"])) if item else Used()


def _who(access: Access) -> str:
    if access.share is None:
        return access.key.id
    return f"SHARE#{access.share.project_id}#{access.share.kind}#{access.share.item['id']}"


def _say(budget: Budget) -> None:
    add_header("RateLimit-Limit", str(budget.limit))
    add_header("RateLimit-Remaining", str(budget.remaining))
    add_header("RateLimit-Reset", str(math.ceil(budget.reset)))


def _count_unknown() -> None:
    from insights_engine import metrics

    metrics.count("RateLimitUnknown", service="limits")


@dataclass
class _Memory:
    """What one environment knows of the items, as it last saw them: the keys that asked here latest."""

    items: OrderedDict[Key, Item] = field(default_factory=OrderedDict)
    blind_until: float = -math.inf
    lock: threading.Lock = field(default_factory=threading.Lock)  # the local stack has several threads in one

    @property
    def is_blind(self) -> bool:
        return time.monotonic() < self.blind_until

    def look_away(self) -> None:
        self.blind_until = time.monotonic() + _BLIND_SECONDS

    def recall(self, key: Key, at: float) -> Item | None:
        item = self.items.get(key)
        return item if item is not None and item["expires_at"] > at else None

    def keep(self, key: Key, item: Item) -> None:
        with self.lock:
            self.items[key] = item
            self.items.move_to_end(key)
            if len(self.items) > _MOST_REMEMBERED:
                self.items.popitem(last=False)


_memories: WeakKeyDictionary[Services, _Memory] = WeakKeyDictionary()


def _memory_of(services: Services) -> _Memory:
    return _memories.setdefault(services, _Memory())
