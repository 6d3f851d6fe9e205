"""What a personal key may do: `<object>:read`, `<object>:write`, or `*`. Write implies read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from insights_engine.errors import ValidationError, unknown

from insights_acl.levels import ANSWERED

EVERYTHING = "*"
# Beside the kinds that levels.py has a route of.
_OTHERS = (
    "access_control",
    "activity_log",
    "alert",
    "cohort",
    "event_definition",
    "export",
    "feature_flag",
    "group",
    "insight_variable",
    "integration",
    "organization",
    "organization_member",
    "person",
    "project",
    "property_definition",
    "query",
    "session_recording",
    "sharing_configuration",
    "subscription",
    "survey",
    "user",
    "warehouse_table",
    "warehouse_view",
)
OBJECTS = tuple(sorted({*_OTHERS, *(kind.name for kind in ANSWERED)}))
SCOPES = (EVERYTHING, *(f"{name}:{verb}" for name in OBJECTS for verb in ("read", "write")))


def allows(held: Collection[str], required: str) -> bool:
    if EVERYTHING in held or required in held:
        return True
    name, _, verb = required.partition(":")
    return verb == "read" and f"{name}:write" in held


def checked_scopes(value: Any) -> tuple[str, ...]:
    """The scopes for a new key: at least one, each known."""
    if not isinstance(value, list | tuple) or not value:
        raise ValidationError("A personal API key needs at least one scope.", attr="scopes")
    for index, scope in enumerate(value):
        if not isinstance(scope, str) or scope not in SCOPES:
            raise unknown(f"scopes[{index}]", scope, SCOPES)
    return tuple(dict.fromkeys(value))
