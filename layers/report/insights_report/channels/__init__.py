"""The ways that a report may take: one row a type of target, loaded by its first report."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from insights_engine.errors import nearest

from insights_report.report import Channel, Undelivered

CHANNELS = {
    "email": "mail:Mail",
    "slack": "slack:Slack",
    "webhook": "webhook:Webhook",
    "s3": "bucket:Bucket",
}


@cache
def channel(target_type: str) -> Channel:
    """Raises Undelivered for a type that is not known: one that was stored by a newer version."""
    if target_type not in CHANNELS:
        raise Undelivered(f'target_type "{target_type}" is not known{nearest(target_type, CHANNELS)}', is_lasting=True)
    module, _, name = CHANNELS[target_type].partition(":")
    made: Channel = getattr(import_module(f"insights_report.channels.{module}"), name)()
    return made
