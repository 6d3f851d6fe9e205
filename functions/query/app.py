"""Query nodes of every kind: `/api/projects/{project_id}/query`."""

from __future__ import annotations

from insights_api import query, query_status
from insights_engine.http import create_app, lambda_handler

app = create_app(query.router, query_status.router)
handler = lambda_handler(app)
