"""The flat parameters of funnels as they are documented; `legacy.py` reads them, and a test holds both together."""

from __future__ import annotations

from insights_engine.funnel.model import (
    ATTRIBUTIONS,
    DEFAULT_UNIT,
    DEFAULT_WINDOW,
    FIRST_TOUCH,
    MAX_BINS,
    ORDERED,
    ORDERS,
    STEPS,
    UNITS,
    VIZ_TYPES,
)
from insights_engine.trend import parameters as trend
from insights_engine.trend.parameters import Parameter

_SHARED = {
    *("date_from", "date_to", "explicit_date", "properties", "filter_test_accounts", "sampling_factor"),
    *("breakdown", "breakdown_type", "breakdowns", "breakdown_limit", "breakdown_hide_other_aggregation"),
    *(
        "breakdown_normalize_url",
        "breakdown_group_type_index",
        "interval",
        "refresh",
        "explain",
        "format",
        "export_name",
    ),
}

PARAMETERS = (
    Parameter(
        "events", "entities", [], "Steps that are events, each with its `order`; an `id` of null is any.", wrong=5
    ),
    Parameter("actions", "entities", [], "Steps that are actions; their `id` is an action's.", wrong=5),
    Parameter("funnel_order_type", "choice", ORDERED, "How the steps have to follow.", ORDERS, wrong="random"),
    Parameter("funnel_viz_type", "choice", STEPS, "What is answered.", VIZ_TYPES, wrong="flow"),
    Parameter(
        "funnel_window_interval",
        "whole",
        DEFAULT_WINDOW,
        "In how many units after the first step the others have to be taken.",
        wrong=0,
    ),
    Parameter("funnel_window_interval_unit", "choice", DEFAULT_UNIT, "A month is 31 days.", UNITS, wrong="year"),
    Parameter("funnel_window_days", "whole", None, "The older form of both; it wins.", wrong=0),
    Parameter("funnel_from_step", "whole", 0, "Time to convert and trends: the first step, from 0.", wrong=-1),
    Parameter("funnel_to_step", "whole", None, "Time to convert and trends: the last step, from 1.", wrong=-1),
    Parameter(
        "bin_count", "whole", None, f"Time to convert: bins, at most {MAX_BINS}; absent: by the number.", wrong=0
    ),
    Parameter(
        "exclusions",
        "objects",
        [],
        "`{id, type, funnel_from_step, funnel_to_step}`: who does this between these steps of a run is out of it.",
        wrong=5,
    ),
    Parameter(
        "breakdown_attribution_type", "choice", FIRST_TOUCH, "Which value a run has.", ATTRIBUTIONS, wrong="second"
    ),
    Parameter("breakdown_attribution_value", "whole", 0, "Attribution by a step: which, from 0.", wrong=-1),
    Parameter(
        "funnel_aggregate_by_hogql", "text", None, "SQL whose values take the steps, instead of persons.", wrong=5
    ),
    Parameter("aggregation_group_type_index", "whole", None, "Groups of this type instead of persons.", wrong=9),
    Parameter("display", "text", None, "`ActionsLineGraph` is the viz type `trends`, unless one is given."),
    Parameter("breakdown_histogram_bin_count", "whole", None, "Refused: values are not cut into ranges.", wrong=3),
    *(one for one in trend.PARAMETERS if one.name in _SHARED),
    Parameter("layout", "choice", "tidy", "CSV: a line an observation.", ("tidy",), is_of_query=True),
)

# What the people behind a step, or behind a point of the trend, are asked for with.
PEOPLE = (
    Parameter("funnel_step", "whole", None, "Step n, from 1: who reached it. -n: who left before it."),
    Parameter("funnel_step_breakdown", "breakdown", None, "The value; a list of them where there are several."),
    Parameter("entrance_period_start", "text", None, "Trends: the point's date."),
    Parameter("drop_off", "flag", False, "Trends: who did not convert, instead of who did."),
    *(one for one in PARAMETERS if not one.is_of_query),
    Parameter("limit", "whole", 100, "People of a page, at most 1000."),
    Parameter("offset", "whole", 0, "How many to leave out first; `next` has the following page's."),
    Parameter("project_id", "whole", None, "The project; absent: the caller's current one.", is_of_query=True),
)
