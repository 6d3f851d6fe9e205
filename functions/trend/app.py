"""Trends: `/api/projects/{project_id}/insights/trend`."""

from __future__ import annotations

from insights_api import trend
from insights_engine.http import create_app, lambda_handler

app = create_app(trend.router)
handler = lambda_handler(app)
