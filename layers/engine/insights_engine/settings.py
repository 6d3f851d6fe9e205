"""Every environment variable that the functions read, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Setting(NamedTuple):
    variable: str
    default: str
    help: str


SETTINGS = (
    Setting("CLICKHOUSE_DSN", "", "`chdb:///path` (embedded) or `https://user:password@host:8443/database`."),
    Setting(
        "CLICKHOUSE_SECRET_ARN", "", "Secrets Manager secret that holds the DSN, read when CLICKHOUSE_DSN is empty."
    ),
    Setting("POLICIES_TABLE", "insights-policies", "DynamoDB table of policies, or `sqlite:///path`."),
    Setting("RESULTS_TABLE", "insights-results", "DynamoDB table that cached results will go to, or `sqlite:///path`."),
    Setting("EVENTS_QUEUE", "", "URL of the SQS queue between capture and ingest, or `sqlite:///path`."),
    Setting("SITE_URL", "", "Public address used in links; empty: the address of the request."),
    Setting("QUERY_SECONDS", "25", "ClickHouse's time limit for one query."),
    Setting("QUERY_MEMORY_BYTES", "4000000000", "ClickHouse's memory limit for one query."),
    Setting("QUERY_READ_BYTES", "100000000000", "Bytes that one query may read."),
    Setting("LOG_LEVEL", "INFO", "Least severe level that is logged."),
)
_DEFAULTS = {s.variable: s.default for s in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """One field a variable of SETTINGS, in lower case."""

    clickhouse_dsn: str = field(repr=False)  # it holds a password
    clickhouse_secret_arn: str
    policies_table: str
    results_table: str
    events_queue: str
    site_url: str
    query_seconds: int
    query_memory_bytes: int
    query_read_bytes: int
    log_level: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        values = {name.lower(): environment.get(name) or default for name, default in _DEFAULTS.items()}
        whole = {name: int(values.pop(name)) for name in ("query_seconds", "query_memory_bytes", "query_read_bytes")}
        return cls(**values, **whole)  # type: ignore[arg-type]  # the two dicts together have every field
