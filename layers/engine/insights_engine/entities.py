"""What a series counts: an event by name, every event, or an action."""

from __future__ import annotations

from dataclasses import dataclass

ALL_EVENTS = "All events"


@dataclass(frozen=True, slots=True)
class EventEntity:
    """`event` None is every event."""

    event: str | None
    custom_name: str | None = None

    @property
    def label(self) -> str:
        return self.event if self.event is not None else ALL_EVENTS


@dataclass(frozen=True, slots=True)
class ActionEntity:
    action_id: int
    custom_name: str | None = None


Entity = EventEntity | ActionEntity
