"""Timing: `/api/projects/{project_id}/insights/timing`."""

from __future__ import annotations

from insights_api import timing
from insights_engine.http import create_app, lambda_handler

app = create_app(timing.router)
handler = lambda_handler(app)
