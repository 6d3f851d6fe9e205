"""What is delivered, whatever brings it: plain data, made once for a delivery and sent to each of its recipients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of an insight as people read them. `left_out`: rows that there are beside those shown.

    `is_newest_last`: where there is room for a part only, the last rows are worth more than the first. `is_cut`: the
    answer has not all rows that there are, nor have the files.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    left_out: int = 0
    is_newest_last: bool = False
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One insight as it is now; with `error` why there is nothing to see of it, and then nothing but its name.

    `image_url`: where the picture can be fetched without a login, for what shows pictures by address alone. `may_pass`:
    the error is that of a moment.
    """

    insight_id: int
    name: str
    url: str
    error: str | None = None
    png: bytes | None = None
    image_url: str | None = None
    table: Table | None = None
    csv: bytes | None = None
    json: bytes | None = None
    may_pass: bool = False


@dataclass(frozen=True, slots=True)
class Invitation:
    """For a recipient who is new: who put them there, null for themselves, and what was said."""

    by: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """`name` is the insight's, the dashboard's or the alert's; `total` counts the insights of a dashboard, of which
    `parts` may be fewer. `begun_at` is the same at every attempt; `at`: when it was made. `message` is what an alert
    has to say. `summary`: `sent every day`; `next_at`: when again.
    """

    delivery_id: str
    project_id: int
    subject: Literal["insight", "dashboard", "alert"]
    name: str
    url: str
    manage_url: str
    begun_at: datetime
    at: datetime
    timezone: str
    parts: tuple[Part, ...]
    total: int
    summary: str = ""
    next_at: datetime | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where a delivery goes. `integration` holds what a Slack integration needs to post; `secret` signs webhooks."""

    type: str
    value: str
    integration: Mapping[str, Any] | None = field(default=None, repr=False)
    secret: str = field(default="", repr=False)
    attach_csv: bool = False
    # The people's way out: the address that takes a recipient off the list, where there is one.
    unsubscribe_urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    invitations: Mapping[str, Invitation] = field(default_factory=dict)


class Undelivered(Exception):
    """Surely nothing was delivered. `is_lasting`: trying again does not help, and the target is broken for good."""

    def __init__(self, reason: str, *, is_lasting: bool = False) -> None:
        super().__init__(reason)
        self.is_lasting = is_lasting


class Unknown(Exception):
    """Nobody can say whether it was delivered: the connection was lost after the request had gone out."""


class Channel(Protocol):
    """One way to bring a report to somebody."""

    # Whether the other side drops a repeat of the same delivery, so that one of unknown outcome can be sent again.
    is_repeatable: bool

    def recipients(self, target: Target) -> list[str]:
        """Each of them gets the report by a `deliver` of its own."""
        ...

    def deliver(self, report: Report, target: Target, recipient: str) -> str | None:
        """Raises Undelivered, Unknown. What was delivered for a part is never taken back; what of it was not is said in
        a note for the record.
        """
        ...
