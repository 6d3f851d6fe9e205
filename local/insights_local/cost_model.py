"""How much is captured and asked, how large the installation is, and the arithmetic that its parts share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from insights_local.cost_inputs import QUESTIONS, QUESTIONS_OVER, Units

HOURS = 730
SECONDS = HOURS * 3600
DAYS = HOURS / 24
GB = 1_000_000_000
MB_PER_GB = 1024


@dataclass(frozen=True, slots=True)
class Scenario:
    """`cached`: share of the questions that are answered with a kept result. `clickhouse_hours`: those in which
    ClickHouse Cloud is awake, of 730: it sleeps only while nothing is captured and nothing asked.
    """

    events: int
    queries_per_day: int = 10_000
    cached: float = 0.7
    snapstart: bool = True
    architecture: str = "arm64"
    subscriptions: int = 20
    events_per_request: int = 10
    events_per_person: int = 20
    months_kept: int = 12
    clickhouse_hours: int = HOURS
    free_tier: bool = False

    @property
    def requests(self) -> float:
        return self.events / self.events_per_request

    @property
    def queries(self) -> float:
        return self.queries_per_day * DAYS

    @property
    def computed(self) -> float:
        return self.queries * (1 - self.cached)

    @property
    def persons(self) -> float:
        return self.events / self.events_per_person

    @property
    def reports(self) -> float:
        return self.subscriptions * DAYS


@dataclass(frozen=True, slots=True)
class Sizes:
    """What of the template costs: memory of the functions in MB, those with snapshots, queues with a consumer, alarms
    that always exist, dashboards.
    """

    memory: Mapping[str, int]
    with_snapshots: tuple[str, ...]
    queues: int
    alarms: int
    dashboards: int

    @classmethod
    def of_template(cls, template: Mapping[str, Any]) -> Sizes:
        shared = template.get("Globals", {}).get("Function", {})
        resources = template["Resources"]
        functions = {
            name: {**shared, **resource["Properties"]}
            for name, resource in resources.items()
            if resource["Type"] == "AWS::Serverless::Function"
        }
        events = [event for function in functions.values() for event in function.get("Events", {}).values()]
        kinds = [resource["Type"] for resource in resources.values() if "Condition" not in resource]
        return cls(
            memory={name: _memory(function["MemorySize"], template) for name, function in functions.items()},
            with_snapshots=tuple(name for name, function in functions.items() if "SnapStart" in function),
            queues=sum(event["Type"] == "SQS" for event in events),
            alarms=kinds.count("AWS::CloudWatch::Alarm"),
            dashboards=kinds.count("AWS::CloudWatch::Dashboard"),
        )


class Used(NamedTuple):
    """A quantity, in the units of a price."""

    price: str
    what: str
    quantity: float


@dataclass(frozen=True, slots=True)
class Model:
    """What the parts ask of one scenario."""

    scenario: Scenario
    sizes: Sizes
    measures: Mapping[str, float]
    units: Mapping[str, Units]

    def __getitem__(self, name: str) -> float:
        return self.measures[name]

    def gb_seconds(self, function: str, ms: float, waits_ms: float, calls: float) -> Used:
        """`ms` is work, which takes longer with less memory than a whole processor comes with; `waits_ms` is not."""
        memory = self.sizes.memory[function]
        took = ms * max(1.0, self["full_processor_mb"] / memory) + waits_ms
        if not (self.scenario.snapstart and function in self.sizes.with_snapshots):
            took += self["cold_share"] * self["cold_ms"]
        price = f"lambda_{self.scenario.architecture}"
        return Used(price, function, calls * took / 1000 * memory / MB_PER_GB)

    def store(self, name: str, times: float) -> Iterator[Used]:
        row = self.units[name]
        yield Used("dynamodb_reads", row.label, times * row.reads)
        yield Used("dynamodb_writes", row.label, times * row.writes)

    def waits(self, name: str) -> float:
        return self.units[name].calls * self["store_ms"]

    @property
    def question_ms(self) -> float:
        """ClickHouse's, on average: as many times longer as there are more events in the same days."""
        mean = sum(question.share * question.ms for question in QUESTIONS)
        return max(self["least_question_ms"], mean * self.scenario.events / QUESTIONS_OVER)

    @property
    def processor_seconds(self) -> float:
        """ClickHouse's, in the month."""
        questions = self.scenario.computed * self.question_ms / 1000 * self["question_processors"]
        return questions + self.scenario.events * self["insert_us"] / 1e6

    @property
    def stored_gb(self) -> float:
        return self.scenario.events * self.scenario.months_kept * self["event_bytes"] / GB


def _memory(value: Any, template: Mapping[str, Any]) -> int:
    """A parameter counts with its default."""
    if isinstance(value, dict):
        value = template["Parameters"][value["Ref"]]["Default"]
    return int(value)
