"""Random events and random questions about ways through a site, for the comparison with the model."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.engine.models.chance import not_the_simplest

FIRST = datetime(2024, 3, 18, tzinfo=UTC)
URLS = ["/", "/a", "/a/", "/b", "/b?x=1", "/c/12/d", "/c/7/d", None, "", "/é", "10", "..."]
ITEMS = ["/", "/a", "/b", "/c/12/d", "/c/*/d", "sign up", "$pageview", "$screen", "home", "", "...", "/a/"]

EVENT = st.fixed_dictionaries(
    {
        "event": st.sampled_from([*["$pageview"] * 4, "$screen", "sign up", "buy", "$autocapture"]),
        "person": st.sampled_from([0, 0, 0, 1, 1, 2, 3]),
        # Crowded, so that moments are shared, and with gaps of half an hour to the second.
        "at": st.builds(
            lambda block, minute, second: FIRST + timedelta(minutes=30 * block + minute, seconds=second),
            st.sampled_from([0, 0, 0, 1, 2, 3, 47, 48, 96]),
            st.integers(0, 6).map(lambda n: 5 * n),
            st.sampled_from([0, 0, 0, 1]),
        ),
        "url": st.sampled_from(URLS),
        "screen": st.sampled_from(["home", "cart", None, "", "/a"]),
        "k": st.sampled_from([None, "x", "y"]),
    }
)
WORLDS = not_the_simplest(st.lists(EVENT, min_size=25, max_size=80))


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    legacy = draw(st.booleans())
    types = draw(st.lists(st.sampled_from(["$pageview", "$screen", "custom_event", "hogql"]), max_size=3, unique=True))
    custom = draw(st.sampled_from([[], [], ["sign up"], ["$pageview"]])) if legacy else []
    if "custom_event" in types:
        custom = []
    points = st.sampled_from([None, None, None, "/", "/a", "/a/", "/b", "sign up", "home", "..."])
    first = draw(st.sampled_from([0, 0, 0, 1]))
    last = draw(st.sampled_from([3, 3, first]))
    return {
        "legacy": legacy,
        "types": types,
        "custom": custom,
        "exclude": draw(st.one_of(st.just([]), st.lists(st.sampled_from(ITEMS), max_size=2))),
        "expression": draw(st.sampled_from([False, False, False, True])),
        "rules": draw(st.sampled_from([[], [], [(r"\?.*", ""), (r"/(\d+)", r"/<\1>")], [("a|b", "c"), ("c", "/c")]])),
        "own_rules": draw(st.integers(0, 2)),
        "groupings": draw(
            st.sampled_from([[], [], [], ["/c/*/d"], ["/*", "/b"], ["/b", "/*"], ["*"], ["up", "*a*p*"], ["%", "_"]])
        ),
        "start": draw(points),
        "end": draw(points),
        "steps": draw(st.integers(1, 6)),
        "edges": draw(st.sampled_from([None, None, 1, 2, 5])),
        "least": draw(st.sampled_from([None, None, None, 2])),
        "most": draw(st.sampled_from([None, None, None, 2, 3])),
        "from": datetime.combine(FIRST.date() + timedelta(days=first), time(), UTC),
        "to": datetime.combine(FIRST.date() + timedelta(days=last), time(23, 59, 59, 999999), UTC),
    }


def node_of(q: dict[str, Any], keys: dict[str, str | None] | None = None) -> dict[str, Any]:
    """`own_rules`: how many of the rules are the request's and not the project's."""
    chosen = {
        "includeEventTypes": q["types"],
        "excludeEvents": q["exclude"],
        "pathsHogQLExpression": EXPRESSION if q["expression"] else None,
        "startPoint": q["start"],
        "endPoint": q["end"],
        "pathGroupings": q["groupings"],
        "pathReplacements": True,
        "localPathCleaningFilters": own_rules(q),
        "stepLimit": q["steps"],
        "edgeLimit": q["edges"],
        "minEdgeWeight": q["least"],
        "maxEdgeWeight": q["most"],
        **{f"path{name.title()}Key": value for name, value in (keys or {}).items()},
    }
    dates = {"date_from": f"{q['from']:%Y-%m-%d}", "date_to": f"{q['to']:%Y-%m-%d}"}
    return {"kind": "PathsQuery", "pathsFilter": chosen, "dateRange": dates}


def flat_of(q: dict[str, Any], keys: dict[str, str | None] | None = None) -> dict[str, Any]:
    return {
        "include_event_types": q["types"],
        "include_custom_events": q["custom"],
        "exclude_events": q["exclude"],
        "paths_hogql_expression": EXPRESSION if q["expression"] else None,
        "start_point": q["start"],
        "end_point": q["end"],
        "path_groupings": q["groupings"],
        "path_replacements": "true",
        "local_path_cleaning_filters": own_rules(q),
        "step_limit": str(q["steps"]),
        "edge_limit": q["edges"],
        "min_edge_weight": q["least"],
        "max_edge_weight": q["most"],
        "date_from": f"{q['from']:%Y-%m-%d}",
        "date_to": f"{q['to']:%Y-%m-%d}",
        **{f"path_{name}_key": value for name, value in (keys or {}).items()},
    }


EXPRESSION = "properties.k"


def own_rules(q: dict[str, Any]) -> list[dict[str, str]]:
    return [{"regex": regex, "alias": alias} for regex, alias in q["rules"][len(q["rules"]) - q["own_rules"] :]]


def project_rules(q: dict[str, Any]) -> list[dict[str, str]]:
    kept = len(q["rules"]) - q["own_rules"]
    return [{"regex": regex, "alias": alias} for regex, alias in q["rules"][: max(kept, 0)]]
