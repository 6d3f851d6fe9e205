"""A Slack target needs an integration of its own project, which posts for it."""

from __future__ import annotations

from insights_engine.errors import ValidationError
from insights_engine.store import Store

from insights_api.integrations import find_integration


def check_integration(store: Store, project_id: int, number: int | None, attr: str = "integration_id") -> None:
    """Raises ValidationError."""
    if number is None:
        raise ValidationError("A Slack integration is required for Slack subscriptions.", attr=attr)
    found = find_integration(store, project_id, number)
    if found is None:
        raise ValidationError("This integration does not exist or does not belong to your team.", attr=attr)
    if found["kind"] != "slack":
        raise ValidationError("Slack subscriptions require a Slack integration.", attr=attr)
