"""docs/trend.md: its example holds, its dates mean what it says, and its tables are those of the code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from insights_engine.dates import parse
from insights_engine.filters import FILTER_TYPES
from insights_engine.intervals import INTERVALS
from insights_engine.operators import OPERATORS
from insights_engine.scan import EVENT_METADATA
from insights_engine.trend.breakdowns import BREAKDOWN_TYPES
from insights_engine.trend.displays import DEFAULT_DISPLAY, DISPLAYS, Display
from insights_engine.trend.maths import MATHS

from tests.engine.asking import Asker

PAGE = Path(__file__).parents[3] / "docs" / "trend.md"
SUNDAY = datetime.fromisoformat("2024-11-10T14:25:36+00:00")


def table(head: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {head} |", "| --- | --- |", *(f"| `{name}` | {what} |" for name, what in rows)]
    return "\n".join(lines) + "\n"


def named(head: str, rows: Mapping[str, str]) -> str:
    return table(head, rows.items())


def shown(display: Display) -> str:
    words = {"series": "one value a bucket", "total": "one value", "heatmap": "weekdays by hours"}[display.kind]
    if display.is_cumulative:
        words += ", each the sum so far"
    if display.is_exact:
        words += ", of an exact length of time before now"
    if display.breakdown_limit != DEFAULT_DISPLAY.breakdown_limit:
        words += f", of up to {display.breakdown_limit} breakdown values"
    return words + (" (the default)" if display is DEFAULT_DISPLAY else "")


def bucket(interval: Any) -> str:
    start, end = interval.floor(SUNDAY, False), datetime.max.date()
    return f"`{start.strftime(interval.days_format)}`, `{interval.label(start, SUNDAY.date().min, end)}`"


MADE = {
    "intervals": table(
        "interval | a bucket's `days` and `labels`", ((name, bucket(i)) for name, i in INTERVALS.items())
    ),
    "maths": table("math | what is counted", ((name, row.help) for name, row in MATHS.items())),
    "displays": table("display | what is answered", ((name, shown(row)) for name, row in DISPLAYS.items())),
    "filter_types": named("type | a property of", FILTER_TYPES),
    "operators": table(
        "operator | matches",
        ((name, row.help or f"the opposite of `{row.opposite_of}`") for name, row in OPERATORS.items()),
    ),
    "event_metadata": table("key | of the event", ((name, row.help) for name, row in EVENT_METADATA.items())),
    "breakdown_types": named("breakdown_type | by", BREAKDOWN_TYPES),
}


def page() -> str:
    return PAGE.read_text("utf-8")


@pytest.mark.parametrize("name", MADE)
def test_a_table_is_that_of_the_code(request: pytest.FixtureRequest, name: str) -> None:
    """`--overwrite-golden` writes it."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", page(), re.DOTALL)
    assert found
    if request.config.getoption("--overwrite-golden"):
        PAGE.write_text(page()[: found.start(1)] + MADE[name] + page()[found.end(1) :], "utf-8")
        return
    assert found[1] == MADE[name]


def test_the_example_is_answered_so(asker: Asker) -> None:
    rows, node, expected = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", page(), re.DOTALL))
    asker.load(rows["events"], persons=rows["persons"])
    found = asker.node(**{name: value for name, value in node.items() if name != "kind"})
    assert [{key: row[key] for key in one} for row, one in zip(found, expected, strict=True)] == expected


def test_every_date_that_is_written_means_something() -> None:
    written = re.findall(
        r"^\| (`.*`) \| .* \|$", page().split("## The range")[1].split("## Intervals")[0], re.MULTILINE
    )
    dates = [date for cell in written for date in re.findall(r"`([^`]+)`", cell)]
    assert len(dates) == 16
    for date in dates:
        if date != "all":
            moment = parse(date, SUNDAY, ZoneInfo("UTC"), "date_from")
            assert moment.is_relative
            assert moment.at < SUNDAY, date
