"""Events in: who is who, rows for ClickHouse, the queue's consumer, and the bulk load."""

from insights_engine.ingest.bulk import LoadReport, RowError, load
from insights_engine.ingest.pipeline import Ingest, Message, Outcome

__all__ = ["Ingest", "LoadReport", "Message", "Outcome", "RowError", "load"]
