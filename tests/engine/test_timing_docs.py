"""docs/timing.md: its table is the columns of the code, and its example is answered so."""

from __future__ import annotations

import json
import re
from pathlib import Path

from insights_engine.timing.columns import COLUMNS, OURS
from insights_engine.timing.model import PARAMETERS
from insights_engine.timing.window import MAX_DAYS

from tests.engine.conftest import Workplace
from tests.engine.models.timing import Load
from tests.engine.test_timing_report import NOW, asked, recorded

PAGE = (Path(__file__).parents[2] / "docs" / "timing.md").read_text("utf-8")


def test_the_table_is_the_columns() -> None:
    table = PAGE.split("<!-- columns -->")[1].split("<!-- /columns -->")[0]
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", table, re.MULTILINE)
    assert rows == [(column.name, column.type) for column in COLUMNS]


def test_every_name_of_the_server_s_and_every_parameter_is_there() -> None:
    assert [name for name in (*OURS, *(one.name for one in PARAMETERS)) if f"`{name}" not in PAGE] == []
    assert f"at most {MAX_DAYS:,} days" in PAGE


def test_the_example_is_answered_so(project: Workplace) -> None:
    loads, expected = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    recorded(project, [Load(NOW, said) for said in loads])
    found = asked(project, date_from="-1d").result
    assert {name: found[name] for name in expected} == expected
