"""Subscriptions, alerts and integrations; and what makes reports go out: the tick of each minute, and events."""

from __future__ import annotations

from insights_api.mounts import REPORT_MOUNTS
from insights_api.triggers import handler as triggered
from insights_engine.http import create_app, lambda_handler

app = create_app(*REPORT_MOUNTS)
handler = triggered(lambda_handler(app))
