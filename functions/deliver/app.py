"""Reports of the queue: each is computed, drawn and sent; alerts are checked."""

from __future__ import annotations

from insights_engine.log import naming_invocations
from insights_report.worker import handle_reports

handler = naming_invocations(handle_reports)
