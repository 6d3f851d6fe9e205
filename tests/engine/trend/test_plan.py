"""What a trend's plan holds: how much a statement may have to hold at once."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.definitions import Definitions
from insights_engine.project import Project
from insights_engine.trend.legacy import parse_legacy
from insights_engine.trend.plan import TooManyValues, make_plan

from tests.engine.asking import NOW

# A thousand buckets.
DATES = {"date_from": "2020-01-01", "date_to": "2022-09-26", "interval": "day"}
BY = {"breakdown": "k", "breakdown_type": "event"}


@pytest.mark.parametrize(
    ("further", "limit"),
    [
        # a row a value, and one for the rest
        ({}, 999),
        ({"compare": True}, 499),
        ({"events": [{"id": "a"}, {"id": "b"}]}, 499),
        ({"events": [{"id": "a"}, {"id": "b"}], "compare": True}, 249),
    ],
)
def test_a_statement_holds_a_million_values(further: dict[str, Any], limit: int) -> None:
    asked = {"events": [{"id": "e"}], **DATES, **BY, **further}

    def planned(breakdown_limit: int) -> Any:
        query = parse_legacy({**asked, "breakdown_limit": breakdown_limit})
        return make_plan(query, Project(id=1), Definitions(), NOW)

    assert len(planned(limit).periods[0].buckets) == 1000
    with pytest.raises(TooManyValues, match="The query asks for up to"):
        planned(limit + 1)
