"""What a month costs, from how much is captured and asked. Pure: prices, measures and the template's sizes come in.

A quantity and its price make a line. ClickHouse stands at the end twice, since it is one or the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from insights_local.cost_inputs import MEASURES, UNITS, Measure, Units
from insights_local.cost_model import Model, Scenario, Sizes, Used
from insights_local.cost_parts import PARTS, clickhouse_cloud, own_machine
from insights_local.cost_prices import Price, Prices


class Line(NamedTuple):
    price: Price
    what: str
    quantity: float
    usd: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """`shared` is what costs the same with either ClickHouse."""

    scenario: Scenario
    shared: tuple[Line, ...]
    cloud: tuple[Line, ...]
    machine: tuple[Line, ...]

    @property
    def with_cloud(self) -> float:
        return sum(line.usd for line in (*self.shared, *self.cloud))

    @property
    def with_machine(self) -> float:
        return sum(line.usd for line in (*self.shared, *self.machine))

    @property
    def by_service(self) -> dict[str, float]:
        """Without ClickHouse; the dearest first."""
        found: dict[str, float] = {}
        for line in self.shared:
            found[line.price.service] = found.get(line.price.service, 0.0) + line.usd
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))

    @property
    def dominates(self) -> Line:
        """The dearest line of all, with ClickHouse Cloud."""
        return max((*self.shared, *self.cloud), key=lambda line: line.usd)


def estimate(
    scenario: Scenario,
    prices: Prices,
    sizes: Sizes,
    measures: tuple[Measure, ...] = MEASURES,
    units: tuple[Units, ...] = UNITS,
) -> Estimate:
    model = Model(scenario, sizes, {row.name: row.value for row in measures}, {row.name: row for row in units})
    used = [one for part in PARTS for one in part(model)]
    kept = sum(one.quantity for one in used if one.price == "logs_taken")
    used.append(Used("logs_kept", "logs of 30 days", kept))
    shared = _lines(used, prices)
    if scenario.free_tier:
        shared += _free(shared)
    return Estimate(
        scenario,
        tuple(shared),
        tuple(_lines(clickhouse_cloud(model), prices)),
        tuple(_lines(own_machine(model), prices)),
    )


def _lines(used: Iterable[Used], prices: Prices) -> list[Line]:
    """One a price and what it is for; nothing of what is not used."""
    sums: dict[tuple[str, str], float] = {}
    for one in used:
        sums[one.price, one.what] = sums.get((one.price, one.what), 0.0) + one.quantity
    return [
        Line(prices[price], what, quantity, prices[price].of(quantity))
        for (price, what), quantity in sums.items()
        if quantity
    ]


def _free(lines: list[Line]) -> list[Line]:
    """What an account has for nothing, as lines that take it off again."""
    found = []
    for price in {line.price.name: line.price for line in lines if line.price.free}.values():
        quantity = min(price.free, sum(line.quantity for line in lines if line.price == price))
        found.append(Line(price, "free of charge", -quantity, -price.of(quantity)))
    return found
