"""Projects, cohorts, actions, users, organizations and keys; and whatever no other function answers.

The gateway sends here what its exact routes do not match, such as a path with a doubled slash, so the insights' routers
are mounted as well.
"""

from insights_api import actions, cohorts, fallback, organizations, personal_api_keys, projects, query, trend, users
from insights_engine.http import create_app, lambda_handler

app = create_app(
    users.router,
    personal_api_keys.router,
    organizations.router,
    projects.router,
    cohorts.router,
    actions.router,
    trend.router,
    query.router,
    fallback.router,
)
handler = lambda_handler(app)
