"""What a series counts: an event by name, every event, an action, or any of several."""

from __future__ import annotations

from dataclasses import dataclass

from insights_engine.filters import Group

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


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Several events and actions as one: an event counts when it is any of them and passes that one's filter."""

    members: tuple[tuple[EventEntity | ActionEntity, Group], ...]
    name: str | None = None
    custom_name: str | None = None


Entity = EventEntity | ActionEntity | AnyOf


def action_ids(entity: Entity) -> set[int]:
    members = [member for member, _ in entity.members] if isinstance(entity, AnyOf) else [entity]
    return {member.action_id for member in members if isinstance(member, ActionEntity)}
