"""Merged persons written into the events, on a schedule: afterwards queries need not look merges up."""

from __future__ import annotations

from insights_engine.ingest.squash import handle_schedule
from insights_engine.log import naming_invocations

handler = naming_invocations(handle_schedule)
