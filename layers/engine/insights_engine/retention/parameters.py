"""The flat parameters of retention as they are documented; `legacy.py` reads them, and a test holds both together."""

from __future__ import annotations

from insights_engine.retention.model import MAX_INTERVALS, MEANS, PERIODS, RETENTION_TYPES
from insights_engine.trend import parameters as trend
from insights_engine.trend.parameters import Parameter

_SHARED = {
    *("date_to", "properties", "filter_test_accounts", "breakdown", "breakdown_type", "breakdowns", "breakdown_limit"),
    *("breakdown_hide_other_aggregation", "breakdown_histogram_bin_count", "breakdown_normalize_url"),
    *("breakdown_group_type_index", "sampling_factor", "explain"),
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
        "mean_retention_calculation", "choice", "simple", "How the mean is taken over the rows.", MEANS, wrong="median"
    ),
    Parameter("display", "text", None, "`ActionsLineGraph` answers only the first row."),
    Parameter("aggregation_group_type_index", "whole", None, "Groups of this type instead of persons.", wrong=9),
    *(one for one in trend.PARAMETERS if one.name in _SHARED),
)
