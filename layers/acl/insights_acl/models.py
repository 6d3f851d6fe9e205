"""Who there is: organizations, users, their memberships and their personal keys. Plain data, no I/O."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from insights_engine.errors import unknown
from insights_engine.project import Project
from insights_engine.store import Item


class Level(IntEnum):
    """What a member is in an organization; the numbers are the API's."""

    MEMBER = 1
    ADMIN = 8
    OWNER = 15

    @classmethod
    def of(cls, name: str) -> Level:
        if not isinstance(name, str) or name.upper() not in cls.__members__:
            raise unknown("level", name, (level.label for level in cls))
        return cls[name.upper()]

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Organization:
    id: str
    name: str
    created_at: str = ""
    # False: only admins and owners may use personal keys on its projects.
    members_can_use_personal_api_keys: bool = True
    version: int = 1

    @classmethod
    def from_item(cls, item: Item) -> Organization:
        return cls(**_fields(cls, item))


@dataclass(frozen=True, slots=True)
class User:
    """`uuid` is the identity; `id` is the number that upstream's clients expect beside it."""

    uuid: str
    id: int
    email: str
    first_name: str = ""
    is_active: bool = True
    # What `@current` means; null, or one the user has no part in any more: the first that there is.
    current_project_id: int | None = None
    current_organization_id: str | None = None
    created_at: str = ""
    version: int = 1

    @classmethod
    def from_item(cls, item: Item) -> User:
        return cls(**_fields(cls, item))

    def as_author(self) -> dict[str, Any]:
        """How other objects name the one who made them (`created_by`)."""
        return {
            "id": self.id,
            "uuid": self.uuid,
            "distinct_id": self.uuid,
            "first_name": self.first_name,
            "last_name": "",
            "email": self.email,
        }


@dataclass(frozen=True, slots=True)
class Membership:
    id: str
    user_id: str
    organization_id: str
    level: Level
    joined_at: str = ""
    version: int = 1

    @classmethod
    def from_item(cls, item: Item) -> Membership:
        fields = _fields(cls, item)
        return cls(**{**fields, "level": Level(fields["level"])})

    @property
    def is_admin(self) -> bool:
        return self.level >= Level.ADMIN


@dataclass(frozen=True, slots=True)
class PersonalKey:
    """A key acts with its user's rights, narrowed by scopes and by the projects and organizations it names."""

    id: str
    hash: str
    user_id: str
    label: str
    mask_value: str
    scopes: tuple[str, ...]
    scoped_teams: tuple[int, ...] = ()
    scoped_organizations: tuple[str, ...] = ()
    created_at: str = ""
    last_used_at: str | None = None
    version: int = 1

    @classmethod
    def from_item(cls, item: Item) -> PersonalKey:
        fields = _fields(cls, item)
        for name in ("scopes", "scoped_teams", "scoped_organizations"):
            fields[name] = tuple(fields.get(name) or ())
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class StoredProject:
    """A project, the settings that change no answer, and the version that a conditional write compares."""

    project: Project
    settings: dict[str, Any]
    created_at: str
    version: int

    @classmethod
    def from_item(cls, item: Item) -> StoredProject:
        settings = dict(item.get("settings") or {})
        return cls(Project.from_item(item), settings, item.get("created_at") or "", int(item.get("version", 1)))


def item_of(record: Organization | User | Membership | PersonalKey, key: tuple[str, str]) -> Item:
    fields = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(record).items()}
    if isinstance(record, Membership):
        fields["level"] = int(record.level)
    return {"pk": key[0], "sk": key[1], **fields}


def moment(now: datetime) -> str:
    """The API's form of a moment: `2025-01-31T12:00:00.000000Z`."""
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _fields(cls: type[Any], item: Item) -> dict[str, Any]:
    return {name: item[name] for name in cls.__slots__ if name in item}
