"""What a cell of a CSV says, that no spreadsheet runs it, and that lines leave piece by piece."""

from __future__ import annotations

import csv
import io
import math
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from insights_engine.spreadsheets import cell, file_name, pieces

CELLS: list[tuple[Any, str]] = [
    (None, ""),
    ("", ""),
    (3, "3"),
    (3.0, "3"),
    (-7.0, "-7"),
    (-0.0, "0"),
    (2.5, "2.5"),
    (-0.1, "-0.1"),
    (2.0**53 + 2, "9007199254740994"),
    (1e16, "1e+16"),
    (1e308, "1e+308"),
    (2**64, "18446744073709551616"),
    (math.nan, ""),
    (-math.inf, ""),
    (True, "true"),
    (False, "false"),
    ([1, "a"], '[1,"a"]'),
    ({"a": None}, '{"a":null}'),
    ("plain", "plain"),
    ("a=b", "a=b"),
    ("=1+1", "'=1+1"),
    ("+1", "'+1"),
    ("-1", "'-1"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\t=1", "'\t=1"),
    ("\r=1", "'\r=1"),
    ("\n=1", "'\n=1"),
    ("＝1", "'＝1"),
    ("'=1", "'=1"),
]


@pytest.mark.parametrize(("value", "text"), CELLS)
def test_a_cell(value: Any, text: str) -> None:
    assert cell(value) == text


@given(st.lists(st.lists(st.text() | st.integers() | st.floats() | st.none(), min_size=1), max_size=20))
def test_readers_of_csv_find_the_cells(lines: list[list[Any]]) -> None:
    text = b"".join(pieces(lines)).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        [cell(value).encode("utf-8", "replace").decode() for value in line] for line in lines
    ]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_the_one_that_it_was_and_never_ends_in_nothing(value: float) -> None:
    assert float(cell(value)) == value
    assert not cell(value).endswith(".0")


@given(st.text())
def test_no_text_is_a_formula(text: str) -> None:
    assert not cell(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_the_first_line_stands_as_it_is() -> None:
    assert b"".join(pieces([["a", "b"]], "https://host/insights/x/")) == b"https://host/insights/x/\r\na,b\r\n"
    assert list(pieces([])) == []


def test_what_is_long_is_never_held_whole() -> None:
    """Read and let go of piece by piece, a text takes a small part of its length."""

    def lines() -> Iterator[list[Any]]:
        for number in range(100_000):
            yield [number, "some text that is repeated in every line of it", 1.0]

    tracemalloc.start()
    length, most = 0, 0
    for piece in pieces(lines()):
        length, most = length + len(piece), max(most, len(piece))
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 70_000
    assert length > 5_000_000 > 5 * held


NAMES = [
    (None, "export (2012-01-08 - 2012-01-15) from PostHog.csv"),
    ("", "export (2012-01-08 - 2012-01-15) from PostHog.csv"),
    ("Pageview count!", "pageview-count (2012-01-08 - 2012-01-15) from PostHog.csv"),
    ("Übersicht — März", "ubersicht-marz (2012-01-08 - 2012-01-15) from PostHog.csv"),
    ('x"\r\nSet-Cookie: a=b', "x-set-cookie-ab (2012-01-08 - 2012-01-15) from PostHog.csv"),
    ("日本", "export (2012-01-08 - 2012-01-15) from PostHog.csv"),
    ("a" * 300, f"{'a' * 100} (2012-01-08 - 2012-01-15) from PostHog.csv"),
]


@pytest.mark.parametrize(("export_name", "name"), NAMES)
def test_the_name_of_the_file(export_name: str | None, name: str) -> None:
    assert file_name(export_name, {"date_from": "2012-01-08T00:00:00Z", "date_to": "2012-01-15T23:59:59Z"}) == name
    assert file_name(export_name, {}) == name.replace(" (2012-01-08 - 2012-01-15)", "")
