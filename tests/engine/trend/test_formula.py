"""Arithmetic over series."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from insights_engine.errors import ValidationError
from insights_engine.trend.formula import compile_formula

from tests.engine.asking import Asker, event, rows, series


@pytest.mark.parametrize(
    ("text", "values", "result"),
    [
        ("A", [2], 2),
        ("a + b", [2, 3], 5),
        ("A-B", [2, 3], -1),
        ("A * B / C", [2, 3, 4], 1.5),
        ("A + B * C", [2, 3, 4], 14),
        ("(A + B) * C", [2, 3, 4], 20),
        ("-A", [2], -2),
        ("+A - -B", [2, 3], 5),
        ("B+1", [0, 0], 1),
        ("A/3", [1], 1 / 3),
        ("A ** 2", [3], 9),
        ("2 ** -1", [0], 0.5),
        ("A % 3", [7], 1),
        ("A % 3", [-7], 2),
        ("A % -3", [7], -2),
        ("1e3", [0], 1000),
        (" \tA ", [2], 2),
        # no answer is 0
        ("A / 0", [5], 0),
        ("0 / 0", [5], 0),
        ("A % 0", [5], 0),
        ("0 ** -1", [5], 0),
        ("A / B + 1", [5, 0], 1),
        ("(-8) ** 0.5", [0], 0),
        ("((-8) ** 0.5) % 2", [0], 0),
        ("9 ** 9 ** 9", [0], 0),
        ("A * A", [1e308], 0),
        ("1e400", [0], 0),
        ("-A", [0], 0),
        ("A * 10.5e1", [2], 210),
    ],
)
def test_a_formula_is(text: str, values: list[float], result: float) -> None:
    assert compile_formula(text, len(values))(values) == pytest.approx(result)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("C", r"references series C, but only 2 series are defined \(A, B\)"),
        ("A + AA", "'AA' is not a series letter, a number or arithmetic"),
        ("AVG(A)", "functions are not supported"),
        ("A.__class__", "'_' has no place in a formula"),
        ("A #x", "'#' has no place in a formula"),
        ("1_0", "'_' has no place in a formula"),
        ("0x10", "'0x' has no place in a formula"),
        ("A.real", "is not a series letter, a number or arithmetic"),
        ("A ^ 2", r"'A \^ 2' is not a series letter"),
        ("A // 2", "is not a series letter, a number or arithmetic"),
        ("A < B", "is not a series letter, a number or arithmetic"),
        ("'a'", "is not a series letter, a number or arithmetic"),
        ("1j", "is not a series letter, a number or arithmetic"),
        ("[A]", "is not a series letter, a number or arithmetic"),
        ("A if B else 1", "is not a formula"),
        ("A +", "is not a formula"),
        ("A B", "is not a formula"),
        ("", "is not a formula"),
        ("A\0", "is not a formula"),
        ("(" * 300 + "A" + ")" * 100, "is not a formula"),
        ("1" * 400, "a number that is too large"),
        ("A" * 501, "longer than 500 characters"),
        ("+".join(["A"] * 200), "more than 200 parts"),
    ],
)
def test_what_is_no_formula_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why) as caught:
        compile_formula(text, 2, "formulas[1]")
    assert caught.value.attr == "formulas__1"


@given(st.text("AB019.+-*/%()e \n_x=", max_size=30), st.lists(st.floats(), min_size=2, max_size=2))
def test_any_text_is_a_number_or_an_error(text: str, values: list[float]) -> None:
    try:
        answer = compile_formula(text, 2)(values)
    except ValidationError:
        return
    assert isinstance(answer, float)
    assert abs(answer) < float("inf")


@pytest.fixture
def shops(asker: Asker) -> Asker:
    cities = [("view", "Paris", 4), ("view", "London", 2), ("view", None, 1), ("buy", "Paris", 1), ("buy", "Rome", 1)]
    return asker.load([event(name, city=city) for name, city, count in cities for _ in range(count)])


def asked(asker: Asker, formula: str | list[str], **further: Any) -> list[dict[str, Any]]:
    shown = {"formula": formula} if isinstance(formula, str) else {"formulas": formula}
    dates = {"date_from": "2020-01-02", "date_to": "2020-01-02"}
    filters = {"dateRange": dates, **further, "trendsFilter": {**shown, **further.pop("trendsFilter", {})}}
    return asker.node(series=[series("view"), series("buy")], **filters)


def test_a_series_without_the_value_counts_as_zeros(shops: Asker) -> None:
    found = asked(shops, "A + B", breakdownFilter={"breakdown": "city"})
    null = "$$_posthog_breakdown_null_$$"
    assert rows(found) == [("Paris", [5]), ("London", [2]), ("Rome", [1]), (null, [1])]
    assert {row["label"] for row in found} == {"Formula (A + B)"}


def test_rows_that_are_equal_stand_by_value_backwards(shops: Asker) -> None:
    found = asked(shops, "A * 0", breakdownFilter={"breakdown": "city"})
    assert [value for value, _ in rows(found)] == ["Rome", "Paris", "London", "$$_posthog_breakdown_null_$$"]


def test_several_formulas_follow_one_another(shops: Asker) -> None:
    found = asked(shops, ["A", "B / A"], compareFilter={"compare": True})
    assert [(row["order"], row["label"], row["compare_label"], row["data"]) for row in found] == [
        (0, "Formula (A)", "current", [7]),
        (0, "Formula (A)", "previous", [0]),
        (1, "Formula (B / A)", "current", [pytest.approx(2 / 7)]),
        (1, "Formula (B / A)", "previous", [0]),
    ]


def test_a_total_is_the_formula_of_totals(shops: Asker) -> None:
    (row,) = asked(shops, "A / B", trendsFilter={"display": "ActionsPie"})
    assert (row["aggregated_value"], row["data"], row["count"]) == (3.5, None, 0)


def test_count_is_the_sum_of_the_formula_s_buckets(shops: Asker) -> None:
    (row,) = asked(shops, "A / B", dateRange={"date_from": "2020-01-01", "date_to": "2020-01-03"})
    assert (row["data"], row["count"]) == ([0, 3.5, 0], 3.5)


def test_series_are_cumulated_before_the_formula(shops: Asker) -> None:
    dates = {"date_from": "2020-01-01", "date_to": "2020-01-03"}
    (row,) = asked(shops, "A / B", dateRange=dates, trendsFilter={"display": "ActionsLineGraphCumulative"})
    assert row["data"] == [0, 3.5, 3.5]


def test_the_newest_way_of_saying_it_wins(shops: Asker) -> None:
    nodes = {"formulaNodes": [{"formula": "B", "custom_name": "Sold"}], "formulas": ["A"], "formula": "A + B"}
    dates = {"date_from": "2020-01-02", "date_to": "2020-01-02"}
    found = shops.node(series=[series("view"), series("buy")], dateRange=dates, trendsFilter=nodes)
    assert [(row["label"], row["data"]) for row in found] == [("Sold", [2])]


def test_without_data_there_are_no_rows_of_a_breakdown(asker: Asker) -> None:
    assert asked(asker, "A + 1", breakdownFilter={"breakdown": "city"}) == []
    (row,) = asked(asker, "A + 1")
    assert row["data"] == [1]


def test_the_older_form_drops_what_it_does_not_know(shops: Asker) -> None:
    found = shops.legacy(events=[{"id": "view"}, {"id": "buy", "order": 1}], formula="A$ %+ B;", date_from="2020-01-02")
    assert found[0]["label"] == "Formula (A + B)"
