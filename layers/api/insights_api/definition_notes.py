"""What people say of an event or a property that was learned: kept by its id, beside what ClickHouse has."""

from __future__ import annotations

from typing import Any

from insights_acl.access import Access
from insights_acl.fields import boolean, or_null, text
from insights_acl.models import moment
from insights_engine import keys
from insights_engine.errors import Conflict, ValidationError
from insights_engine.store import ConflictError, Item

from insights_api.insight_fields import tags
from insights_api.resource import Field

FIELDS = (
    Field("description", "", or_null(text, maximum=10_000, blank=True)),
    Field("tags", [], tags),
    Field("verified", False, boolean),
    Field("hidden", False, boolean),
)
NOTHING: dict[str, Any] = {
    **{field.name: field.default for field in FIELDS},
    "verified_at": None,
    "verified_by": None,
    "updated_at": None,
    "updated_by": None,
}


def all_notes(access: Access, kind: str) -> dict[str, Item]:
    """By the id of what they are about; `kind` is `event_definition` or `property_definition`."""
    partition, _ = keys.resource(access.project.id, kind, "")
    return {item["sk"]: item for item in access.services.policies.query(partition)}


def shown(note: Item | None) -> dict[str, Any]:
    return {name: (note or NOTHING)[name] for name in NOTHING}


def write(access: Access, kind: str, definition_id: str, body: dict[str, Any]) -> Item:
    """Only what the body names changes. Raises ValidationError, and Conflict for two at once."""
    values = {field.name: field.check(body[field.name], field.name) for field in FIELDS if field.name in body}
    pk, sk = keys.resource(access.project.id, kind, definition_id)
    store, held = access.services.policies, access.services.policies.get(pk, sk)
    before = held or {**NOTHING, "pk": pk, "sk": sk, "version": 0}
    author = access.user.as_author()
    after = {**before, **values, "updated_at": moment(access.now), "updated_by": author}
    if after["verified"] and after["hidden"]:
        raise ValidationError("What is hidden cannot be verified.", attr="verified" if "verified" in body else "hidden")
    if after["verified"] != before["verified"]:
        is_verified = after["verified"]
        after |= {
            "verified_at": moment(access.now) if is_verified else None,
            "verified_by": author if is_verified else None,
        }
    after["version"] += 1
    try:
        store.put(after, before["version"] if held else "absent")
    except ConflictError as error:
        raise Conflict from error
    return after
