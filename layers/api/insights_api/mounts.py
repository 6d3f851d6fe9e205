"""The routers of `resources`, each with the paths that load it. Order matters as it does among routes."""

from __future__ import annotations

from insights_acl.levels import ANSWERED
from insights_engine.mounting import Mounted

_ORGANIZATION, _PROJECT = "/api/organizations/[^/]+", "/api/projects/[^/]+"
_ACCESS = "access_control|activity_log|global_access|resource_access|users_with_access"

REPORT_MOUNTS = (
    Mounted("insights_api.subscriptions", f"{_PROJECT}/subscriptions"),
    Mounted("insights_api.alerts", f"{_PROJECT}/alerts"),
    Mounted("insights_api.integrations", f"{_PROJECT}/integrations"),
    Mounted("insights_api.unsubscribe", "/unsubscribe", "/api/unsubscribe"),
    Mounted("insights_api.exporter", "/exporter"),
    Mounted("insights_api.fallback", "/api"),
)

MOUNTS = (
    Mounted("insights_api.users", "/api/users"),
    Mounted("insights_api.personal_api_keys", "/api/personal_api_keys"),
    Mounted("insights_api.organizations", "/api/organizations$", f"{_ORGANIZATION}$"),
    Mounted("insights_api.members", f"{_ORGANIZATION}/members"),
    Mounted("insights_api.roles", f"{_ORGANIZATION}/roles"),
    Mounted("insights_api.invites", f"{_ORGANIZATION}/invites"),
    Mounted("insights_api.signup", "/api/signup"),
    Mounted(
        "insights_api.projects",
        *("/api/projects$", f"{_PROJECT}$", f"{_PROJECT}/reset_token", f"{_ORGANIZATION}/projects"),
    ),
    Mounted("insights_api.project_access", f"{_PROJECT}/(?:{_ACCESS})[^/]*"),
    Mounted("insights_api.sharing", f"{_PROJECT}/(?:dashboards|insights)/[^/]+/sharing"),
    Mounted("insights_api.shared", "/shared", "/embedded"),
    Mounted("insights_api.feature_flags", f"{_PROJECT}/feature_flags"),
    Mounted("insights_api.cohorts", f"{_PROJECT}/cohorts"),
    Mounted("insights_api.trend", f"{_PROJECT}/insights/trend"),
    Mounted("insights_api.path", f"{_PROJECT}/insights/path"),
    Mounted("insights_api.funnel", f"{_PROJECT}/insights/funnel"),
    Mounted("insights_api.retention", f"{_PROJECT}/insights/retention"),
    Mounted("insights_api.timing", f"{_PROJECT}/insights/timing"),
    # After the names of questions, which are no ids of insights.
    *(Mounted(f"insights_api.{kind.route}", f"{_PROJECT}/{kind.route}") for kind in ANSWERED),
    Mounted("insights_api.person_path", "/api/person/path", f"{_PROJECT}/persons/path"),
    Mounted("insights_api.person_funnel", "/api/person/funnel", f"{_PROJECT}/persons/funnel"),
    Mounted("insights_api.person_retention", "/api/person/retention", f"{_PROJECT}/persons/retention"),
    # After the names of questions, which are no ids.
    Mounted("insights_api.persons", f"{_PROJECT}/persons"),
    Mounted("insights_api.events", f"{_PROJECT}/events"),
    Mounted("insights_api.event_definitions", f"{_PROJECT}/event_definitions"),
    Mounted("insights_api.property_definitions", f"{_PROJECT}/property_definitions"),
    Mounted("insights_api.groups", f"{_PROJECT}/groups(?:_types)?"),
    Mounted("insights_api.query", f"{_PROJECT}/query$"),
    Mounted("insights_api.query_status", f"{_PROJECT}/query/[^/]+"),
    Mounted("insights_api.capture", "/(?:_readiness|batch|capture|e|engage|i|track)?"),
    Mounted("insights_api.flags", "/(?:array|decide|flags)", "/api/feature_flag/local_evaluation"),
    Mounted("insights_api.docs", "/docs", "/openapi.json"),
    *REPORT_MOUNTS[:-1],
    Mounted("insights_api.fallback", "/api"),
)
