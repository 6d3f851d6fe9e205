"""Groups: which index a group type has, and what `$groupidentify` makes of a group.

The index of a type is its place in the project's `group_types`, in the order of first use; the list is written
conditionally, so that consumers at work side by side agree. A type beyond the fifth has no index: it is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from insights_engine import keys
from insights_engine.ingest.persons import MAX_PROPERTIES_BYTES
from insights_engine.project import MAX_GROUP_TYPES
from insights_engine.store import ConflictError, Item, Store

MAX_KEY_LENGTH = 400
MAX_TYPE_LENGTH = 400
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class GroupChange:
    """`set` is merged into the group's properties. `created_at` is told by an import."""

    type: str
    key: str
    at: str
    set: Mapping[str, Any] = field(default_factory=dict)
    created_at: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    index: int
    key: str
    created_at: str
    properties: dict[str, Any]
    version: int


class Groups:
    """The groups of one project in the policies store."""

    def __init__(self, store: Store, project_id: int) -> None:
        self._store = store
        self._project_id = project_id
        self._indexes: dict[str, int] = {}

    def indexes(self, types: Iterable[str]) -> dict[str, int]:
        """The index of each type that has one; new types are recorded in the order given."""
        types = list(dict.fromkeys(types))
        for _ in range(_ATTEMPTS):
            missing = [name for name in types if name not in self._indexes]
            if not missing or len(self._indexes) >= MAX_GROUP_TYPES:
                break
            item = self._project()
            known = list(item.get("group_types") or ())
            added = [name for name in missing if name not in known][: MAX_GROUP_TYPES - len(known)]
            if not added or self._write_types(item, known + added):
                self._indexes = {name: index for index, name in enumerate(known + added)}
                break
        return {name: self._indexes[name] for name in types if name in self._indexes}

    def change(self, changes: Sequence[GroupChange]) -> list[Group]:
        """Carry the changes out, in order; gives back the groups as they are now, changed or not."""
        indexes = self.indexes(change.type for change in changes)
        by_group: dict[tuple[int, str], list[GroupChange]] = {}
        for change in changes:
            if change.type in indexes:
                by_group.setdefault((indexes[change.type], change.key), []).append(change)
        held = self._store.get_many([keys.group(self._project_id, index, key) for index, key in by_group])
        return [
            self._change(index, key, wanted, item)
            for ((index, key), wanted), item in zip(by_group.items(), held, strict=True)
        ]

    def _change(self, index: int, key: str, changes: Sequence[GroupChange], item: Item | None) -> Group:
        pk, sk = keys.group(self._project_id, index, key)
        for _ in range(_ATTEMPTS):
            before = orjson.loads(item["properties"]) if item else {}
            properties = dict(before)
            created_at = item["created_at"] if item else changes[0].at
            for change in changes:
                properties |= change.set
                created_at = change.created_at or created_at
            text = orjson.dumps(properties).decode()
            if len(text.encode()) > MAX_PROPERTIES_BYTES:
                properties, text = before, orjson.dumps(before).decode()
            version = item["version"] if item else 0
            if item and properties == before and created_at == item["created_at"]:
                return Group(index, key, created_at, before, version)
            after = {"pk": pk, "sk": sk, "created_at": created_at, "properties": text, "version": version + 1}
            try:
                self._store.put(after, version if item else "absent")
            except ConflictError:
                item = self._store.get(pk, sk)
                continue
            return Group(index, key, created_at, properties, version + 1)
        raise ConflictError(f"Group {index} {key[:50]!r} is being changed by others")

    def _project(self) -> Item:
        item = self._store.get(*keys.project(self._project_id))
        if item is None:
            raise LookupError(f"Project {self._project_id} does not exist")
        return item

    def _write_types(self, item: Item, types: list[str]) -> bool:
        version = item.get("version")
        try:
            self._store.put(
                {**item, "group_types": types, "version": (version or 0) + 1},
                "present" if version is None else version,
            )
        except ConflictError:
            return False
        return True


def group_key(value: Any) -> str:
    """A key as text: numbers as JSON writes them; "" for nothing."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    return (value if isinstance(value, str) else orjson.dumps(value).decode())[:MAX_KEY_LENGTH]


def group_keys(value: Any) -> dict[str, str]:
    """`{"company": "acme"}` of `$groups`, without what cannot be a group."""
    if not isinstance(value, dict):
        return {}
    pairs = ((name[:MAX_TYPE_LENGTH], group_key(key)) for name, key in value.items() if name)
    return {name: key for name, key in pairs if key}
