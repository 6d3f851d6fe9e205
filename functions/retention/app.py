"""Retention: `/api/projects/{project_id}/insights/retention`, and the people behind it: `/api/person/retention`."""

from __future__ import annotations

from insights_api import person_retention, retention
from insights_engine.http import create_app, lambda_handler

app = create_app(retention.router, person_retention.router)
handler = lambda_handler(app)
