"""docs/cost.md, made from the tables and the arithmetic; and the tables that `insights cost` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from insights_local.cost import Estimate, Line, estimate
from insights_local.cost_inputs import MEASURES, QUESTIONS, QUESTIONS_OVER, UNITS
from insights_local.cost_model import Scenario, Sizes
from insights_local.cost_prices import PRICES, list_prices
from insights_local.routes import load_template

_SMALL = 0.005
EVENTS = (1_000_000, 10_000_000, 100_000_000)

_BEGINNING = """What a month costs in AWS and for ClickHouse, by list prices, computed by `insights cost` from what was
measured. Prices, measures and assumptions stand below, each with where it comes from: **the prices are those
of us-east-1 as they were known on the day in the table, and nobody has looked since. Check them.**

For 1, 10 and 100 million events a month, and for numbers of your own:

```sh
.venv/bin/insights cost
.venv/bin/insights cost --events 5000000 --queries-per-day 2000 --cached 0.9 --no-snapstart
```

With prices of your own, change in the file what is different for you in between:

```sh
.venv/bin/insights cost --show-prices > prices.yaml
.venv/bin/insights cost --prices prices.yaml --region eu-central-1
```
"""

_NOT_COUNTED = """## What is not counted

Tax, support, discounts, and what an account has for nothing (`--free-tier` takes that off). Traffic between the
functions and a ClickHouse in another region or behind a NAT gateway. AWS WAF, X-Ray, a domain. A VPC's
endpoints, and alarms beyond those that are always there ([deploy.md](deploy.md#costs-when-nobody-asks)). Questions
in the background, exports and lists of people, as long as they are few. A machine of your own is one machine: a
replica, backups and the hours of whoever looks after it are yours to add.

**What moves the sum.** A ClickHouse that is always awake, which a stream of events sees to, costs the same at one
event a second and at ten. Figures of CloudWatch cost by kind, not by number. Snapshots cost by the hour
([deploy.md](deploy.md#cold-starts)). Capture costs by request, so SDKs that send larger batches cost less:
`--events-per-request`.
"""


def cost_page(note: str) -> str:
    """`note` says what the page is made from."""
    sizes, prices = Sizes.of_template(load_template()), list_prices()
    estimates = [estimate(Scenario(events), prices, sizes) for events in EVENTS]
    scenario = estimates[0].scenario
    parts = [
        f"# What it costs\n\n{note}\n{_BEGINNING}",
        f"## At a glance\n\n{_assumed(scenario)}\n\n{_markdown(*summary(estimates))}",
        *(f"## {_title(one)}\n\n{_markdown(*details(one))}\n{_dominating(one)}" for one in estimates),
        f"## Measured, and assumed\n\n{_markdown(*_measures())}",
        "DynamoDB's request units, counted by a test that runs the real thing over a store that counts as DynamoDB "
        f"does:\n\n{_markdown(*_units())}",
        "Questions, in ClickHouse, over the ten million events of ninety days of "
        f"[performance.md](performance.md) ({QUESTIONS_OVER:,.0f} a month); with more events a month they take as many "
        f"times longer. They were measured with the data in memory; what comes from a disk takes longer:\n\n"
        f"{_markdown(*_questions())}",
        f"## Prices\n\nUS dollars, us-east-1.\n\n{_markdown(*_prices())}",
        _NOT_COUNTED,
    ]
    return "\n".join(parts)


Rows = tuple[Sequence[str], list[Sequence[str]]]


def summary(estimates: Sequence[Estimate]) -> Rows:
    """A row a service, a column a scenario."""
    services = dict.fromkeys(name for one in reversed(estimates) for name in one.by_service)
    rows: list[Sequence[str]] = [
        (name, *(money(one.by_service.get(name, 0.0)) for one in estimates)) for name in services
    ]
    rows += [
        ("**AWS, without ClickHouse**", *(money(sum(one.by_service.values())) for one in estimates)),
        ("ClickHouse Cloud", *(money(_sum(one.cloud)) for one in estimates)),
        ("**with ClickHouse Cloud**", *(f"**{money(one.with_cloud)}**" for one in estimates)),
        ("or a machine of your own", *(money(_sum(one.machine)) for one in estimates)),
        ("**with your own machine**", *(f"**{money(one.with_machine)}**" for one in estimates)),
    ]
    return ("$ a month", *(f"{one.scenario.events:,} events" for one in estimates)), rows


def details(one: Estimate) -> Rows:
    """A row a line, the dearest first; the two ways to have a ClickHouse and the sums at the end."""
    rows: list[Sequence[str]] = [_row(line) for line in sorted(one.shared, key=lambda line: -line.usd) if _counts(line)]
    small = [line for line in one.shared if not _counts(line)]
    if small:
        rows.append(("", f"{len(small)} more, each below half a cent", "", money(_sum(small))))
    rows += [_row(line) for line in one.cloud]
    rows.append(("", "**with ClickHouse Cloud**", "", f"**{money(one.with_cloud)}**"))
    rows += [_row(line) for line in one.machine]
    rows.append(("", "**with your own machine instead**", "", f"**{money(one.with_machine)}**"))
    return ("service", "for", "quantity", "$ a month"), rows


def dominating(one: Estimate) -> str:
    line = one.dominates
    share = line.usd / one.with_cloud if one.with_cloud else 0
    return f"{line.price.service}, {line.what}: {share:.0%} of the sum with ClickHouse Cloud."


def money(usd: float) -> str:
    return f"{usd:,.2f}"


def text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """For a terminal: columns in line, numbers at the right."""
    plain = [[cell.replace("*", "") for cell in row] for row in (header, *rows)]
    widths = [max(len(row[at]) for row in plain) for at in range(len(header))]
    first_number = next(at for at, name in enumerate(header) if name in ("quantity",) or "events" in name)
    lines = []
    for row in plain:
        cells = [
            cell.rjust(width) if at >= first_number else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _counts(line: Line) -> bool:
    return abs(line.usd) >= _SMALL


def _row(line: Line) -> tuple[str, str, str, str]:
    quantity = f"{line.quantity:,.0f}" if abs(line.quantity) >= 100 else f"{line.quantity:,.3g}"
    return line.price.service, line.what, f"{quantity} {line.price.unit}", money(line.usd)


def _sum(lines: Iterable[Line]) -> float:
    return sum(line.usd for line in lines)


def _title(one: Estimate) -> str:
    return f"{one.scenario.events:,} events a month"


def _dominating(one: Estimate) -> str:
    return f"What dominates: {dominating(one)}\n"


def _assumed(one: Scenario) -> str:
    return (
        f"{one.queries_per_day:,} questions a day, of which {one.cached:.0%} are answered with a kept result; "
        f"{one.events_per_request} events a request; a new person in {one.events_per_person} events; "
        f"events kept for {one.months_kept} months; {one.subscriptions} reports a day; "
        f"{one.architecture}; snapshots {'on' if one.snapstart else 'off'}."
    )


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in lines)


def _measures() -> Rows:
    return ("", "is", "from"), [(row.of, f"{row.value:g} {row.unit}", row.where) for row in MEASURES]


def _units() -> Rows:
    return ("for", "read", "written"), [(row.of, str(row.reads), str(row.writes)) for row in UNITS]


def _questions() -> Rows:
    return ("question", "share", "ms"), [(row.name, f"{row.share:.0%}", f"{row.ms:g}") for row in QUESTIONS]


def _prices() -> Rows:
    rows: list[Sequence[str]] = [
        (
            f"`{p.name}`",
            p.service,
            f"{p.usd:.10f}".rstrip("0").rstrip("."),
            f"{p.per:,.0f} {p.unit}",
            f"{p.free:,.0f}" if p.free else "",
            f"{p.known}, [list]({p.source})",
        )
        for p in PRICES
    ]
    return ("name", "service", "$", "for", "free a month", "known on, from"), rows
