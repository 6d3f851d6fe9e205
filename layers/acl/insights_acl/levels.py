"""Kinds of objects and the levels that rules may give on them: one row a kind that differs from the others."""

from __future__ import annotations

from typing import NamedTuple

from insights_engine.errors import ValidationError

_MEMBER_LADDER = ("none", "member", "admin")
_OBJECT_LADDER = ("none", "viewer", "editor", "manager")


class Kind(NamedTuple):
    """`ladder` from low to high. `minimum` and `maximum` bound what can be written; `maximum` is also what a creator
    and an admin of the organization have. `umbrella`: the kind whose project-wide rules count for this one.
    """

    name: str
    ladder: tuple[str, ...] = _OBJECT_LADDER
    default: str = "editor"
    minimum: str = "none"
    maximum: str = "manager"
    umbrella: str | None = None
    # What reading and writing an object need.
    reads: str = "viewer"
    writes: str = "editor"

    def at_least(self, level: str | None, required: str) -> bool:
        """By the place in the ladder. No level is no access."""
        return level is not None and self.place(level) >= self.place(required)

    def place(self, level: str) -> int:
        """A level that is not of this ladder is below all of them: it grants nothing."""
        return self.ladder.index(level) if level in self.ladder else -1

    def highest(self, levels: list[str]) -> str:
        return max(levels, key=self.place)


PROJECT, ORGANIZATION = "project", "organization"
EXPLAINED_KINDS: tuple[Kind, ...] = (
    Kind(PROJECT, _MEMBER_LADDER, default="admin", maximum="admin", reads="member", writes="admin"),
    Kind(ORGANIZATION, _MEMBER_LADDER, default="member", maximum="admin", reads="member", writes="admin"),
    Kind("action", minimum="viewer"),
    Kind("activity_log", default="viewer", maximum="viewer"),
    Kind("toolbar", default="viewer", maximum="viewer"),
    Kind("session_recording_playlist", umbrella="session_recording"),
    Kind("warehouse_table", umbrella="warehouse_objects"),
    Kind("warehouse_view", umbrella="warehouse_objects"),
    Kind("dataset", umbrella="llm_analytics"),
    Kind("llm_prompt", umbrella="llm_analytics"),
    Kind("llm_provider_key", umbrella="llm_analytics"),
    Kind("account", umbrella="customer_analytics"),
    Kind("customer_journey", umbrella="customer_analytics"),
    Kind("experiment_holdout", umbrella="experiment"),
    Kind("experiment_saved_metric", umbrella="experiment"),
    Kind("dashboard_template", umbrella="dashboard"),
    Kind("marketing_analytics", umbrella="web_analytics"),
)
# Kinds that a project-wide rule can be about, in the order of the settings page.
RESOURCES = (
    "action",
    "activity_log",
    "annotation",
    "customer_analytics",
    "dashboard",
    "early_access_feature",
    "endpoint",
    "error_tracking",
    "evaluation",
    "experiment",
    "export",
    "external_data_source",
    "feature_flag",
    "heatmap",
    "hog_flow",
    "insight",
    "llm_analytics",
    "llm_skill",
    "logs",
    "metrics",
    "notebook",
    "revenue_analytics",
    "session_recording",
    "sharing_configuration",
    "survey",
    "tagger",
    "ticket",
    "toolbar",
    "tracing",
    "warehouse_objects",
    "web_analytics",
)
# An object of the first kind without rules of its own follows its source, of the second.
SOURCES = {"warehouse_table": "external_data_source"}

_BY_NAME = {kind.name: kind for kind in EXPLAINED_KINDS}


def kind_of(name: str) -> Kind:
    """All kinds that have no row are alike."""
    return _BY_NAME.get(name) or Kind(name)


def writable_level(kind: Kind, level: object) -> str:
    """A level that a rule of this kind may give. Raises ValidationError."""
    if not isinstance(level, str) or level not in kind.ladder:
        raise ValidationError(f"Invalid access level. Must be one of: {', '.join(kind.ladder)}", attr="access_level")
    if kind.place(level) < kind.place(kind.minimum):
        raise ValidationError(
            f"Access level cannot be set below the minimum '{kind.minimum}' for {kind.name}.", attr="access_level"
        )
    if kind.place(level) > kind.place(kind.maximum):
        raise ValidationError(
            f"Access level cannot be set above the maximum '{kind.maximum}' for {kind.name}.", attr="access_level"
        )
    return level
