"""How often reports are sent by hand: tests and changes apart, by the hour, one test at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from insights_api import deliveries, subscription_limits
from insights_api.deliveries import Wanted
from insights_api.subscription_limits import MOST_CHANGES, MOST_TESTS, check_change, check_count, check_test
from insights_engine.errors import Conflict, Throttled, ValidationError
from insights_engine.store import Store

# Of a year that no store has come to, so that nothing of it has expired.
NOW = datetime(2101, 3, 7, 9, 0, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
ITEM = {"id": 7}


def sent(
    store: Store, at: datetime, trigger: Any = "manual", *, owner: str = "7", project: int = 1, ends: bool = True
) -> None:
    wanted = Wanted(project, "subscription", owner, trigger, "email", "a@example.com", ["a@example.com"])
    begun, writes = deliveries.begun(wanted, at)
    store.transact(writes)
    if ends:
        deliveries.finished(store, begun, "completed", None, at)


def seconds(refused: pytest.ExceptionInfo[Throttled]) -> int:
    return int(dict(refused.value.headers)["Retry-After"])


@pytest.mark.parametrize(
    ("check", "trigger", "most"), [(check_test, "manual", MOST_TESTS), (check_change, "target_change", MOST_CHANGES)]
)
def test_an_hour_has_so_many(store: Store, check: Any, trigger: str, most: int) -> None:
    """What was sent just an hour ago has left it; the refusal says when the next one does."""
    sent(store, NOW - HOUR, trigger)
    for number in range(most):
        check(store, 1, ITEM, NOW)
        sent(store, NOW - HOUR + SECOND + number * MINUTE, trigger)
    with pytest.raises(Throttled) as refused:
        check(store, 1, ITEM, NOW)
    assert seconds(refused) == 1
    check(store, 1, ITEM, NOW + SECOND)


def test_more_than_there_may_be_are_waited_for(store: Store) -> None:
    """As when the limit was another: there is room once as many as it lets be are left, less one."""
    for number in range(MOST_TESTS + 3):
        sent(store, NOW - HOUR + (number + 1) * MINUTE)
    with pytest.raises(Throttled) as refused:
        check_test(store, 1, ITEM, NOW)
    assert seconds(refused) == 4 * 60
    check_test(store, 1, ITEM, NOW + 4 * MINUTE)


@pytest.mark.parametrize(
    "other", [{"trigger": "scheduled"}, {"trigger": "target_change"}, {"owner": "8"}, {"owner": "77"}, {"project": 2}]
)
def test_only_its_own_and_those_by_hand_count(store: Store, other: dict[str, Any]) -> None:
    for _ in range(MOST_TESTS):
        sent(store, NOW, **other, ends=False)
    check_test(store, 1, ITEM, NOW)


def test_one_test_at_a_time(store: Store) -> None:
    sent(store, NOW, ends=False)
    with pytest.raises(Conflict, match="under way"):
        check_test(store, 1, ITEM, NOW + MINUTE)
    check_change(store, 1, ITEM, NOW)


def test_a_project_has_so_many_that_are_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription_limits, "MOST_SUBSCRIPTIONS", 2)
    live, deleted = {"deleted": False}, {"deleted": True}
    check_count([live, deleted, deleted])
    with pytest.raises(ValidationError, match="limited to 2 subscriptions"):
        check_count([live, deleted, live])
