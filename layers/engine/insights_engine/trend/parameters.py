"""The flat parameters of the legacy trend as they are documented, one row each, in the order of the documentation.

Only the documentation and its tests read this; `legacy.py`, `stickiness/legacy.py` and the routes read the parameters
themselves, and a test holds that all name the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from insights_engine.spreadsheets import FORMATS, LAYOUTS
from insights_engine.stickiness.model import COMPUTED_AS, CRITERIA
from insights_engine.trend.breakdowns import BREAKDOWN_TYPES
from insights_engine.trend.displays import DEFAULT_BREAKDOWN_LIMIT, DEFAULT_DISPLAY, DISPLAYS, EXPORT_BREAKDOWN_LIMIT
from insights_engine.trend.legacy import LEGACY_INTERVALS
from insights_engine.trend.model import MAX_BREAKDOWN_LIMIT, MAX_BREAKDOWNS, MAX_SERIES

Kind = Literal[
    "entities",
    "filters",
    "breakdowns",
    "breakdown",
    "text",
    "texts",
    "choice",
    "flag",
    "whole",
    "number",
    "object",
    "objects",
    "refresh",
]


class Parameter(NamedTuple):
    name: str
    kind: Kind
    default: Any
    help: str
    choices: Iterable[str] = ()
    # A value that is refused with the parameter's name; null where nothing is.
    wrong: Any = None
    # Read from the query string only, also with a POST.
    is_of_query: bool = False
    # With `is_of_query`: from a body as well, if the query string does not have it.
    is_of_body_too: bool = False


PARAMETERS = (
    Parameter(
        "insight",
        "choice",
        "TRENDS",
        "Which insight answers; `SESSIONS` is `TRENDS`.",
        ("TRENDS", "LIFECYCLE", "STICKINESS", "SESSIONS", "PATHS", "FUNNELS"),
        wrong="FUNNY",
    ),
    Parameter("shown_as", "text", None, "`Stickiness` is the same as `insight=STICKINESS`; nothing else counts."),
    Parameter("events", "entities", [], f"Series that count events. With `actions`, at most {MAX_SERIES}.", wrong=5),
    Parameter("actions", "entities", [], "Series that count actions; their `id` is an action's.", wrong=5),
    Parameter(
        "date_from",
        "text",
        "-7d",
        "First day: `2026-03-01`, a time, `-7d`, `-1mStart`, `all`… in the project's time zone.",
        wrong=5,
    ),
    Parameter("date_to", "text", None, "Last day, in the same forms; absent: now.", wrong=5),
    Parameter(
        "explicit_date", "flag", False, "Do not stretch `date_to` to the end of its bucket or day.", wrong="perhaps"
    ),
    Parameter(
        "interval",
        "choice",
        "day",
        "Width of a bucket; `minute` is read as `hour`.",
        LEGACY_INTERVALS,
        wrong="fortnight",
    ),
    Parameter("properties", "filters", None, "Filters that every series must pass.", wrong=5),
    Parameter(
        "filter_test_accounts",
        "flag",
        False,
        "Leave out what the project's `test_account_filters` leave out.",
        wrong="perhaps",
    ),
    Parameter(
        "breakdown", "breakdown", None, "Property to break down by, a list of them, or ids of cohorts and `all`."
    ),
    Parameter("breakdown_type", "choice", "event", "What `breakdown` names.", BREAKDOWN_TYPES, wrong="planet"),
    Parameter(
        "breakdowns", "breakdowns", None, f"Up to {MAX_BREAKDOWNS} breakdowns, of types of their own.", wrong="browser"
    ),
    Parameter(
        "breakdown_limit",
        "whole",
        DEFAULT_BREAKDOWN_LIMIT,
        f"Values shown, at most {MAX_BREAKDOWN_LIMIT}; the rest is summed up as Other. CSV: {EXPORT_BREAKDOWN_LIMIT}.",
        wrong=0,
    ),
    Parameter("breakdown_hide_other_aggregation", "flag", False, "Leave Other out.", wrong="perhaps"),
    Parameter("breakdown_histogram_bin_count", "whole", None, "Cut a numeric breakdown into so many ranges."),
    Parameter(
        "breakdown_normalize_url", "flag", False, "Cut the `/`, `?` and `#` that a URL ends in.", wrong="perhaps"
    ),
    Parameter("breakdown_group_type_index", "whole", None, "With the type `group`: which group type, 0 to 4."),
    Parameter(
        "display", "choice", DEFAULT_DISPLAY.name, "How it is shown; an unknown name counts as absent.", DISPLAYS
    ),
    Parameter("formula", "text", None, "Arithmetic over the series, `A / B * 100`.", wrong=5),
    Parameter("compare", "flag", False, "Answer the previous period as well.", wrong="perhaps"),
    Parameter("compare_to", "text", None, "With `compare`: which period instead, `-1w`.", wrong=5),
    Parameter("smoothing_intervals", "whole", 1, "Moving average over so many buckets.", wrong=0),
    Parameter("sampling_factor", "number", None, "Read this share of the persons, 0 to 1, and scale up.", wrong=2),
    Parameter("aggregation_group_type_index", "whole", None, "Lifecycle: count groups of this type.", wrong=9),
    Parameter("interval_count", "whole", 1, "Stickiness: a bucket is so many intervals.", wrong=0),
    Parameter(
        "stickiness_computed_as",
        "choice",
        "non_cumulative",
        "Stickiness: `cumulative` counts those who were active more often as well.",
        COMPUTED_AS,
        wrong="twice",
    ),
    Parameter(
        "stickiness_criteria",
        "object",
        None,
        f"Stickiness: `{{operator, value}}`, how many events make an interval count; {', '.join(CRITERIA)}.",
        wrong=5,
    ),
    Parameter(
        "refresh",
        "refresh",
        "blocking",
        "Whether a result that is kept will do, and who computes a new one.",
        is_of_query=True,
        is_of_body_too=True,
    ),
    Parameter("explain", "flag", False, "The statement in the answer, as `explain`.", is_of_query=True),
    Parameter("format", "choice", "json", "`csv` answers as the ending `.csv` does.", FORMATS, is_of_query=True),
    Parameter(
        "layout",
        "choice",
        "wide",
        "CSV: a column a bucket, or `tidy`, a line an observation.",
        LAYOUTS,
        is_of_query=True,
    ),
    Parameter("export_name", "text", None, "CSV: beginning of the file's name.", is_of_query=True),
    Parameter("export_insight_id", "text", None, "CSV: insight that the first line links to.", is_of_query=True),
    Parameter("offset", "whole", 0, "Carried on in `next`; it changes nothing else.", is_of_query=True),
)
