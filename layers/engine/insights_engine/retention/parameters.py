"""The flat parameters of retention as they are documented; `legacy.py` reads them, and a test holds both together."""

from __future__ import annotations

from insights_engine.retention.model import MAX_INTERVALS, MEANS, REFERENCES, RETENTION_TYPES
from insights_engine.retention.periods import PERIODS
from insights_engine.trend import parameters as trend
from insights_engine.trend.parameters import Parameter

_SHARED = {
    *("date_to", "properties", "filter_test_accounts", "breakdown", "breakdown_type", "breakdowns"),
    *("breakdown_hide_other_aggregation", "breakdown_normalize_url", "breakdown_group_type_index"),
    *("sampling_factor", "refresh", "explain", "format", "layout", "export_name"),
}

PARAMETERS = (
    Parameter("target_entity", "object", None, "What begins: `{id, type}`; absent: `$pageview`.", wrong=5),
    Parameter("returning_entity", "object", None, "What counts as coming back; absent: the target.", wrong=5),
    Parameter("period", "choice", "Day", "Length of a period.", PERIODS),
    Parameter("total_intervals", "whole", 11, f"Periods, at most {MAX_INTERVALS}; the last ends `date_to`.", wrong=0),
    Parameter(
        "retention_type",
        "choice",
        "retention_recurring",
        "Whether a person begins in every period with the target event, or in the first one only.",
        [name for name in RETENTION_TYPES if name != "retention_first_ever_occurrence"],
    ),
    Parameter(
        "retention_reference",
        "choice",
        "total",
        "What `shares` and `mean` are shares of: the first column, or the one before.",
        REFERENCES,
        wrong="first",
    ),
    Parameter(
        "mean_retention_calculation", "choice", "simple", "How the mean is taken over the rows.", MEANS, wrong="median"
    ),
    Parameter("display", "text", None, "`ActionsLineGraph` answers only the first row."),
    Parameter("aggregation_group_type_index", "whole", None, "Groups of this type instead of persons.", wrong=9),
    Parameter("breakdown_limit", "whole", None, "Values shown, the rest is summed up as Other; absent: all.", wrong=0),
    Parameter("breakdown_histogram_bin_count", "whole", None, "Refused: values are not cut into ranges.", wrong=3),
    *(one for one in trend.PARAMETERS if one.name in _SHARED),
)

# What the people behind a row or a cell are asked for with.
PEOPLE = (
    Parameter("selected_interval", "whole", 0, "The row; with `breakdown_values`, the column of a cell."),
    Parameter("breakdown_values", "breakdown", None, "A list: the values of a row, or its number where it has none."),
    *(one for one in PARAMETERS if not one.is_of_query),
    Parameter("limit", "whole", 100, "People of a page, at most 1000."),
    Parameter("offset", "whole", 0, "How many to leave out first; `next` has the following page's."),
    *(one for one in PARAMETERS if one.name == "format"),
    Parameter("project_id", "whole", None, "The project; absent: the caller's current one.", is_of_query=True),
)
