"""Figures are lines of CloudWatch's embedded metric format, whole and at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from insights_engine import log, metrics
from insights_local.functions import Context

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str]) -> Lines:
    return lambda: [json.loads(text) for text in capfd.readouterr().out.splitlines()]


def figures(line: dict[str, Any]) -> dict[str, float]:
    """Name -> value, of those that CloudWatch takes from the line."""
    (about,) = line["_aws"]["CloudWatchMetrics"]
    found = {}
    for metric in about["Metrics"]:
        (found[metric["Name"]],) = line[metric["Name"]]
    return found


def dimensions(line: dict[str, Any]) -> list[dict[str, str]]:
    (about,) = line["_aws"]["CloudWatchMetrics"]
    assert about["Namespace"] == "ServerlessInsights"
    return [{name: line[name] for name in names} for names in about["Dimensions"]]


def test_a_computed_question_is_one_line_with_what_it_cost(lines: Lines) -> None:
    metrics.question(
        project_id=7,
        insight="trend",
        outcome="computed",
        total_ms=20.04,
        clickhouse_ms=12.3,
        rows_read=1000,
        bytes_read=2**40,
    )
    (line,) = lines()
    assert dimensions(line) == [{"service": "insights", "insight": "trend"}]
    assert figures(line) == {"Computed": 1, "TotalMs": 20, "ClickHouseMs": 12.3, "RowsRead": 1000, "BytesRead": 2**40}
    assert (line["project"], line["outcome"]) == (7, "computed")
    assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 60


@pytest.mark.parametrize("outcome", ["hit", "stale", "joined", "queued", "failed"])
def test_what_asked_nothing_of_clickhouse_has_no_figures_of_it(outcome: metrics.Outcome, lines: Lines) -> None:
    metrics.question(project_id=7, insight="funnel", outcome=outcome, total_ms=3)
    (line,) = lines()
    assert figures(line) == {outcome.capitalize(): 1, "TotalMs": 3}


def test_lines_of_an_invocation_name_it(lines: Lines) -> None:
    with log.invocation({}, Context("Trend", 29, aws_request_id="r-1")):
        metrics.question(project_id=7, insight="trend", outcome="hit", total_ms=1)
    metrics.question(project_id=7, insight="trend", outcome="hit", total_ms=1)
    within, after = lines()
    assert within["request_id"] == "r-1"
    assert not after.get("request_id")


def test_two_installations_are_told_apart(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "staging")
    metrics.question(project_id=7, insight="trend", outcome="hit", total_ms=1)
    metrics.cold_start("staging-Trend-abc")
    question, start = lines()
    assert question["service"] == "staging"
    assert dimensions(start) == [
        {"service": "staging"},
        {"service": "staging", "function_name": "staging-Trend-abc"},
    ]
    assert figures(start) == {"ColdStart": 1}


def test_a_count_is_of_its_service(lines: Lines) -> None:
    metrics.count("TimingLost", service="timing")
    (line,) = lines()
    assert (dimensions(line), figures(line)) == ([{"service": "timing"}], {"TimingLost": 1})


def test_nothing_is_written_where_metrics_are_off(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the local server's terminal."""
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    metrics.question(project_id=7, insight="trend", outcome="hit", total_ms=1)
    metrics.cold_start("Trend")
    assert lines() == []
