"""Queued events into ClickHouse, in batches; a message that fails comes again alone."""

from __future__ import annotations

from insights_engine.ingest.handler import handle_sqs
from insights_engine.log import naming_invocations

handler = naming_invocations(handle_sqs)
