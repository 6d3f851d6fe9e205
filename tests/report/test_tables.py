"""The numbers of insights as mails show them, of both forms of an answer."""

from __future__ import annotations

from typing import Any

import pytest
from insights_report import tables
from insights_report.channels.wording import excerpt
from insights_report.charts import FORMS
from insights_report.tables import table_of

from tests.report.answers import calendar, cohorts, compared, edge, lifecycle, over_time, steps, total

# name: kind, answer, columns, rows, how many are left out.
TABLES: dict[str, tuple[str, Any, tuple[str, ...], list[tuple[Any, ...]], int]] = {
    "trend": (
        "TrendsQuery",
        [over_time("Visits", [5, None]), over_time("Sign-ups", [1, 2.5])],
        ("Date", "Visits", "Sign-ups"),
        [("1 Mar 2026", 5, 1), ("2 Mar 2026", None, 2.5)],
        0,
    ),
    "trend compared": (
        "TrendsQuery",
        compared(over_time("Visits", [5]), over_time("Visits", [4])),
        ("Date", "Visits", "Visits (previous)"),
        [("1 Mar 2026", 5, 4)],
        0,
    ),
    "totals": (
        "TrendsQuery",
        [total("Chrome", 12), total("$$_posthog_breakdown_null_$$", 3), total("$$_posthog_breakdown_other_$$", 1)],
        ("", "Value"),
        [("Chrome", 12), ("(none)", 3), ("Other", 1)],
        0,
    ),
    "totals compared": (
        "TrendsQuery",
        compared(total("Visits", 12), total("Visits", 3)),
        ("", "Value", "Before"),
        [("Visits", 12, 3)],
        0,
    ),
    "calendar": (
        "TrendsQuery",
        [calendar("Visits")],
        ("Weekday", "Visits"),
        [
            ("Monday", 12_345),
            *((day, 0) for day in ("Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")),
            ("Sunday", 5),
        ],
        0,
    ),
    "lifecycle": (
        "LifecycleQuery",
        lifecycle(2),
        ("Date", "New", "Returning", "Resurrecting", "Dormant"),
        [("1 Mar 2026", 0, 0, 0, 0), ("2 Mar 2026", 3, 10, 2, -4)],
        0,
    ),
    "stickiness": (
        "StickinessQuery",
        [over_time("Visits", [9, 4]) | {"labels": ["1 day", "2 days"]}],
        ("Came on", "Visits"),
        [("1 day", 9), ("2 days", 4)],
        0,
    ),
    "retention": (
        "RetentionQuery",
        cohorts(3),
        ("Cohort", "Size", "Day 0", "Day 1", "Day 2"),
        [
            ("1 Mar 2026", 128, "100%", "50%", "25%"),
            ("2 Mar 2026", 128, "100%", "50%", ""),
            ("3 Mar 2026", 128, "100%", "", ""),
        ],
        0,
    ),
    "retention, older form": (
        "RetentionQuery",
        cohorts(2, is_node=False),
        ("Cohort", "Size", "Day 0", "Day 1"),
        [("1 Mar 2026", 128, "100%", "50%"), ("2 Mar 2026", 128, "100%", "")],
        0,
    ),
    "retention by value": (
        "RetentionQuery",
        cohorts(2, breakdown_value="Chrome"),
        ("Cohort", "Size", "Day 0", "Day 1"),
        [("Chrome · 1 Mar 2026", 128, "100%", "50%"), ("Chrome · 2 Mar 2026", 128, "100%", "")],
        0,
    ),
    "retention by values": (
        "RetentionQuery",
        [*cohorts(2, breakdown_value="Chrome"), *cohorts(2, breakdown_value="Firefox")],
        ("Cohort", "Size", "Day 0", "Day 1"),
        [
            *(("Chrome · 1 Mar 2026", 128, "100%", "50%"), ("Chrome · 2 Mar 2026", 128, "100%", "")),
            *(("Firefox · 1 Mar 2026", 128, "100%", "50%"), ("Firefox · 2 Mar 2026", 128, "100%", "")),
        ],
        0,
    ),
    "retention in brackets, of a property": (
        "RetentionQuery",
        [
            {
                "label": "Day 0",
                "date": "2026-03-01T00:00:00Z",
                "breakdown_value": None,
                "values": [
                    {"count": 4, "label": "Day 0", "aggregation_value": 40.5},
                    {"count": 2, "label": "Day 1-3", "aggregation_value": 7.0},
                ],
                "shares": [1.0, 0.5],
            }
        ],
        ("Cohort", "Size", "Day 0", "Day 1-3"),
        [("1 Mar 2026", 4, 40.5, "")],
        0,
    ),
    "retention in brackets": (
        "RetentionQuery",
        [
            {
                "label": f"Day {row}",
                "date": f"2026-03-0{row + 1}T00:00:00Z",
                "breakdown_value": None,
                "values": [{"count": 8, "label": label} for label in ("Day 0", "Day 1-2", "Day 3-4", "Day 5")],
                "shares": [1.0, 0.5, 0.25, 0.125],
            }
            for row in range(4)
        ],
        ("Cohort", "Size", "Day 0", "Day 1-2", "Day 3-4", "Day 5"),
        [
            # of a column that begins after the window there is nothing to say yet
            ("1 Mar 2026", 8, "100%", "50%", "25%", ""),
            ("2 Mar 2026", 8, "100%", "50%", "", ""),
            ("3 Mar 2026", 8, "100%", "50%", "", ""),
            ("4 Mar 2026", 8, "100%", "", "", ""),
        ],
        0,
    ),
    "retention, older form, by value": (
        "RetentionQuery",
        [
            {
                "label": "Chrome",
                "breakdown_values": ["Chrome"],
                "values": [{"count": 4}, {"count": 1}],
                "shares": [1, 0.25],
            }
        ],
        ("Cohort", "Size", "0", "1"),
        [("Chrome", 4, "100%", "25%")],
        0,
    ),
    "paths": (
        "PathsQuery",
        [edge("1_/", "2_/pricing_plans", 50)],
        ("From", "To", "People", "Average time"),
        [("1. /", "2. /pricing_plans", 50, "1 min 1 s")],
        0,
    ),
    "funnel": (
        "FunnelsQuery",
        steps([200, 50, 0]),
        ("Step", "People", "Conversion", "Of the step before", "Average time", "Median time"),
        [
            ("1. step 0", 200, "100%", "", "", ""),
            ("2. step 1", 50, "25%", "25%", "1 min 30 s", "1 min"),
            ("3. step 2", 0, "0%", "0%", "3 min", "2 min"),
        ],
        0,
    ),
    "funnel by value": (
        "FunnelsQuery",
        [steps([2, 1], breakdown=["Chrome", "de"], breakdown_value=["Chrome", "de"]), steps([0, 0], breakdown=[""])],
        ("Value", "Step", "People", "Conversion", "Of the step before", "Average time", "Median time"),
        [
            ("Chrome, de", "1. step 0", 2, "100%", "", "", ""),
            ("Chrome, de", "2. step 1", 1, "50%", "50%", "1 min 30 s", "1 min"),
            ("(none)", "1. step 0", 0, "–", "", "", ""),
            ("(none)", "2. step 1", 0, "–", "–", "1 min 30 s", "1 min"),
        ],
        0,
    ),
    "funnel over time": (
        "FunnelsQuery",
        [{"count": 2, "data": [12.5, 0.0], "labels": ["1-Mar-2026", "2-Mar-2026"]}],
        ("Date", "Conversion"),
        [("1 Mar 2026", "12.5%"), ("2 Mar 2026", "0%")],
        0,
    ),
    "funnel, time to convert": (
        "FunnelsQuery",
        {"bins": [[0, 5], [4000, 0]], "average_conversion_time": 45.5},
        ("Time to convert from", "People"),
        [("0 s", 5), ("1 h 6 min", 0)],
        0,
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_what_a_person_reads(name: str) -> None:
    kind, result, columns, rows, left_out = TABLES[name]
    found = table_of(kind, result)
    assert (found.columns, list(found.rows), found.left_out) == (columns, rows, left_out)


@pytest.mark.parametrize(
    ("kind", "result", "first", "rows", "left_out"),
    [
        ("TrendsQuery", [over_time("Visits", range(40))], ("10 Mar 2026", 9), 31, 9),
        ("TrendsQuery", [total(str(n), n) for n in range(30)], ("0", 0), 20, 10),
        ("PathsQuery", [edge("1_a", f"2_{n}", 9) for n in range(30)], ("1. a", "2. 0", 9, "1 min 1 s"), 20, 10),
        ("StickinessQuery", [over_time("Visits", range(40))], ("1 Mar 2026", 0), 31, 9),
    ],
)
def test_of_many_rows_the_newest_or_largest_are_kept(
    kind: str, result: Any, first: tuple[Any, ...], rows: int, left_out: int
) -> None:
    found = table_of(kind, result)
    assert (found.rows[0], len(found.rows), found.left_out) == (first, rows, left_out)


def test_of_many_series_six_are_columns_and_the_others_are_counted() -> None:
    found = table_of("TrendsQuery", [over_time(f"Series {n}", [n]) for n in range(9)])
    assert found.columns == ("Date", *(f"Series {n}" for n in range(3, 9)), "and 3 more")
    assert found.rows == (("1 Mar 2026", *range(3, 9), "…"),)


def test_what_is_compared_with_takes_columns_of_its_own() -> None:
    found = table_of(
        "TrendsQuery",
        [
            {**over_time(f"Series {n}", [n]), "compare_label": label}
            for label in ("current", "previous")
            for n in range(1, 5)
        ],
    )
    now = [f"Series {n}" for n in range(1, 5)]
    assert found.columns == ("Date", *now, "Series 1 (previous)", "Series 2 (previous)", "and 2 more")
    assert found.rows == (("1 Mar 2026", 1, 2, 3, 4, 1, 2, "…"),)


@pytest.mark.parametrize("kind", tables.TABLES)
@pytest.mark.parametrize("result", [None, []])
def test_without_rows_it_is_empty(kind: str, result: Any) -> None:
    assert table_of(kind, result).rows == ()


def test_each_kind_that_has_a_picture_has_a_table() -> None:
    assert set(tables.TABLES) == set(FORMS)
    with pytest.raises(ValueError, match='no table of "ActorsQuery"'):
        table_of("ActorsQuery", [])


def test_of_rows_the_first_are_shown_whatever_their_columns_are_called() -> None:
    values = [["2026-03-01", 3, None, True, [1, "b"], {"c": 2}, 0.5]] + [[str(n), n] + [None] * 5 for n in range(30)]
    columns = ["Date", "count()", "a", "a", "list", "object", "x"]
    found = table_of("HogQLQuery", {"columns": columns, "results": values, "hasMore": False})
    assert found.columns == ("Date", "count()", "a", "a (2)", "list", "object", "x")
    assert found.rows[0] == ("2026-03-01", 3, "–", "true", '[1, "b"]', '{"c": 2}', 0.5)
    assert (len(found.rows), found.left_out) == (20, 11)
    shown = excerpt(found, rows=5, columns=4)
    assert [row[0] for row in shown.rows] == ["2026-03-01", "0", "1", "2", "3"]
    assert shown.note == "26 more rows are not shown. 3 more columns are not shown."


def test_addresses_of_one_site_are_their_paths() -> None:
    one = [edge("1_https://a.example/", "2_https://a.example/b?c=1", 2), edge("1_https://a.example", "2_signed_up", 1)]
    assert [row[:2] for row in table_of("PathsQuery", one).rows] == [("1. /", "2. /b?c=1"), ("1. /", "2. signed_up")]
    two = [edge("1_https://a.example/", "2_http://b.example/", 2)]
    assert [row[:2] for row in table_of("PathsQuery", two).rows] == [("1. a.example/", "2. b.example/")]


def test_names_are_one_line_of_text() -> None:
    found = table_of("TrendsQuery", [over_time("a\nb\u202e\ud800", [1])])
    assert found.columns == ("Date", "a b?")
