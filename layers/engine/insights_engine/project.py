"""What the engine has to know of a project: plain data, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

MAX_GROUP_TYPES = 5


@dataclass(frozen=True, slots=True)
class Project:
    """One project (upstream: team) and the settings that change answers."""

    id: int
    name: str = ""
    uuid: str = ""
    organization_id: str = ""
    api_token: str = ""
    timezone: str = "UTC"
    week_start_day: int | None = None
    test_account_filters: tuple[dict[str, Any], ...] = ()
    path_cleaning_filters: tuple[dict[str, Any], ...] = ()
    # Unique users are distinct ids, merged or not.
    aggregate_users_by_distinct_id: bool = False
    # What is compared to a month ago is four weeks earlier, to a year ago 52: the same weekdays.
    human_friendly_comparison_periods: bool = False
    # The zone that the stored `day` of the events was made in; equals `timezone` until the project changes its zone.
    days_timezone: str = "UTC"
    # True while persons were merged whose earlier events still carry the number of the one that is gone.
    has_pending_merges: bool = False
    # Index of a group type is its place here, in the order of first use.
    group_types: tuple[str, ...] = field(default=())

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> Project:
        """From the project's item in the policies store."""
        known = {name: item[name] for name in cls.__slots__ if item.get(name) is not None}
        for name in ("test_account_filters", "path_cleaning_filters", "group_types"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def weeks_start_on_monday(self) -> bool:
        """Sunday-first unless week_start_day is 1; null means Sunday."""
        return self.week_start_day == 1
