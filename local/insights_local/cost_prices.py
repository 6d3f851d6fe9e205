"""List prices, in one table. They were known on the day that stands with each; nobody has looked since: check them.

All are of us-east-1, in US dollars, without tax and without discounts. `insights cost --show-prices` prints the table
as a file, and `--prices FILE` takes one that was changed: other regions, your own contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

_KNOWN = "2025-06-01"
_MILLION = 1_000_000
_LAMBDA = "https://aws.amazon.com/lambda/pricing/"
_DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
_S3 = "https://aws.amazon.com/s3/pricing/"
_EC2 = "https://aws.amazon.com/ec2/pricing/on-demand/"
_CLICKHOUSE = "https://clickhouse.com/pricing"


class PriceError(ValueError):
    """A table of prices that cannot be used; the text names the price."""


@dataclass(frozen=True, slots=True)
class Price:
    """`usd` for `per` of `unit`; `free`: how many of them an account has for nothing each month, for good.

    `known`: the day on which this was the list price.
    """

    name: str
    service: str
    unit: str
    usd: float
    per: float = 1
    free: float = 0
    known: str = _KNOWN
    source: str = ""

    def of(self, quantity: float) -> float:
        return quantity / self.per * self.usd


PRICES: tuple[Price, ...] = (
    Price("lambda_requests", "Lambda", "requests", 0.20, _MILLION, _MILLION, source=_LAMBDA),
    Price("lambda_arm64", "Lambda", "GB-seconds, arm64", 0.0000133334, 1, 400_000, source=_LAMBDA),
    Price("lambda_x86_64", "Lambda", "GB-seconds, x86_64", 0.0000166667, 1, 400_000, source=_LAMBDA),
    Price("snapstart_kept", "Lambda SnapStart", "GB-seconds that snapshots are kept", 0.0000015046, source=_LAMBDA),
    Price("snapstart_restored", "Lambda SnapStart", "GB restored", 0.0001397998, source=_LAMBDA),
    Price("http_api", "API Gateway", "requests", 1.00, _MILLION, source="https://aws.amazon.com/api-gateway/pricing/"),
    Price("dynamodb_reads", "DynamoDB", "read request units", 0.125, _MILLION, source=_DYNAMODB),
    Price("dynamodb_writes", "DynamoDB", "write request units", 0.625, _MILLION, source=_DYNAMODB),
    Price("dynamodb_storage", "DynamoDB", "GB-months", 0.25, 1, 25, source=_DYNAMODB),
    Price("dynamodb_recovery", "DynamoDB", "GB-months of point-in-time recovery", 0.20, source=_DYNAMODB),
    Price("sqs_requests", "SQS", "requests", 0.40, _MILLION, _MILLION, source="https://aws.amazon.com/sqs/pricing/"),
    Price("s3_storage", "S3", "GB-months", 0.023, source=_S3),
    Price("s3_writes", "S3", "writes", 0.005, 1000, source=_S3),
    Price("s3_reads", "S3", "reads", 0.0004, 1000, source=_S3),
    Price("logs_taken", "CloudWatch", "GB of logs", 0.50, 1, 5, source=_CLOUDWATCH),
    Price("logs_kept", "CloudWatch", "GB-months of logs", 0.03, source=_CLOUDWATCH),
    Price("metrics", "CloudWatch", "metrics", 0.30, 1, 10, source=_CLOUDWATCH),
    Price("alarms", "CloudWatch", "alarms", 0.10, 1, 10, source=_CLOUDWATCH),
    Price("dashboards", "CloudWatch", "dashboards", 3.00, 1, 3, source=_CLOUDWATCH),
    Price("secrets", "Secrets Manager", "secrets", 0.40, source="https://aws.amazon.com/secrets-manager/pricing/"),
    Price(
        "scheduler",
        "EventBridge",
        "calls of the schedule",
        1.00,
        _MILLION,
        14 * _MILLION,
        source="https://aws.amazon.com/eventbridge/pricing/",
    ),
    Price("mails", "SES", "messages", 0.10, 1000, source="https://aws.amazon.com/ses/pricing/"),
    Price("transfer", "data transfer", "GB to the internet", 0.09, 1, 100, source=_EC2),
    Price("clickhouse_compute", "ClickHouse Cloud", "hours of a unit (8 GiB, 2 vCPU)", 0.2181, source=_CLICKHOUSE),
    Price("clickhouse_storage", "ClickHouse Cloud", "GB-months", 0.0253, source=_CLICKHOUSE),
    Price("machine_2", "own machine", "hours of 2 vCPU, 8 GiB (m7g.large)", 0.0816, source=_EC2),
    Price("machine_4", "own machine", "hours of 4 vCPU, 16 GiB (m7g.xlarge)", 0.1632, source=_EC2),
    Price("machine_8", "own machine", "hours of 8 vCPU, 32 GiB (m7g.2xlarge)", 0.3264, source=_EC2),
    Price("machine_16", "own machine", "hours of 16 vCPU, 64 GiB (m7g.4xlarge)", 0.6528, source=_EC2),
    Price("machine_disk", "own machine", "GB-months of disk (gp3)", 0.08, source="https://aws.amazon.com/ebs/pricing/"),
)

Prices = Mapping[str, Price]


def list_prices() -> dict[str, Price]:
    return {price.name: price for price in PRICES}


def as_rows(prices: Prices) -> list[dict[str, Any]]:
    """As `--show-prices` prints them and `--prices` reads them."""
    return [
        {
            **{"name": p.name, "service": p.service, "unit": p.unit, "usd": p.usd, "per": p.per, "free": p.free},
            **{"known": p.known, "source": p.source},
        }
        for p in prices.values()
    ]


def changed(prices: Prices, given: Any) -> dict[str, Price]:
    """`given`: rows as above, of which only `name` and what changes is needed; or `{name: usd}`. Raises PriceError."""
    from insights_engine.errors import nearest

    if isinstance(given, dict):
        given = [{"name": name, "usd": usd} for name, usd in given.items()]
    if not isinstance(given, list):
        raise PriceError("a table of prices is a list of rows, or an object of names and dollars")
    found = dict(prices)
    for row in given:
        if not isinstance(row, dict) or "name" not in row:
            raise PriceError("each row has a name")
        name = str(row["name"])
        if name not in found:
            raise PriceError(f'price "{name}" is not known{nearest(name, found)}')
        found[name] = replace(found[name], **_values(name, row))
    return found


def _values(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in ("usd", "per", "free"):
        if field not in row:
            continue
        number = row[field]
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < 1e12:
            raise PriceError(f"{field} of {name} must be a number that is not negative")
        if field == "per" and not number:
            raise PriceError(f"per of {name} must not be 0")
        values[field] = number
    for field in ("known", "source"):
        if field in row:
            given = row[field]
            values[field] = given.isoformat() if isinstance(given, date) else str(given)
    return values
