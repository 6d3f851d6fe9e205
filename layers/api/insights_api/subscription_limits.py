"""How often somebody may have reports sent by hand: each may go to fifty people who never asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from insights_engine.errors import Conflict, Throttled, ValidationError
from insights_engine.store import Item, Store

from insights_api import deliveries

# Of one project, those that are not deleted.
MOST_SUBSCRIPTIONS = 1000
# Of one subscription in an hour: tests, and reports because recipients were added or a pause ended.
MOST_TESTS, MOST_CHANGES = 10, 20
_HOUR = timedelta(hours=1)
_LOOKED_AT = 100


def check_count(subscriptions: Iterable[Item]) -> None:
    """Raises ValidationError where there is no room for one more."""
    if sum(not item["deleted"] for item in subscriptions) >= MOST_SUBSCRIPTIONS:
        raise ValidationError(f"A project is limited to {MOST_SUBSCRIPTIONS} subscriptions.")


def check_test(store: Store, project_id: int, item: Item, now: datetime) -> None:
    """One at a time, and not too many. Raises Conflict, Throttled."""
    tests = _set_off(store, project_id, item, "manual")
    if any(one["status"] == "starting" for one in tests):
        raise Conflict("A test delivery of this subscription is under way.")
    _check(tests, MOST_TESTS, now)


def check_change(store: Store, project_id: int, item: Item, now: datetime) -> None:
    """Raises Throttled."""
    _check(_set_off(store, project_id, item, "target_change"), MOST_CHANGES, now)


def _set_off(store: Store, project_id: int, item: Item, trigger: deliveries.Trigger) -> list[Item]:
    """The newest first."""
    found = deliveries.of_owner(store, project_id, "subscription", str(item["id"]), limit=_LOOKED_AT)
    return [one for one in found if one["trigger_type"] == trigger]


def _check(found: list[Item], most: int, now: datetime) -> None:
    lately = [one for one in found if datetime.fromisoformat(one["created_at"]) > now - _HOUR]
    if len(lately) >= most:
        oldest = datetime.fromisoformat(lately[most - 1]["created_at"])
        raise Throttled((oldest - (now - _HOUR)).total_seconds())
