"""How a trend is shown, as far as it changes the numbers: one row a display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["series", "total", "heatmap"]
DEFAULT_BREAKDOWN_LIMIT = 25
# Of a file that is read by programs, or filtered by a person: more than a picture can show.
EXPORT_BREAKDOWN_LIMIT = 512


@dataclass(frozen=True, slots=True)
class Display:
    name: str
    kind: Kind = "series"
    is_cumulative: bool = False
    # The window ends now and begins exactly n days before, to the second.
    is_exact: bool = False
    breakdown_limit: int = DEFAULT_BREAKDOWN_LIMIT


DISPLAYS = {
    row.name: row
    for row in (
        Display("ActionsLineGraph"),
        Display("ActionsBar"),
        Display("ActionsUnstackedBar"),
        Display("ActionsStackedBar"),
        Display("ActionsAreaGraph"),
        Display("ActionsLineGraphCumulative", is_cumulative=True),
        Display("BoldNumber", "total", is_exact=True),
        Display("ActionsPie", "total"),
        Display("ActionsBarValue", "total"),
        Display("ActionsTable", "total"),
        Display("WorldMap", "total", breakdown_limit=250),
        Display("CalendarHeatmap", "heatmap"),
    )
}
DEFAULT_DISPLAY = DISPLAYS["ActionsLineGraph"]
