"""docs/csv.md: its columns are those of the code, and its example is answered so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from insights_engine.spreadsheets import pieces
from insights_engine.tidy import FORMS, tidy
from insights_engine.trend.answer import answer
from insights_engine.trend.csv import trend_csv
from insights_engine.trend.displays import DEFAULT_BREAKDOWN_LIMIT, EXPORT_BREAKDOWN_LIMIT
from insights_engine.trend.node import parse_node

from tests.engine.asking import Asker, event

PAGE = Path(__file__).parents[2] / "docs" / "csv.md"
MARKER = "<!-- columns -->"


def columns() -> str:
    parts = []
    for kind, form in FORMS.items():
        rows = "\n".join(f"| `{name}` | {help} |" for name, help in form.columns.items())
        said = f"| column | meaning |\n| --- | --- |\n{rows}" if rows else "Those of the answer, by its `columns`."
        parts.append(f"\n### {kind}\n\n{said}\n")
    return "".join(parts) + "\n"


def test_the_columns_are_those_of_the_code(request: pytest.FixtureRequest) -> None:
    """`--overwrite-golden` writes them."""
    before, _, after = PAGE.read_text("utf-8").split(MARKER)
    if request.config.getoption("--overwrite-golden"):
        PAGE.write_text(f"{before}{MARKER}\n{columns()}{MARKER}{after}", "utf-8")
    assert PAGE.read_text("utf-8").split(MARKER)[1] == "\n" + columns()


def test_the_limits_are_those_of_the_code() -> None:
    assert f"up to {EXPORT_BREAKDOWN_LIMIT} values in CSV, not {DEFAULT_BREAKDOWN_LIMIT}," in PAGE.read_text("utf-8")


def test_the_example_is_answered_so(asker: Asker) -> None:
    at = [("Chrome", 8), ("Chrome", 9), ("Safari", 8), ("Safari", 9)]
    asker.load(event("$pageview", b, f"2026-03-{day:02}T10:00:00Z", browser=b) for b, day in at)
    node = {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": "$pageview", "custom_name": "Views"}],
        "dateRange": {"date_from": "2026-03-08", "date_to": "2026-03-09"},
        "breakdownFilter": {"breakdown": "browser", "breakdown_type": "event"},
    }
    found = answer(parse_node(node), asker.project, asker.services, asker.now)
    shown = re.findall(r"```csv\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    written = [b"".join(pieces(lines)).decode() for lines in (tidy("TrendsQuery", found), trend_csv(found.result))]
    assert [text.replace("\r\n", "\n") for text in written] == shown
