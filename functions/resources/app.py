"""Projects, cohorts, actions, users, organizations, keys, the documentation; and whatever no other function answers.

The gateway sends here what its exact routes do not match, such as a path with a doubled slash, so the routers of the
other functions are mounted as well: no form of a path may lose an event.
"""

from insights_api import (
    actions,
    capture,
    cohorts,
    docs,
    fallback,
    flags,
    funnel,
    organizations,
    path,
    person_funnel,
    person_path,
    person_retention,
    personal_api_keys,
    projects,
    query,
    retention,
    timing,
    trend,
    users,
)
from insights_engine.http import create_app, lambda_handler

app = create_app(
    users.router,
    personal_api_keys.router,
    organizations.router,
    projects.router,
    cohorts.router,
    actions.router,
    trend.router,
    path.router,
    funnel.router,
    retention.router,
    timing.router,
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
