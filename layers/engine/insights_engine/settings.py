"""Every environment variable that the functions read, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from insights_engine.rate_classes import rates_of


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
    Setting("RESULTS_TABLE", "insights-results", "DynamoDB table of cached results, or `sqlite:///path`."),
    Setting("RESULTS_BUCKET", "", "S3 bucket of results too large for the table; empty: they are not cached."),
    Setting("EVENTS_QUEUE", "", "URL of the SQS queue between capture and ingest, or `sqlite:///path`."),
    Setting("QUERIES_QUEUE", "", "URL of the SQS queue of questions computed in the background, or `sqlite:///path`."),
    Setting("REPORTS_QUEUE", "", "URL of the SQS queue of reports to be delivered, or `sqlite:///path`."),
    Setting(
        "REPORTS_BUCKET", "", "S3 bucket, or `file:///path`, of pictures that Slack fetches; empty: none are shown."
    ),
    Setting(
        "EVENT_BUS", "", "EventBridge bus, or `sqlite:///path`, that is told when an insight is saved; empty: none is."
    ),
    Setting("MAIL_FROM", "", "Address that e-mails come from; empty: none are sent."),
    Setting("MAIL_OUTBOX", "", "`file:///path` of a folder that e-mails are written to; empty: Amazon SES sends them."),
    Setting("DELIVERY_BUCKETS", "", "S3 buckets that reports may be written to, separated by spaces."),
    Setting(
        "PRIVATE_HOSTS",
        "",
        "Hosts (`host:port`, separated by spaces) that webhooks may reach by http, and at private addresses.",
    ),
    Setting(
        "SLACK_API_URL", "https://slack.com/api", "Slack's Web API; another one for GovSlack, or a server of one's own."
    ),
    Setting("SITE_URL", "", "Public address used in links; empty: the address of the request."),
    Setting("QUERY_SECONDS", "25", "ClickHouse's time limit for one query."),
    Setting("JOB_SECONDS", "600", "Seconds that ClickHouse has for a question that is computed in the background."),
    Setting("QUERY_MEMORY_BYTES", "4000000000", "ClickHouse's memory limit for one query."),
    Setting("QUERY_READ_BYTES", "100000000000", "Bytes that one query may read."),
    Setting(
        "RATE_LIMITS",
        "",
        "Requests a key may make: `on`, or classes with requests a minute and an hour, "
        "`query=240/2400 analytics=240/1200 default=480/4800`; empty: no limits.",
    ),
    Setting("QUERIES_AT_ONCE", "0", "Questions of one project that are computed at the same time; 0: any number."),
    Setting("LOG_LEVEL", "INFO", "Least severe level that is logged."),
    Setting("POWERTOOLS_SERVICE_NAME", "insights", "What logs and metrics call this installation."),
)
_DEFAULTS = {s.variable: s.default for s in SETTINGS}


class SettingError(ValueError):
    """The text names the variable and says what it has to be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One field a variable of SETTINGS, in lower case; what is an `int` here has to be a whole number there."""

    clickhouse_dsn: str = field(repr=False)  # it holds a password
    clickhouse_secret_arn: str
    policies_table: str
    results_table: str
    results_bucket: str
    events_queue: str
    queries_queue: str
    reports_queue: str
    reports_bucket: str
    event_bus: str
    mail_from: str
    mail_outbox: str
    delivery_buckets: str
    private_hosts: str
    slack_api_url: str
    site_url: str
    query_seconds: int
    job_seconds: int
    query_memory_bytes: int
    query_read_bytes: int
    rate_limits: str
    queries_at_once: int
    log_level: str
    powertools_service_name: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Raises SettingError: what is mistyped is said at the start."""
        values = {name.lower(): environment.get(name) or default for name, default in _DEFAULTS.items()}
        try:
            rates_of(values["rate_limits"])
        except ValueError as error:
            raise SettingError(str(error)) from None
        whole = {name: _whole(name.upper(), values.pop(name)) for name in _WHOLE}
        return cls(**values, **whole)  # type: ignore[arg-type]  # the two dicts together have every field


_WHOLE = tuple(one.name for one in fields(Settings) if one.type == "int")


def _whole(variable: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise SettingError(
            f'{variable} is "{text[:100]}", and has to be a whole number, as {_DEFAULTS[variable]}'
        ) from None
