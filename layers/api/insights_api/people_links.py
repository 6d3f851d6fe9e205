"""Where the people behind the numbers of flat questions are: addresses beside the numbers, for older clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from insights_api.asked import as_text, in_address

if TYPE_CHECKING:
    from insights_engine.funnel.answer import Funnel
    from insights_engine.retention.answer import Retention


def add_to_retention(found: Retention, project_id: int, values: Mapping[str, Any], site: str) -> None:
    """Of each row, and of each cell that anybody is in; a sum of several values is none that could be asked for."""
    from insights_engine.trend.breakdowns import OTHER

    path = f"/api/person/retention/?{_question(project_id, values)}"
    for number, row in enumerate(found.result):
        if row["label"] == OTHER and "breakdown_values" in row:
            continue
        chosen = as_text(row.get("breakdown_values", [number]))
        own = {"breakdown_values": chosen} if "breakdown_values" in row else {"selected_interval": number}
        row["people_url"] = f"{path}&{urlencode(own)}"
        for column, cell in enumerate(row["values"]):
            if cell["count"]:
                where = urlencode({"breakdown_values": chosen, "selected_interval": column})
                cell["people_url"] = f"{site}{path}&{where}"


def add_to_funnel(found: Funnel, project_id: int, values: Mapping[str, Any], site: str) -> None:
    """Of each step, who took it and who did not. Relative, whatever the site."""
    path = f"/api/person/funnel/?{_question(project_id, values)}"
    shown = list(_steps(found.result))
    for index, steps in enumerate(shown):
        is_other = found.shows_other and index == len(shown) - 1
        for step in steps:
            number, value = step["order"] + 1, step.get("breakdown_value")
            own = {} if value is None else {"funnel_step_breakdown": as_text(value)}
            for name, at in (("converted", number), ("dropped", -number)):
                url = None if is_other or at == -1 else f"{path}&{urlencode({'funnel_step': at} | own)}"
                step[f"{name}_people_url"] = url


def _question(project_id: int, values: Mapping[str, Any]) -> str:
    return urlencode(in_address(values) | {"project_id": str(project_id)})


def _steps(result: Any) -> Iterator[list[dict[str, Any]]]:
    """Those of every value; a histogram and a trend have none."""
    for row in result if isinstance(result, list) else []:
        if isinstance(row, list):
            yield row
        elif "order" in row:
            yield result
            return
