"""What a key needs for every route: the one table that `authorize`, the OpenAPI document and docs/ read.

A route that is not here cannot be used: `authorize` refuses it, and a test compares the table with the routers and
with template.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from insights_engine.errors import ServerError
from insights_engine.rate_classes import RateClass

from insights_acl.levels import ANSWERED, Kind

_PROJECT = "/api/projects/{project_id}"
_ORGANIZATION = "/api/organizations/{organization_id}"


class Permission(NamedTuple):
    """`methods` and `scopes` are separated by spaces; every scope is needed (of `a|b` one), with none no key suffices.

    `kind` is what access rules are asked about, where it is not the object of the first scope. `hides`: the route is
    the project or organization itself, so one that the caller has no part in is a 404, not a 403. `body_token`: a
    legacy route, where `api_key` in the body names the project as `?token=` does everywhere. `limit`: the class of
    requests that it counts in, `always` or only when something is `computed`, so that a cached answer is free.
    """

    methods: str
    path: str
    scopes: str
    kind: str = ""
    hides: bool = False
    body_token: bool = False
    limit: RateClass = "default"
    counted: Literal["always", "computed"] = "always"

    @property
    def required_scopes(self) -> tuple[str, ...]:
        return tuple(self.scopes.split())

    @property
    def resource(self) -> str:
        return self.kind or self.scopes.partition(":")[0]

    @property
    def creates(self) -> bool:
        """A rule on a single object does not open it."""
        return self.methods == "POST" and self.writes and "{" not in self.path.removeprefix(_PROJECT)

    @property
    def writes(self) -> bool:
        return any(scope.endswith(":write") for scope in self.required_scopes)


def _of_kind(kind: Kind) -> tuple[Permission, ...]:
    """What AccessControlMixin and Resource answer. An object with its result is counted when that is computed."""
    name = kind.name
    counted: Literal["always", "computed"] = "always" if kind.limit == "default" else "computed"
    every, each = f"{_PROJECT}/{kind.route}", f"{_PROJECT}/{kind.route}/{{{name}_id}}"
    return (
        Permission("GET", every, f"{name}:read", limit=kind.limit),
        Permission("POST", every, f"{name}:write"),
        Permission("GET", each, f"{name}:read", limit=kind.limit, counted=counted),
        Permission("PUT PATCH DELETE", each, f"{name}:write"),
        Permission("GET", f"{each}/access_controls", "access_control:read", name),
        Permission("PUT", f"{each}/access_controls", "access_control:write", name),
        Permission("GET", f"{each}/access_controls/explain", "access_control:read", name),
        Permission("GET", f"{each}/users_with_access", "access_control:read", name),
        Permission("GET", f"{each}/resource_access_controls", "access_control:read", name),
        Permission("PUT", f"{each}/resource_access_controls", "access_control:write", name),
        Permission("GET", f"{each}/activity", "activity_log:read", name),
    )


def _sharing(kind: str, route: str) -> tuple[Permission, ...]:
    """The sharing link of an object; what else it needs is the router's to ask."""
    base = f"{_PROJECT}/{route}/{{{kind}_id}}/sharing"
    return (
        Permission("GET", base, "sharing_configuration:read", kind),
        Permission("PATCH", base, "sharing_configuration:write", kind),
        Permission("POST", f"{base}/refresh", "sharing_configuration:write", kind),
        Permission("POST", f"{base}/passwords", "sharing_configuration:write", kind),
        Permission("DELETE", f"{base}/passwords/{{password_id}}", "sharing_configuration:write", kind),
    )


def _question(name: str) -> Permission:
    path = f"{_PROJECT}/insights/{name}"
    return Permission("GET POST", path, "insight:read", body_token=True, limit="analytics", counted="computed")


def _people(name: str, scopes: str) -> tuple[Permission, ...]:
    return tuple(
        Permission("GET POST", path, scopes, body_token=True, limit="analytics")
        for path in (f"/api/person/{name}", f"{_PROJECT}/persons/{name}")
    )


PERMISSIONS: tuple[Permission, ...] = (
    # Questions
    _question("trend"),
    _question("retention"),
    _question("path"),
    _question("funnel"),
    Permission("GET", f"{_PROJECT}/insights/timing", "insight:read", limit="analytics"),
    Permission("POST", f"{_PROJECT}/insights/timing", "insight:read"),
    # Whoever may ask a question may ask how far it is.
    Permission("GET DELETE", f"{_PROJECT}/query/{{query_id}}", "query:read|insight:read"),
    Permission("POST", f"{_PROJECT}/query", "query:read", limit="query", counted="computed"),
    *_people("path", "insight:read person:read"),
    *_people("funnel", "insight:read"),
    *_people("retention", "insight:read"),
    # Kinds of objects that access rules guard, and what some have besides
    *(permission for kind in ANSWERED for permission in _of_kind(kind)),
    Permission("GET", f"{_PROJECT}/insights/trending", "insight:read", limit="analytics"),
    Permission("POST", f"{_PROJECT}/insights/viewed", "insight:read"),
    Permission("GET", f"{_PROJECT}/insights/my_last_viewed", ""),
    Permission("PATCH", f"{_PROJECT}/dashboards/{{dashboard_id}}/move_tile", "dashboard:write"),
    *_sharing("insight", "insights"),
    *_sharing("dashboard", "dashboards"),
    Permission("GET", f"{_PROJECT}/feature_flags", "feature_flag:read"),
    Permission("POST", f"{_PROJECT}/feature_flags", "feature_flag:write"),
    Permission("GET", f"{_PROJECT}/feature_flags/local_evaluation", "feature_flag:read"),
    Permission("GET", f"{_PROJECT}/feature_flags/{{feature_flag_id}}", "feature_flag:read"),
    Permission("PUT PATCH DELETE", f"{_PROJECT}/feature_flags/{{feature_flag_id}}", "feature_flag:write"),
    Permission("GET", f"{_PROJECT}/cohorts", "cohort:read"),
    Permission("POST", f"{_PROJECT}/cohorts", "cohort:write"),
    Permission("GET", f"{_PROJECT}/cohorts/{{cohort_id}}", "cohort:read"),
    Permission("PUT PATCH DELETE", f"{_PROJECT}/cohorts/{{cohort_id}}", "cohort:write"),
    Permission("GET", f"{_PROJECT}/cohorts/{{cohort_id}}/persons", "cohort:read person:read", limit="analytics"),
    Permission("PATCH", f"{_PROJECT}/cohorts/{{cohort_id}}/add_persons_to_static_cohort", "cohort:write"),
    Permission("PATCH", f"{_PROJECT}/cohorts/{{cohort_id}}/remove_person_from_static_cohort", "cohort:write"),
    Permission("GET", f"{_PROJECT}/events", "query:read", limit="analytics"),
    Permission("GET", f"{_PROJECT}/events/values", "query:read", limit="analytics"),
    Permission("GET", f"{_PROJECT}/events/{{event_id}}", "query:read", limit="analytics"),
    Permission("GET", f"{_PROJECT}/persons", "person:read", limit="analytics"),
    Permission("GET", f"{_PROJECT}/persons/values", "person:read", limit="analytics"),
    Permission("GET", f"{_PROJECT}/persons/properties", "person:read", limit="analytics"),
    Permission("GET", f"{_PROJECT}/persons/cohorts", "person:read cohort:read", limit="analytics"),
    Permission("GET", f"{_PROJECT}/persons/{{person_id}}", "person:read", limit="analytics"),
    # Definitions: who may ask about events may know what they are called; there are no rules on them.
    *(
        Permission(methods, f"{_PROJECT}/{kind}s{end}", f"{kind}:{action}", "project")
        for kind in ("event_definition", "property_definition")
        for methods, end, action in (
            ("GET", "", "read"),
            ("GET", f"/{{{kind}_id}}", "read"),
            ("PUT PATCH", f"/{{{kind}_id}}", "write"),
        )
    ),
    Permission("GET", f"{_PROJECT}/groups", "group:read", limit="analytics"),
    Permission("GET", f"{_PROJECT}/groups/find", "group:read", limit="analytics"),
    Permission("GET", f"{_PROJECT}/groups_types", "group:read"),
    # Reports. Who may see what is sent decides about each; there are no rules on subscriptions themselves.
    *(
        Permission(methods, f"{_PROJECT}/subscriptions{end}", f"subscription:{action}", "project")
        for methods, end, action in (
            ("GET", "", "read"),
            ("POST", "", "write"),
            ("POST", "/preview", "read"),
            ("GET", "/summary_quota", "read"),
            ("GET", "/{subscription_id}", "read"),
            ("PUT PATCH DELETE", "/{subscription_id}", "write"),
            ("GET", "/{subscription_id}/deliveries", "read"),
            ("GET", "/{subscription_id}/deliveries/{delivery_id}", "read"),
            ("POST", "/{subscription_id}/test-delivery", "write"),
        )
    ),
    # Alerts: likewise, by the insight that one is about.
    *(
        Permission(methods, f"{_PROJECT}/alerts{end}", f"alert:{action}", "project")
        for methods, end, action in (
            ("GET", "", "read"),
            ("POST", "", "write"),
            ("GET", "/{alert_id}", "read"),
            ("PUT PATCH DELETE", "/{alert_id}", "write"),
            ("GET", "/{alert_id}/deliveries", "read"),
        )
    ),
    # What a project posts as. Making and removing one asks for the level of project settings besides.
    Permission("GET", f"{_PROJECT}/integrations", "integration:read", "project"),
    Permission("POST", f"{_PROJECT}/integrations", "integration:write", "project"),
    Permission("GET", f"{_PROJECT}/integrations/{{integration_id}}", "integration:read", "project"),
    Permission("DELETE", f"{_PROJECT}/integrations/{{integration_id}}", "integration:write", "project"),
    # Access to a project
    Permission("GET", f"{_PROJECT}/access_controls", "access_control:read", "project"),
    Permission("PUT", f"{_PROJECT}/access_controls", "access_control:write", "project"),
    Permission("GET", f"{_PROJECT}/access_controls/explain", "access_control:read", "project"),
    Permission("GET", f"{_PROJECT}/users_with_access", "access_control:read", "project"),
    Permission("GET", f"{_PROJECT}/resource_access_controls", "access_control:read", "project"),
    Permission("PUT", f"{_PROJECT}/resource_access_controls", "access_control:write", "project"),
    Permission("GET", f"{_PROJECT}/global_access_controls", "access_control:read", "project"),
    Permission("PUT", f"{_PROJECT}/global_access_controls", "access_control:write", "project"),
    Permission("GET", f"{_PROJECT}/access_control_defaults", "access_control:read", "project"),
    Permission("GET", f"{_PROJECT}/access_control_roles", "access_control:read", "project"),
    Permission("GET", f"{_PROJECT}/access_control_members", "access_control:read", "project"),
    Permission("GET", f"{_PROJECT}/activity_log", "activity_log:read"),
    # Projects
    Permission("GET", "/api/projects", "project:read"),
    Permission("POST", "/api/projects", "project:write"),
    Permission("GET", f"{_ORGANIZATION}/projects", "project:read"),
    Permission("POST", f"{_ORGANIZATION}/projects", "project:write"),
    Permission("GET", _PROJECT, "project:read", hides=True),
    Permission("PUT PATCH", _PROJECT, "project:write", hides=True),
    Permission("PATCH", f"{_PROJECT}/reset_token", "project:write"),
    Permission("GET", f"{_ORGANIZATION}/projects/{{project_id}}", "project:read", hides=True),
    Permission("PATCH", f"{_ORGANIZATION}/projects/{{project_id}}", "project:write", hides=True),
    # Organizations and people
    Permission("GET", "/api/organizations", "organization:read"),
    Permission("POST", "/api/organizations", "organization:write"),
    Permission("GET", _ORGANIZATION, "organization:read", hides=True),
    Permission("PATCH", _ORGANIZATION, "organization:write", hides=True),
    Permission("GET", f"{_ORGANIZATION}/members", "organization_member:read"),
    Permission("GET", f"{_ORGANIZATION}/members/{{user_uuid}}", "organization_member:read"),
    Permission("PATCH DELETE", f"{_ORGANIZATION}/members/{{user_uuid}}", "organization_member:write"),
    Permission("GET", f"{_ORGANIZATION}/roles", "organization:read"),
    Permission("POST", f"{_ORGANIZATION}/roles", "organization:write"),
    Permission("GET", f"{_ORGANIZATION}/roles/{{role_id}}", "organization:read"),
    Permission("PATCH DELETE", f"{_ORGANIZATION}/roles/{{role_id}}", "organization:write"),
    Permission("GET", f"{_ORGANIZATION}/roles/{{role_id}}/role_memberships", "organization:read"),
    Permission("POST", f"{_ORGANIZATION}/roles/{{role_id}}/role_memberships", "organization:write"),
    Permission(
        "DELETE", f"{_ORGANIZATION}/roles/{{role_id}}/role_memberships/{{role_membership_id}}", "organization:write"
    ),
    Permission("GET", f"{_ORGANIZATION}/invites", "organization_member:read"),
    Permission("POST", f"{_ORGANIZATION}/invites", "organization_member:write"),
    Permission("POST", f"{_ORGANIZATION}/invites/bulk", "organization_member:write"),
    Permission("DELETE", f"{_ORGANIZATION}/invites/{{invite_id}}", "organization_member:write"),
    Permission("GET", "/api/users/@me", "user:read"),
    Permission("GET", "/api/users/{user_id}", "user:read"),
    # Keys: one can say what it is, whatever its scopes; keys are made by `insights keys`.
    Permission("GET", "/api/personal_api_keys/@current", ""),
    Permission("GET POST", "/api/personal_api_keys", ""),
    Permission("GET PUT PATCH DELETE", "/api/personal_api_keys/{key_id}", ""),
    # What no route answers: a key is asked for its rights before the method is looked at.
    Permission("GET POST PUT PATCH DELETE OPTIONS TRACE", "/api", ""),
    Permission("GET POST PUT PATCH DELETE OPTIONS TRACE", "/api/{rest:path}", ""),
)


# Routes that ask for no personal key, and what guards them instead.
PUBLIC: dict[str, str] = {
    "/i/v0/e": "the project's token, in the payload",
    "/e": "the project's token, in the payload",
    "/capture": "the project's token, in the payload",
    "/track": "the project's token, in the payload",
    "/engage": "the project's token, in the payload",
    "/batch": "the project's token, in the payload",
    "/i/v1/analytics/events": "the project's token, as the bearer",
    "/": "nothing: it says that capture is there",
    "/_readiness": "nothing: it says that capture is there",
    "/decide": "nothing: there are no flags",
    "/flags": "nothing: there are no flags",
    "/flags/definitions": "nothing: there are no flags",
    "/api/feature_flag/local_evaluation": "nothing: there are no flags",
    "/array/{token}/config": "nothing: everything is switched off",
    "/array/{token}/config.js": "nothing: everything is switched off",
    "/docs": "nothing: the documentation",
    "/openapi.json": "nothing: the documentation",
    "/api/signup/{token}": "the invite's token, which is used up",
    "/unsubscribe": "a token that names the address and the subscription",
    "/api/unsubscribe": "a token that names the address and the subscription",
    "/exporter/{name}": "a token that names the picture",
    "/shared/{token}": "the link's token, and its password where it has one",
    "/embedded/{token}": "the link's token, and its password where it has one",
}


def permission_of(method: str, path: str) -> Permission:
    """Of a route, by its template. Raises ServerError for one that nobody wrote down: it stays closed."""
    found = _table().get((method, path))
    if found is None:
        raise ServerError(f"{method} {path} is not in the table of permissions")
    return found


def each_route() -> Iterator[tuple[str, str, Permission]]:
    for permission in PERMISSIONS:
        for method in permission.methods.split():
            yield method, permission.path, permission


@cache
def _table() -> dict[tuple[str, str], Permission]:
    table = {(method, path): permission for method, path, permission in each_route()}
    # A HEAD is a GET whose body is not sent.
    return table | {("HEAD", path): permission for (method, path), permission in table.items() if method == "GET"}
