"""Funnels: `/api/projects/{project_id}/insights/funnel`, and the people behind them: `/api/person/funnel`."""

from __future__ import annotations

from insights_api import funnel, person_funnel
from insights_engine.http import create_app, lambda_handler

app = create_app(funnel.router, person_funnel.router)
handler = lambda_handler(app)
