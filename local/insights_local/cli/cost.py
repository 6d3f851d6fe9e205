"""`insights cost`: what an installation costs a month."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from insights_local.cost import Estimate, Line
    from insights_local.cost_prices import Price


@click.command(short_help="Say what an installation costs a month, by list prices.")
@click.option(
    "--events",
    type=click.IntRange(0),
    multiple=True,
    metavar="N",
    help="Events a month; several give a table each. Default: 1, 10 and 100 million.",
)
@click.option("--queries-per-day", type=click.IntRange(0), default=10_000, show_default=True, help="Questions a day.")
@click.option(
    "--cached",
    type=click.FloatRange(0, 1),
    default=0.7,
    show_default=True,
    help="Share of them that a kept result answers.",
)
@click.option("--snapstart/--no-snapstart", default=True, show_default=True, help="Start functions from snapshots.")
@click.option(
    "--architecture",
    type=click.Choice(["arm64", "x86_64"]),
    default="arm64",
    show_default=True,
    help="Processor of the functions.",
)
@click.option(
    "--subscriptions", type=click.IntRange(0), default=20, show_default=True, help="Reports a day, by e-mail."
)
@click.option(
    "--events-per-request", type=click.IntRange(1), default=10, show_default=True, help="Events that SDKs send at once."
)
@click.option(
    "--events-per-person", type=click.IntRange(1), default=20, show_default=True, help="Events for each new person."
)
@click.option("--months-kept", type=click.IntRange(1), default=12, show_default=True, help="Months of events kept.")
@click.option(
    "--clickhouse-hours",
    type=click.IntRange(1, 730),
    default=730,
    show_default=True,
    help="Hours a month that ClickHouse Cloud is awake: all, where events come at all hours.",
)
@click.option("--free-tier", is_flag=True, help="Take off what an account has for nothing each month.")
@click.option(
    "--region", default="us-east-1", show_default=True, help="A name for the prices; they are what --prices says."
)
@click.option(
    "--prices",
    "prices_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    metavar="FILE",
    help="Other prices, JSON or YAML: what --show-prices prints, changed, or an object of names and dollars.",
)
@click.option("--show-prices", is_flag=True, help="Print the table of prices, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def cost(
    events: tuple[int, ...],
    cached: float,
    region: str,
    prices_file: Path | None,
    show_prices: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Say what an installation costs a month in AWS and for ClickHouse, by list prices.

    It is computed from what was measured (docs/cost.md has every input and where it comes from) and from a table of
    prices with the day on which each was known: check them. Nothing is asked of AWS.

    \b
    Examples:
      insights cost
      insights cost --events 5000000 --queries-per-day 2000 --cached 0.9 --no-snapstart
      insights cost --show-prices > prices.yaml
    """
    from insights_local.cost import estimate
    from insights_local.cost_model import Scenario, Sizes
    from insights_local.cost_page import EVENTS
    from insights_local.routes import load_template

    prices = _prices(prices_file)
    if show_prices:
        click.echo(_shown(prices, as_json), nl=False)
        return
    sizes = Sizes.of_template(load_template())
    scenarios = [Scenario(count, cached=cached, **asked) for count in events or EVENTS]
    estimates = [estimate(scenario, prices, sizes) for scenario in scenarios]
    if as_json:
        click.echo(json.dumps({"region": region, "estimates": [_as_json(one) for one in estimates]}, indent=2))
    else:
        _print(estimates, prices, region)


def _prices(path: Path | None) -> dict[str, Price]:
    import yaml

    from insights_local.cost_prices import PriceError, changed, list_prices

    if path is None:
        return list_prices()
    try:
        return changed(list_prices(), yaml.safe_load(path.read_text("utf-8")))
    except (PriceError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path}: {error}") from error


def _shown(prices: dict[str, Price], as_json: bool) -> str:
    import yaml

    from insights_local.cost_prices import as_rows

    rows = as_rows(prices)
    return json.dumps(rows, indent=2) + "\n" if as_json else yaml.safe_dump(rows, sort_keys=False, width=120)


def _print(estimates: list[Estimate], prices: dict[str, Price], region: str) -> None:
    from insights_local.cost_page import details, dominating, summary, text

    for one in estimates:
        click.echo(click.style(f"{one.scenario.events:,} events a month", bold=True))
        click.echo(f"{text(*details(one))}\nWhat dominates: {dominating(one)}\n")
    if len(estimates) > 1:
        click.echo(f"{text(*summary(estimates))}\n")
    days = sorted({price.known for price in prices.values()})
    known = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    click.echo(f"List prices, {region}, as known on {known}: check them (--show-prices, --prices).")


def _as_json(one: Estimate) -> dict[str, Any]:
    return {
        "scenario": asdict(one.scenario),
        "lines": [_line(line) for line in one.shared],
        "clickhouse_cloud": [_line(line) for line in one.cloud],
        "own_machine": [_line(line) for line in one.machine],
        "usd": {"with_clickhouse_cloud": round(one.with_cloud, 4), "with_own_machine": round(one.with_machine, 4)},
        "dominates": {"service": one.dominates.price.service, "for": one.dominates.what},
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        **{"service": line.price.service, "for": line.what, "price": line.price.name, "unit": line.price.unit},
        **{"quantity": round(line.quantity, 6), "usd": round(line.usd, 6)},
    }
