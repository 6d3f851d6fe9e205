"""The dashboard and the alarms of the template: about what is deployed, and nothing that is not."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from insights_engine.metrics import NAMESPACE, Outcome
from insights_local.routes import ROOT, functions_of, load_template, routes_of

TEMPLATE = load_template()
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
FUNCTIONS = sorted(functions_of(TEMPLATE))
HTTP = sorted({route.function.name for route in routes_of(TEMPLATE).all})
ALARMS = {name: found for name, found in RESOURCES.items() if found["Type"] == "AWS::CloudWatch::Alarm"}
# They exist without a topic as well: what they say is that something is lost, or late, and nobody waits for it.
ALWAYS = {
    *("DeadEventsAlarm", "DeadQueriesAlarm", "DeadReportsAlarm", "DeadTriggersAlarm"),
    *(f"{name}ErrorsAlarm" for name in ("Ingest", "Squash", "Compute", "Report", "Deliver")),
}
BODY: str = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
PAGE = (ROOT / "docs" / "observability.md").read_text("utf-8")

Metric = tuple[str, str, str, str]


def widgets() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(BODY)["widgets"]
    return found


def metrics_of(widget: dict[str, Any]) -> list[Metric]:
    """(namespace, metric, dimension, value) with the repetitions that `...` stands for written out."""
    found: list[Metric] = []
    for row in widget["properties"].get("metrics", []):
        names = [part for part in row if isinstance(part, str)]
        if names[:1] == ["..."]:
            names = [*found[-1][:3], *names[1:]]
        if names:
            namespace, metric, dimension, value = names
            found.append((namespace, metric, dimension, value))
    return found


def shown(metric: str) -> dict[str, set[str]]:
    """Statistic -> the functions of which the dashboard has the metric."""
    found: dict[str, set[str]] = {}
    for widget in widgets():
        for namespace, name, _, value in metrics_of(widget):
            if (namespace, name) == ("AWS/Lambda", metric):
                found.setdefault(widget["properties"]["stat"], set()).add(value.strip("${}"))
    return found


def test_the_dashboard_refers_to_what_is_deployed() -> None:
    names = {reference.partition(".")[0] for reference in re.findall(r"\$\{([^}]+)\}", BODY)}
    assert names - RESOURCES.keys() == {"AWS::Region", "AWS::StackName"}


def test_the_dashboard_has_every_function() -> None:
    assert shown("Invocations") == {"Sum": set(FUNCTIONS)}
    assert shown("Errors") == {"Sum": set(FUNCTIONS)}
    assert shown("Throttles") == {"Sum": set(FUNCTIONS)}
    assert {stat: sorted(shown("Duration")[stat]) for stat in ("p50", "p95", "p99")} == dict.fromkeys(
        ("p50", "p95", "p99"), HTTP
    )


def test_widgets_do_not_overlap_and_fit() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets():
        x, y, width, height = (widget[name] for name in ("x", "y", "width", "height"))
        cells = {(column, row) for column in range(x, x + width) for row in range(y, y + height)}
        assert x + width <= 24
        assert not taken & cells
        taken |= cells


def test_every_outcome_of_a_question_is_shown() -> None:
    (answers,) = [widget for widget in widgets() if widget["properties"]["title"] == "Answers"]
    found = {row[0]["label"] for row in answers["properties"]["metrics"]}
    assert found == set(get_args(Outcome))
    expressions = "".join(row[0]["expression"] for row in answers["properties"]["metrics"])
    assert all(f'MetricName="{outcome.capitalize()}"' in expressions for outcome in get_args(Outcome))
    assert NAMESPACE in expressions


def watched(name: str) -> list[tuple[str, str]]:
    """(metric, function) of an alarm."""
    properties = ALARMS[name]["Properties"]
    if "MetricName" in properties:
        parts = [properties]
    else:
        parts = [one["MetricStat"]["Metric"] for one in properties["Metrics"] if "MetricStat" in one]
    return [(part["MetricName"], str(part["Dimensions"][0]["Value"].get("Ref"))) for part in parts]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_fails_raises_an_alarm_of_its_own(name: str) -> None:
    assert watched(f"{name}ErrorsAlarm") == [("Errors", name)]
    assert ALARMS[f"{name}ErrorsAlarm"]["Properties"]["Namespace"] == "AWS/Lambda"


def test_throttles_and_slow_answers_of_every_function_raise_one() -> None:
    background = sorted(set(FUNCTIONS) - set(HTTP))
    assert sorted(watched("ThrottlesAlarm")) == [("Throttles", name) for name in HTTP]
    assert sorted(watched("BackgroundThrottlesAlarm")) == [("Throttles", name) for name in background]
    assert sorted(watched("SlowAlarm")) == [("Duration", name) for name in HTTP]
    stats = {one["MetricStat"]["Stat"] for one in ALARMS["SlowAlarm"]["Properties"]["Metrics"] if "MetricStat" in one}
    assert stats == {"p95"}


def test_cold_starts_are_watched_as_a_share_of_the_requests() -> None:
    assert watched("ColdStartsAlarm") == [("ColdStart", "AWS::StackName"), ("Count", "Api")]


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_tells_the_topic_and_is_quiet_without_traffic(name: str) -> None:
    properties = ALARMS[name]["Properties"]
    told = [{"Fn::If": ["HasAlarmTopicArn", {"Ref": "AlarmTopicArn"}, {"Ref": "AlarmTopic"}]}]
    if name in ALWAYS:
        assert properties["AlarmActions"] == {"Fn::If": ["HasAlarmTopic", told, {"Ref": "AWS::NoValue"}]}
    else:
        assert (ALARMS[name]["Condition"], properties["AlarmActions"]) == ("HasAlarmTopic", told)
    assert properties["TreatMissingData"] == "notBreaching"
    assert properties["AlarmDescription"].endswith((".", "again."))


def test_an_alarm_s_mathematics_is_of_its_metrics() -> None:
    for name, alarm in ALARMS.items():
        metrics = alarm["Properties"].get("Metrics", [])
        expressions = [one for one in metrics if "Expression" in one]
        assert len(expressions) == bool(metrics), name
        assert len(metrics) <= 10, "more than an alarm may have"
        assert all(one.get("ReturnData") is False for one in metrics if one not in expressions)


def test_every_count_is_shown_and_explained() -> None:
    """`metrics.count("…")`, wherever it is called."""
    sources = [path.read_text("utf-8") for path in (ROOT / "layers").rglob("*.py")]
    names = {name for text in sources for name in re.findall(r'metrics\.count\("(\w+)"', text)}
    assert names
    assert [name for name in names if f'MetricName=\\"{name}\\"' not in BODY or f"`{name}`" not in PAGE] == []


def test_two_installations_have_figures_of_their_own() -> None:
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}


def test_the_page_has_every_figure_and_every_alarm() -> None:
    figures = ["ColdStart", "TotalMs", "ClickHouseMs", "RowsRead", "BytesRead"]
    figures += [outcome.capitalize() for outcome in get_args(Outcome)]
    assert [name for name in figures if f"`{name}`" not in PAGE] == []
    errors = {f"{name}ErrorsAlarm" for name in HTTP}  # one row, `…ErrorsAlarm`
    assert [name for name in ALARMS if f"`{name}`" not in PAGE and name not in errors] == []
