"""Who there is: organizations, users, their memberships, roles, invites and personal keys. Plain data, no I/O."""

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
    # Without the first no access rule counts, without the second none that names a role.
    features: tuple[str, ...] = ("access_control", "role_based_access")
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
    # Ids of the member's roles, so that a decision needs no further read.
    roles: tuple[str, ...] = ()
    updated_at: str = ""
    version: int = 1

    @classmethod
    def from_item(cls, item: Item) -> Membership:
        fields = _fields(cls, item)
        return cls(**{**fields, "level": Level(fields["level"])})

    @property
    def is_admin(self) -> bool:
        return self.level >= Level.ADMIN


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of members. One that `is_deleted` is being taken from its members, and no read but that sees it."""

    id: str
    organization_id: str
    name: str
    created_at: str = ""
    created_by: str | None = None
    is_deleted: bool = False
    version: int = 1

    @classmethod
    def from_item(cls, item: Item) -> Role:
        return cls(**_fields(cls, item))


@dataclass(frozen=True, slots=True)
class RoleMember:
    """One member in one role. The id follows from both, so nobody is in a role twice."""

    id: str
    role_id: str
    membership_id: str
    user_id: str
    joined_at: str = ""

    @classmethod
    def from_item(cls, item: Item) -> RoleMember:
        return cls(**_fields(cls, item))


@dataclass(frozen=True, slots=True)
class Invite:
    """A place in an organization for whoever has the token, of which only the hash is kept."""

    id: str
    hash: str
    organization_id: str
    target_email: str
    level: Level
    created_by: str
    ends_at: str
    first_name: str = ""
    message: str | None = None
    created_at: str = ""
    version: int = 1

    @classmethod
    def from_item(cls, item: Item) -> Invite:
        fields = _fields(cls, item)
        return cls(**{**fields, "level": Level(fields["level"])})


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
        return cls(**_fields(cls, item))


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


Record = Organization | User | Membership | Role | RoleMember | Invite | PersonalKey


def item_of(record: Record, key: tuple[str, str]) -> Item:
    fields = {name: _plain(value) for name, value in asdict(record).items()}
    return {"pk": key[0], "sk": key[1], **fields}


def moment(now: datetime) -> str:
    """The API's form of a moment: `2025-01-31T12:00:00.000000Z`."""
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, Level) else value


def _fields(cls: type[Any], item: Item) -> dict[str, Any]:
    """What the item has; lists are tuples in a record."""
    found = {name: item[name] for name in cls.__slots__ if name in item}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
