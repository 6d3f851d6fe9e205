"""The SQL of lifecycle, stickiness and expressions, for the eye: what a change of the compilers changes in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from insights_engine.definitions import Action, Definitions, Step
from insights_engine.hogql import aggregate, condition, text_value
from insights_engine.lifecycle.compile import compile_lifecycle
from insights_engine.lifecycle.node import parse_node as parse_lifecycle
from insights_engine.project import Project
from insights_engine.scan import Scan
from insights_engine.stickiness.compile import compile_stickiness
from insights_engine.stickiness.node import parse_node as parse_stickiness
from insights_engine.trend.plan import make_plan

from tests.conftest import Golden
from tests.engine.golden_sql import as_golden

NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
DATES = {"date_from": "2024-03-01", "date_to": "2024-03-04"}
DEFINITIONS = Definitions({5: Action(5, "Bought", (Step("buy"), Step("pay")))})
PROJECTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "elsewhere": {"timezone": "Asia/Tokyo", "week_start_day": 1},
    "merging": {"has_pending_merges": True},
}
SERIES = {"kind": "EventsNode", "event": "buy"}
KEPT = [{"key": "email", "type": "person", "operator": "is_set"}]

LIFECYCLES: dict[str, tuple[str, dict[str, Any]]] = {
    "days": ("plain", {}),
    "every_event": ("plain", {"series": [{"kind": "EventsNode"}]}),
    "hours": ("plain", {"interval": "hour"}),
    "weeks_elsewhere": ("elsewhere", {"interval": "week"}),
    "groups": ("plain", {"aggregation_group_type_index": 1}),
    "pending_merges": ("merging", {}),
    "action_and_filters": (
        "plain",
        {"series": [{"kind": "ActionsNode", "id": 5, "properties": KEPT}], "samplingFactor": 0.1},
    ),
}
STICKINESSES: dict[str, tuple[str, dict[str, Any]]] = {
    "days": ("plain", {}),
    "weeks_elsewhere": ("elsewhere", {"interval": "week"}),
    "two_days_at_a_time": ("plain", {"intervalCount": 2}),
    "three_hours_at_a_time": ("plain", {"interval": "hour", "intervalCount": 3}),
    "criteria": ("plain", {"stickinessFilter": {"stickinessCriteria": {"operator": "gte", "value": 2}}}),
    "compared": ("plain", {"compareFilter": {"compare": True}}),
    "groups": ("plain", {"series": [{**SERIES, "math": "unique_group", "math_group_type_index": 0}]}),
    "expression": ("plain", {"series": [{**SERIES, "math": "hogql", "math_hogql": "properties.$browser"}]}),
}
EXPRESSIONS = {
    "conditions": "properties.num > 5 and properties.plan != 'free' and not (properties.a = properties.b)",
    "lists": "properties.num in (5, 7.5) or event not in ('a', 'b') or properties.x in (null)",
    "patterns": "properties.url like '%/p/%' or properties.url !~ '^https' or match(event, '(?i)x')",
    "nulls": "coalesce(properties.a, properties.b, 0) > 1 and properties.c is not null and 1 is distinct from null",
    "inside": "properties.o.a['b c'][2] = 'x' or JSONExtractString(properties.o, 'a', 'b') = 'y'",
    "fields": "person.properties.email = group_0.properties.owner or session.$session_duration > 60",
    "dates": "toStartOfMonth(timestamp) = '2024-03-01' and timestamp > now() - interval 7 day",
    "cases": "case event when 'a' then 1 when 'b' then 2 else 0 end = 1 ? true : false",
    "lambdas": "arrayExists(x -> arrayExists(y -> x = y, ['a']), splitByChar(',', properties.tags))",
    "casts": "properties.num::int + properties.num::float > 1 and cast(event as text) = f'{event}!'",
}
VALUES = {"text": "concat(person.properties.plan, ' : ', properties.num)", "number": "properties.num * 2"}
AGGREGATES = {
    "sums": "sum(properties.price) / count() + avgIf(properties.price, properties.paid)",
    "distinct": "count(distinct properties.a, event) + uniq(person_id) + count(*) filter (where properties.paid)",
    "quantiles": "quantile(0.9)(properties.price) - median(toFloat(properties.cost))",
}


@pytest.mark.parametrize("name", LIFECYCLES)
def test_lifecycle(golden: Golden, name: str) -> None:
    project, further = LIFECYCLES[name]
    node = {"kind": "LifecycleQuery", "series": [SERIES], "dateRange": DATES, **further}
    plan = make_plan(parse_lifecycle(node), Project(7, **PROJECTS[project]), DEFINITIONS, NOW)
    golden(f"lifecycle/{name}.sql", as_golden(compile_lifecycle(plan)))


@pytest.mark.parametrize("name", STICKINESSES)
def test_stickiness(golden: Golden, name: str) -> None:
    project, further = STICKINESSES[name]
    query = parse_stickiness({"kind": "StickinessQuery", "series": [SERIES], "dateRange": DATES, **further})
    plan = make_plan(query.trend, Project(7, **PROJECTS[project]), DEFINITIONS, NOW)
    golden(f"stickiness/{name}.sql", as_golden(compile_stickiness(query, plan)))


@pytest.mark.parametrize(
    ("name", "read", "text"),
    [
        *((name, condition, text) for name, text in EXPRESSIONS.items()),
        *((name, text_value, text) for name, text in VALUES.items()),
        *((name, aggregate, text) for name, text in AGGREGATES.items()),
    ],
)
def test_expression(golden: Golden, name: str, read: Any, text: str) -> None:
    scan = Scan(Project(7, timezone="Asia/Tokyo", group_types=("company",)), Definitions(), NOW)
    printed = as_golden(read(scan, text, "key"))
    golden(f"hogql/{name}.sql", f"-- {text}\n{printed}{scan.from_clause().text}\n")
