"""Kinds of objects: the levels that rules may give on them, and where their objects are.

One row a kind that is answered here, or whose levels differ from the others'. From a row with a `route` follow the
kind's routes and their scopes (permissions.py), the scopes that keys can have (scopes.py), the kinds that project-wide
rules can be about (below), the mount (mounts.py), and the kind's part of the API's document and of docs/.
"""

from __future__ import annotations

from typing import NamedTuple

from insights_engine.errors import ValidationError
from insights_engine.rate_classes import RateClass

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
    # Of a kind that is answered here: its objects are at `/api/projects/{project_id}/{route}`, by the module of
    # insights_api that has the same name. `limit`: the class of requests that reading them counts in.
    route: str = ""
    limit: RateClass = "default"

    def at_least(self, level: str | None, required: str) -> bool:
        """By the place in the ladder. No level is no access."""
        return level is not None and self.place(level) >= self.place(required)

    def place(self, level: str) -> int:
        """A level that is not of this ladder is below all of them: it grants nothing."""
        return self.ladder.index(level) if level in self.ladder else -1

    def highest(self, levels: list[str]) -> str:
        return max(levels, key=self.place)


PROJECT, ORGANIZATION = "project", "organization"
KINDS: tuple[Kind, ...] = (
    Kind(PROJECT, _MEMBER_LADDER, default="admin", maximum="admin", reads="member", writes="admin"),
    Kind(ORGANIZATION, _MEMBER_LADDER, default="member", maximum="admin", reads="member", writes="admin"),
    Kind("insight", route="insights", limit="analytics"),
    Kind("dashboard", route="dashboards"),
    Kind("notebook", route="notebooks"),
    Kind("annotation", route="annotations"),
    Kind("action", minimum="viewer", route="actions"),
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
ANSWERED = tuple(kind for kind in KINDS if kind.route)
# Kinds that a project-wide rule can be about although none of their objects are here.
_ELSEWHERE = (
    "activity_log",
    "customer_analytics",
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
    "llm_analytics",
    "llm_skill",
    "logs",
    "metrics",
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
# All of them, in the order of the settings page.
RESOURCES = tuple(sorted({*_ELSEWHERE, *(kind.name for kind in ANSWERED)}))
# An object of the first kind without rules of its own follows its source, of the second.
SOURCES = {"warehouse_table": "external_data_source"}

_BY_NAME = {kind.name: kind for kind in KINDS}


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
