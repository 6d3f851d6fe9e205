"""Projects, cohorts, actions, users, organizations, keys, the documentation; and whatever no other function answers.

The gateway sends here what its exact routes do not match, such as a path with a doubled slash, so the routers of the
other functions are mounted as well: no form of a path may lose an event. The first path that it may answer loads each.
"""

from __future__ import annotations

from insights_api.mounts import MOUNTS
from insights_engine.http import create_app, lambda_handler

app = create_app(*MOUNTS)
handler = lambda_handler(app)
