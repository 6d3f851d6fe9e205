"""Projects, cohorts, actions, users, organizations, keys, the documentation; and whatever no other function answers.

The gateway sends here what its exact routes do not match, such as a path with a doubled slash, so the routers of the
other functions are mounted as well: no form of a path may lose an event.
"""

from insights_api import (
    actions,
    capture,
    cohorts,
    dashboards,
    docs,
    fallback,
    flags,
    funnel,
    insights,
    invites,
    members,
    notebooks,
    organizations,
    path,
    person_funnel,
    person_path,
    person_retention,
    personal_api_keys,
    project_access,
    projects,
    query,
    retention,
    roles,
    shared,
    sharing,
    signup,
    timing,
    trend,
    users,
)
from insights_engine.http import create_app, lambda_handler

app = create_app(
    users.router,
    personal_api_keys.router,
    organizations.router,
    members.router,
    roles.router,
    invites.router,
    signup.router,
    projects.router,
    project_access.router,
    dashboards.router,
    sharing.router,
    shared.router,
    notebooks.router,
    cohorts.router,
    actions.router,
    trend.router,
    path.router,
    funnel.router,
    retention.router,
    timing.router,
    # After the names of questions, which are no ids.
    insights.router,
    person_path.router,
    person_funnel.router,
    person_retention.router,
    query.router,
    capture.router,
    flags.router,
    docs.router,
    fallback.router,
)
handler = lambda_handler(app)
