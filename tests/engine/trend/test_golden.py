"""The SQL of each row of each table, for the eye: what a change of the compiler changes in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from insights_engine.definitions import Action, Cohort, Definitions, Step
from insights_engine.filters import FILTER_TYPES, parse_filters
from insights_engine.flat import MATH_PROPERTY_TYPES
from insights_engine.intervals import INTERVALS
from insights_engine.operators import OPERATORS
from insights_engine.project import Project
from insights_engine.scan import EVENT_METADATA, SESSION_PROPERTIES, Scan
from insights_engine.sql import Sql
from insights_engine.trend.breakdowns import BREAKDOWN_TYPES
from insights_engine.trend.compile import compile_trend, earliest_event
from insights_engine.trend.displays import DISPLAYS
from insights_engine.trend.maths import MATHS
from insights_engine.trend.node import parse_node
from insights_engine.trend.plan import make_plan
from insights_engine.trend.sources import SOURCES

from tests.conftest import REPOSITORY, Golden
from tests.engine.golden_sql import as_golden

NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
DATES = {"date_from": "2024-03-01", "date_to": "2024-03-04"}
MAC = [{"key": "os", "value": "Mac", "type": "person"}]
DEFINITIONS = Definitions(
    {5: Action(5, "Bought", (Step("buy", url="/basket"), Step("pay", properties=parse_filters(MAC))))},
    {
        1: Cohort(1, "Mac users", filters=parse_filters(MAC)),
        2: Cohort(2, "Listed", is_static=True),
        3: Cohort(3, "Others", filters=parse_filters([{"type": "cohort", "value": 1, "negation": True}])),
    },
)
SERIES = {"kind": "EventsNode", "event": "buy"}


def compiled(project: Project | None = None, **node: Any) -> Sql:
    query = parse_node({"kind": "TrendsQuery", "series": [SERIES], "dateRange": DATES, **node})
    return compile_trend(make_plan(query, project or Project(7), DEFINITIONS, NOW))


def of_maths(name: str) -> dict[str, Any]:
    further: dict[str, Any] = {"math_property": "price"}
    if name == "hogql":
        further = {"math_hogql": "sum(properties.price) / 2"}
    if name == "unique_group":
        further = {"math_group_type_index": 1}
    return {"series": [{**SERIES, "math": name, **further}]}


ASKED: dict[str, Any] = {
    "between": [1, 2.5],
    "not_between": [1, 2.5],
    "regex": "^a",
    "not_regex": "^a",
    "icontains": "50%",
    "not_icontains": ["a", "b"],
    **dict.fromkeys(("gt", "gte", "lt", "lte", "min", "max"), 5),
    **dict.fromkeys(("is_date_exact", "is_date_before", "is_date_after"), "-7d"),
    **dict.fromkeys((name for name in OPERATORS if name.startswith("semver")), "1.2.3"),
    "in": ["a", "b"],
    "not_in": ["a", "b"],
}
PROPERTIES = {
    "event": "price",
    "person": "os",
    "group": "size",
    "session": "$session_duration",
    "event_metadata": "distinct_id",
    "hogql": "concat(event, properties.os)",
}


def of_breakdown(kind: str) -> dict[str, Any]:
    if kind == "cohort":
        return {"breakdownFilter": {"breakdown": [1, 2, 3], "breakdown_type": "cohort"}}
    by = {"breakdown": PROPERTIES[kind], "breakdown_type": kind}
    return {"breakdownFilter": by | ({"breakdown_group_type_index": 1} if kind == "group" else {})}


FILTERS: dict[str, dict[str, Any]] = {
    **{kind: {"key": key, "value": ["a", "b"]} for kind, key in PROPERTIES.items()},
    "group": {"key": "size", "operator": "gt", "value": 5, "group_type_index": 1},
    "session": {"key": "$session_duration", "operator": "gt", "value": 5},
    "hogql": {"key": "properties.price > 5"},
    "element": {"key": "tag_name", "value": "button"},
    "cohort": {"value": 1},
    "static-cohort": {"value": 2},
    "precalculated-cohort": {"value": 1, "operator": "not_in"},
}
SERIES_OF_TWO = [SERIES, {**SERIES, "event": "pay"}]
FORMULAS: dict[str, Any] = {
    "formula": "A / B",
    "formulas": ["A + B", "A * 2"],
    "formulaNodes": [{"formula": "A / B", "custom_name": "Rate"}],
}


def filtered(kind: str, **leaf: Any) -> dict[str, Any]:
    return {"properties": [{"type": kind, **leaf}]}


MORE: dict[str, dict[str, Any]] = {
    "all_events": {"series": [{"kind": "EventsNode"}]},
    "action": {"series": [{"kind": "ActionsNode", "id": 5}]},
    "two_series": {"series": [SERIES, {**SERIES, "event": "pay", "math": "dau"}]},
    "compared": {"compareFilter": {"compare": True}},
    "part_of_a_day": {"dateRange": {"date_from": "-24h"}},
    "sampled": {"samplingFactor": 0.1},
    "sessions_durations": {"series": [{**SERIES, "math": "avg", "math_property": "$session_duration"}]},
    "filter_groups": {
        "properties": {"type": "OR", "values": [{"key": "a", "value": 1}, {"type": "AND", "values": MAC}]}
    },
    "filter_cohorts": {
        "properties": [{"type": "cohort", "value": 3}, {"type": "cohort", "value": 2, "negation": True}]
    },
    "filter_group": {"properties": [{"key": "size", "value": 5, "type": "group", "group_type_index": 0}]},
    "filter_session": {
        "properties": [{"key": "$session_duration", "value": 5, "operator": "gt", "type": "session"}],
    },
    "filter_element": {"properties": [{"key": "selector", "value": "div > a.btn", "type": "element"}]},
    "breakdown_several": {"breakdownFilter": {"breakdowns": [{"property": "a"}, {"property": "b", "type": "person"}]}},
    "breakdown_ranges": {"breakdownFilter": {"breakdown": "price", "breakdown_histogram_bin_count": 4}},
    "breakdown_addresses": {"breakdownFilter": {"breakdown": "$current_url", "breakdown_normalize_url": True}},
    "breakdown_cohorts_and_all": {"breakdownFilter": {"breakdown": [1, "all"], "breakdown_type": "cohort"}},
    "breakdown_total": {"breakdownFilter": {"breakdown": "k"}, "trendsFilter": {"display": "ActionsTable"}},
    "breakdown_first_time": {
        "breakdownFilter": {"breakdown": "k"},
        "series": [{**SERIES, "math": "first_time_for_user"}],
    },
    "rolling_total": {
        "series": [{**SERIES, "math": "weekly_active"}],
        "trendsFilter": {"display": "ActionsTable"},
    },
    "rolling_hours": {"series": [{**SERIES, "math": "weekly_active"}], "interval": "hour"},
    "rolling_weeks": {"series": [{**SERIES, "math": "monthly_active"}], "interval": "week"},
    "cumulated_persons": {
        "series": [{**SERIES, "math": "dau"}],
        "trendsFilter": {"display": "ActionsLineGraphCumulative"},
    },
}
CASES: dict[str, dict[str, Any]] = {
    **{f"maths/{name}": of_maths(name) for name in MATHS},
    **{f"interval/{name}": {"interval": name} for name in INTERVALS},
    **{f"display/{name}": {"trendsFilter": {"display": name}} for name in DISPLAYS},
    **{f"breakdown/{name}": of_breakdown(name) for name in BREAKDOWN_TYPES},
    **{
        f"operator/{name}_{kind}": {
            "properties": [{"key": "x", "operator": name, "type": kind, "value": ASKED.get(name, "a")}]
        }
        for name in OPERATORS
        for kind in ("event", "person")
    },
    **{f"filter/{kind}": filtered(kind, **FILTERS[kind]) for kind in FILTER_TYPES},
    **{
        f"session/{key}": filtered("session", key=key, operator="is_set")
        for key in (*SESSION_PROPERTIES, "$channel_type")
    },
    **{f"metadata/{key}": filtered("event_metadata", key=key, operator="is_set") for key in EVENT_METADATA},
    **{
        f"math_property/{kind}": {
            "series": [
                {**SERIES, "math": "avg", "math_property": PROPERTIES[of], "math_property_type": kind},
            ]
        }
        for kind, of in MATH_PROPERTY_TYPES.items()
    },
    **{f"formula/{form}": {"series": SERIES_OF_TWO, "trendsFilter": {form: FORMULAS[form]}} for form in FORMULAS},
    **{f"more/{name}": node for name, node in MORE.items()},
}


@pytest.mark.parametrize("name", CASES)
def test_a_question_compiles_to(golden: Golden, name: str) -> None:
    golden(f"trend/{name}.sql", as_golden(compiled(**CASES[name])))


@pytest.mark.parametrize(
    ("name", "project"),
    [
        ("elsewhere", Project(7, timezone="Asia/Tokyo", week_start_day=1)),
        ("merging", Project(7, has_pending_merges=True)),
        ("path_cleaning", Project(7, path_cleaning_filters=({"regex": "[0-9]+", "alias": ":id"},))),
        ("test_accounts", Project(7, test_account_filters=tuple({**leaf, "operator": "is_not"} for leaf in MAC))),
    ],
)
def test_a_project_s_settings_change_it(golden: Golden, name: str, project: Project) -> None:
    leaf = {"key": "$pathname", "operator": "is_cleaned_path_exact", "value": "/users/:id"}
    node: dict[str, Any] = {"interval": "week", "series": [{**SERIES, "math": "dau"}]}
    if name == "path_cleaning":
        node["properties"] = [leaf]
    if name == "test_accounts":
        node["filterTestAccounts"] = True
    golden(f"trend/project/{name}.sql", as_golden(compiled(project, **node)))


def test_the_first_event_of_all(golden: Golden) -> None:
    series = parse_node({"kind": "TrendsQuery", "series": [SERIES, {"kind": "ActionsNode", "id": 5}]}).series
    golden("trend/more/earliest.sql", as_golden(earliest_event(Scan(Project(7), DEFINITIONS, NOW), series)))


def test_every_source_is_one_of_a_maths_and_so_has_a_file() -> None:
    assert {row.source for row in MATHS.values()} == set(SOURCES)


def test_no_file_is_left_of_a_row_that_is_gone() -> None:
    folder = REPOSITORY / "tests" / "golden" / "trend"
    files = {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.sql")}
    known = {*CASES, "more/earliest", *(f"project/{name}" for name in ("elsewhere", "merging"))}
    assert files == known | {"project/path_cleaning", "project/test_accounts"}
