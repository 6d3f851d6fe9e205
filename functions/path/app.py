"""Paths: `/api/projects/{project_id}/insights/path`, and the people behind them: `/api/person/path`."""

from __future__ import annotations

from insights_api import path, person_path
from insights_engine.http import create_app, lambda_handler

app = create_app(path.router, person_path.router)
handler = lambda_handler(app)
