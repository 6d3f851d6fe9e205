"""Events in: validated, queued, and only then answered."""

from __future__ import annotations

from insights_api import capture, flags
from insights_engine.http import create_app, lambda_handler

app = create_app(capture.router, flags.router)
handler = lambda_handler(app)
