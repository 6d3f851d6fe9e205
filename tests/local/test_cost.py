"""`insights cost`: the arithmetic against sums made by hand, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from insights_local.cost import Estimate, estimate
from insights_local.cost_inputs import QUESTIONS, QUESTIONS_OVER, Measure, Units
from insights_local.cost_model import Scenario, Sizes
from insights_local.cost_page import EVENTS
from insights_local.cost_prices import PRICES, list_prices
from insights_local.routes import load_template

from tests.local.conftest import Run

# A small installation, in numbers that a person can add up.
SIZES = Sizes(
    memory={"Capture": 512, "Ingest": 2048, "Query": 2048, "Report": 1024, "Deliver": 2048, "Squash": 1024},
    with_snapshots=("Capture", "Query"),
    queues=2,
    alarms=5,
    dashboards=1,
)
ROUND = {
    **{"capture_ms": 10, "event_us": 100, "cached_ms": 2, "computed_ms": 4, "least_question_ms": 5},
    **{"question_processors": 2, "event_bytes": 100, "answer_kb": 10, "request_log_bytes": 400},
    **{"figures_log_bytes": 400, "metrics": 20, "full_processor_mb": 1024, "aws_log_bytes": 600, "store_ms": 5},
    **{"queue_ms": 10, "insert_ms": 40, "network_ms": 5, "insert_us": 50, "cold_share": 0.01, "cold_ms": 1000},
    **{"pollers": 5, "window_s": 5, "person_bytes": 1000, "merges": 0.1, "result_kb": 3, "tick_ms": 100},
    **{"report_ms": 2000, "report_kb": 100, "squash_ms": 1000, "busy": 0.5},
}
ROUND_UNITS = (
    Units("message", "m", 2, 0, 2, ""),
    Units("person", "p", 1, 3, 3, ""),
    Units("merge", "i", 8, 6, 6, ""),
    Units("cached", "k", 8, 0, 4, ""),
    Units("computed", "c", 10, 5, 8, ""),
    Units("report", "r", 40, 20, 30, ""),
    Units("tick", "t", 4, 0, 4, ""),
)


def by_hand(scenario: Scenario) -> Estimate:
    measures = tuple(Measure(name, value, "", "", "") for name, value in ROUND.items())
    return estimate(scenario, list_prices(), SIZES, measures, ROUND_UNITS)


def sums(found: Estimate) -> dict[str, float]:
    """Quantities by price."""
    total: dict[str, float] = {}
    for line in (*found.shared, *found.cloud, *found.machine):
        total[line.price.name] = total.get(line.price.name, 0.0) + line.quantity
    return total


def test_nothing_captured_and_nothing_asked() -> None:
    """What is left by hand: the schedule, the pollers, Squash, alarms, the dashboard, the secret, ClickHouse."""
    found = by_hand(Scenario(0, queries_per_day=0, snapstart=False, subscriptions=0))
    ticks = 730 * 60  # 43,800, each 100 ms and four waits of 5 ms, and one in a hundred starts for a second
    polls = 2 * 5 * 730 * 3600 / 20
    assert sums(found) == {
        "scheduler": ticks,
        "lambda_requests": ticks + 730,
        "lambda_arm64": pytest.approx(ticks * (0.100 + 0.020 + 0.010) + 730 * (1.0 + 0.010)),
        "dynamodb_reads": ticks * 4,
        "sqs_requests": polls,
        "alarms": 5,
        "dashboards": 1,
        "secrets": 1,
        "clickhouse_compute": 730,
        "machine_2": 730,
        "machine_disk": 20,
    }
    aws = (
        *(43_800 * 1.00 / 1e6, 44_530 * 0.20 / 1e6, 6_431.3 * 0.0000133334, 175_200 * 0.125 / 1e6),
        *(1_314_000 * 0.40 / 1e6, 5 * 0.10, 3.00, 0.40),
    )
    assert found.with_cloud == pytest.approx(sum(aws) + 730 * 0.2181)
    assert found.with_machine == pytest.approx(sum(aws) + 730 * 0.0816 + 20 * 0.08)


def test_a_busy_month() -> None:
    """12 million events in 1.2 million requests, 600,000 persons; 300 questions an hour, half of them kept."""
    found = by_hand(Scenario(12_000_000, queries_per_day=7200, cached=0.5, snapstart=True, subscriptions=24))
    asked, computed, ticks, sent = 219_000, 109_500, 43_800, 730
    factor = 12_000_000 / (10_000_987 / 90 * 365 / 12)
    question = (0.60 * 40 + 0.15 * 78 + 0.15 * 61 + 0.10 * 136) * factor / 1000  # seconds
    gb_seconds = (
        1_200_000 * (2 * 0.010 + 0.010) * 0.5  # Capture: work with half a processor, SQS; from a snapshot
        + 1_200_000 * (10 * 0.0001 + 2 * 0.005 + 0.040 + 0.010) * 2  # Ingest: a message each, no snapshot
        + 109_500 * (0.002 + 4 * 0.005) * 2  # kept
        + computed * (0.004 + 8 * 0.005 + 0.005 + question) * 2
        + ticks * (0.100 + 4 * 0.005 + 0.010)
        + sent * (2.0 + 30 * 0.005 + 0.010) * 2
        + 730 * (1.0 + 0.010)
    )
    want = {
        "http_api": 1_200_000 + asked,
        "lambda_requests": 1_200_000 + 1_200_000 + asked + ticks + sent + 730,
        "lambda_arm64": gb_seconds,
        "snapstart_kept": 2.5 * 730 * 3600,
        "snapstart_restored": (1_200_000 * 0.5 + asked * 2) * 0.01,
        "sqs_requests": 1_200_000 * 1.2 + sent * 3 + 1_314_000,
        "dynamodb_reads": 1_200_000 * 2
        + 600_000 * 1
        + 60_000 * 8
        + 109_500 * 8
        + computed * 10
        + ticks * 4
        + sent * 40,
        "dynamodb_writes": 600_000 * 3 + 60_000 * 6 + computed * 5 + sent * 20,
        "dynamodb_storage": 600_000 * 12 * 1000 / 1e9 + computed * 3000 / 1e9 * 7 / (730 / 24),
        "dynamodb_recovery": 7.2,
        "logs_taken": (1_200_000 * 1000 + asked * 1400) / 1e9,
        "logs_kept": (1_200_000 * 1000 + asked * 1400) / 1e9,
        "transfer": asked * 10_000 / 1e9,
        "metrics": 20,
        "mails": sent,
        "s3_writes": sent,
        "s3_storage": sent * 100_000 / 1e9,
        "clickhouse_storage": 2 * 12_000_000 * 12 * 100 / 1e9,
        "machine_disk": 3 * 12_000_000 * 12 * 100 / 1e9,
    }
    got = sums(found)
    assert {name: got[name] for name in want} == pytest.approx(want)
    # 0.21 s × 2 processors × 109,500 and 50 µs × 12 million: 0.5 days of processor time.
    assert (got["clickhouse_compute"], got["machine_2"]) == (730, 730)
    prices = {price.name: price for price in PRICES}
    shared = sum(line.usd for line in found.shared)
    cloud = {"clickhouse_compute", "clickhouse_storage"}
    machine = {"machine_2", "machine_disk"}
    assert shared == pytest.approx(
        sum(prices[name].usd * got[name] / prices[name].per for name in got.keys() - cloud - machine)
    )
    assert found.dominates.what == "1 of 8 GiB"


def test_clickhouse_grows_with_its_work() -> None:
    """A billion events, each question computed: 24 s of two processors, 300,000 times."""
    found = by_hand(Scenario(1_000_000_000, cached=0.0))
    question = 0.05845 * 1_000_000_000 / QUESTIONS_OVER
    busy = 10_000 * 730 / 24 * question * 2 + 1_000_000_000 * 50e-6
    units = -(-busy // (730 * 3600 * 2 * 0.5))
    assert sums(found)["clickhouse_compute"] == units * 730
    (machine,) = {line.price.name for line in found.machine} - {"machine_disk"}
    assert machine == "machine_16"


def total(**asked: Any) -> float:
    return by_hand(Scenario(asked.pop("events", 10_000_000), **asked)).with_cloud


MORE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"events": 1_000_000}, {"events": 2_000_000}),
    ({"queries_per_day": 100}, {"queries_per_day": 10_000}),
    ({"cached": 0.9}, {"cached": 0.1}),
    ({"snapstart": False}, {"snapstart": True}),
    ({"subscriptions": 0}, {"subscriptions": 1000}),
    ({"events_per_request": 100}, {"events_per_request": 1}),
    ({"events_per_person": 100}, {"events_per_person": 10}),
    ({"months_kept": 1}, {"months_kept": 36}),
    ({"clickhouse_hours": 200}, {"clickhouse_hours": 730}),
    ({"architecture": "arm64"}, {"architecture": "x86_64"}),
    ({"free_tier": True}, {"free_tier": False}),
]


@pytest.mark.parametrize(("less", "more"), MORE, ids=lambda asked: "-".join(asked))
def test_more_costs_more(less: dict[str, Any], more: dict[str, Any]) -> None:
    assert 0 < total(**less) < total(**more)


def test_what_is_free_is_never_more_than_what_is_used() -> None:
    found = estimate(Scenario(1000, free_tier=True), list_prices(), SIZES)
    assert all(usd >= -1e-9 for usd in found.by_service.values())
    assert sums(found)["sqs_requests"] == pytest.approx(1_314_000 + 120 + 20 * 730 / 24 * 3 - 1_000_000)


def test_sizes_are_those_of_the_template() -> None:
    sizes = Sizes.of_template(load_template())
    assert sizes.memory.keys() >= {"Capture", "Ingest", "Query", "Report", "Deliver", "Squash"}
    assert all(128 <= memory <= 10_240 for memory in sizes.memory.values())
    assert set(sizes.with_snapshots) >= {"Capture", "Query", "Trend", "Resources"}
    assert (sizes.queues, sizes.dashboards) == (3, 1)
    assert {question.share for question in QUESTIONS} and sum(
        question.share for question in QUESTIONS
    ) == pytest.approx(1)


# The command.


def test_the_command(run: Run) -> None:
    found = run("cost", "--events", "2000000", "--events", "3000000")
    assert found.exit_code == 0, found.output
    assert found.stdout.count(" events a month\n") == 2
    assert found.stdout.count("What dominates: ClickHouse Cloud, 1 of 8 GiB: ") == 2
    assert "List prices, us-east-1, as known on 20" in found.stdout


def test_json_has_every_line(run: Run) -> None:
    found = json.loads(run("cost", "--json", "--no-snapstart", "--region", "mars").stdout)
    assert (found["region"], [one["scenario"]["events"] for one in found["estimates"]]) == ("mars", list(EVENTS))
    for one in found["estimates"]:
        assert not [line for line in one["lines"] if line["service"] == "Lambda SnapStart"]
        added = sum(line["usd"] for line in (*one["lines"], *one["clickhouse_cloud"]))
        assert added == pytest.approx(one["usd"]["with_clickhouse_cloud"], abs=1e-3)


@pytest.mark.parametrize("as_json", [False, True])
def test_prices_can_be_taken_out_changed_and_given_back(run: Run, tmp_path: Path, as_json: bool) -> None:
    shown = run("cost", "--show-prices", *(["--json"] if as_json else [])).stdout
    rows = yaml.safe_load(shown)
    assert [row["name"] for row in rows] == [price.name for price in PRICES]
    assert all(row["known"] and row["source"].startswith("https://") for row in rows)
    path = tmp_path / "prices.yaml"
    path.write_text(shown)
    ask = ("cost", "--json", "--events", "1000000")
    assert run(*ask, "--prices", str(path)).stdout == run(*ask).stdout
    for row in rows:
        row["usd"] *= 2
    path.write_text(json.dumps(rows) if as_json else yaml.safe_dump(rows))
    once, twice = (json.loads(run(*ask, *more).stdout) for more in ((), ("--prices", str(path))))
    for name, usd in once["estimates"][0]["usd"].items():
        assert twice["estimates"][0]["usd"][name] == pytest.approx(2 * usd, rel=1e-5)


def test_a_price_alone(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("clickhouse_compute: 0\n")
    (one,) = json.loads(run("cost", "--json", "--events", "0", "--prices", str(path)).stdout)["estimates"]
    assert sum(line["usd"] for line in one["clickhouse_cloud"]) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clickhouse_computer: 1", 'price "clickhouse_computer" is not known; did you mean "clickhouse_compute"?'),
        ("alarms: cheap", "usd of alarms must be a number"),
        ("alarms: -1", "usd of alarms must be a number that is not negative"),
        ("- {name: alarms, per: 0}", "per of alarms must not be 0"),
        ("- {usd: 1}", "each row has a name"),
        ("7", "a table of prices is a list of rows"),
        ("[", "prices.yaml: "),
    ],
)
def test_prices_that_cannot_be_meant(run: Run, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    found = run("cost", "--prices", str(path))
    assert found.exit_code == 1
    assert words in found.stderr
    assert "Traceback" not in found.output
