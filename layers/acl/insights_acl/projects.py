"""Projects: made, found, changed. What may stand in their settings is in `project_settings`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from insights_engine import keys as engine_keys
from insights_engine.errors import Conflict, NotFound
from insights_engine.store import ConflictError, Delete, Item, Put, Store, Write

from insights_acl import fields, keys, tokens
from insights_acl.models import Organization, StoredProject, moment
from insights_acl.project_settings import checked_settings

_ATTEMPTS = 5


def create_project(
    store: Store, organization: Organization, name: str, settings: dict[str, Any] | None = None, *, now: datetime
) -> StoredProject:
    """A project with a new number and token. The days of its events are made in its time zone of now."""
    values, further = checked_settings({**(settings or {}), "name": name})
    values.setdefault("timezone", "UTC")
    project_id = store.add(*engine_keys.counter("project"), "next", 1)
    pk, sk = engine_keys.project(project_id)
    item: Item = {
        "pk": pk,
        "sk": sk,
        "id": project_id,
        "uuid": str(uuid4()),
        "organization_id": organization.id,
        "api_token": tokens.project_token(),
        "week_start_day": None,
        "test_account_filters": [],
        "path_cleaning_filters": [],
        "has_pending_merges": False,
        "group_types": [],
        "created_at": moment(now),
        "version": 1,
        **values,
        "days_timezone": values["timezone"],
        "settings": further,
    }
    entry, place = keys.organization_project(organization.id, project_id)
    store.transact(
        [
            Put(item, "absent"),
            Put(_token_item(item["api_token"], project_id), "absent"),
            Put({"pk": entry, "sk": place, "id": project_id}, "absent"),
        ]
    )
    return StoredProject.from_item(item)


def find_project(store: Store, project_id: int) -> StoredProject | None:
    item = store.get(*engine_keys.project(project_id))
    return StoredProject.from_item(item) if item else None


def list_projects(store: Store, organization_id: str) -> list[StoredProject]:
    """Of one organization, in the order of their ids."""
    pk, sk = keys.organization_project(organization_id, 0)
    entries = store.query(pk, sk.rstrip("0"))
    items = store.get_many([engine_keys.project(entry["id"]) for entry in entries])
    return [StoredProject.from_item(item) for item in items if item]


def update_project(store: Store, project_id: int, changes: dict[str, Any]) -> StoredProject:
    """Only the settings that `changes` names. The zone of the stored days stays: those days were made in it."""
    values, further = checked_settings(changes)

    def change(item: Item) -> list[Write]:
        item.update(values, settings={**(item.get("settings") or {}), **further})
        return []

    return _change(store, project_id, change)


def reset_token(store: Store, project_id: int) -> StoredProject:
    """A new token; capture refuses the earlier one from now on."""

    def change(item: Item) -> list[Write]:
        earlier, item["api_token"] = item["api_token"], tokens.project_token()
        return [Put(_token_item(item["api_token"], project_id), "absent"), Delete(*engine_keys.project_token(earlier))]

    return _change(store, project_id, change)


def _change(store: Store, project_id: int, change: Callable[[Item], list[Write]]) -> StoredProject:
    """Read, change, write if nobody was faster; ingest writes to the same item."""
    for _ in range(_ATTEMPTS):
        item = store.get(*engine_keys.project(project_id))
        if item is None:
            raise NotFound("Project not found.")
        version = int(item.get("version", 1))
        changed = {**item, "version": version + 1}
        further = change(changed)
        fields.plain({name: value for name, value in changed.items() if name not in ("pk", "sk")}, "settings")
        try:
            store.transact([Put(changed, version), *further])
        except ConflictError:
            continue
        return StoredProject.from_item(changed)
    raise Conflict("The project is being changed by other requests; try again.")


def _token_item(token: str, project_id: int) -> Item:
    pk, sk = engine_keys.project_token(token)
    return {"pk": pk, "sk": sk, "project_id": project_id}
