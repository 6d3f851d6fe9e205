"""The flat parameters of paths as they are documented; `legacy.py` reads them, and a test holds both together."""

from __future__ import annotations

from insights_engine.path.model import (
    DEFAULT_EDGES,
    DEFAULT_STEPS,
    EVENT_TYPES,
    FUNNEL_PATHS,
    MAX_EDGES,
    MAX_GROUPINGS,
    MAX_ITEM,
    MAX_RULES,
    MAX_STEPS,
)
from insights_engine.trend import parameters as trend
from insights_engine.trend.parameters import Parameter

_SHARED = {"date_from", "date_to", "properties", "filter_test_accounts", "sampling_factor", "refresh", "explain"}

PARAMETERS = (
    Parameter(
        "include_event_types",
        "texts",
        [],
        f"Events that count, any of {', '.join(f'`{name}`' for name in EVENT_TYPES)}; none: every event.",
        wrong=5,
    ),
    Parameter("include_custom_events", "texts", [], "Events that count beside the types, by name.", wrong=5),
    Parameter("path_type", "choice", None, "The older form: the one type.", EVENT_TYPES, wrong="funny"),
    Parameter("exclude_events", "texts", [], "Path items that are left out, by their final name.", wrong=5),
    Parameter("paths_hogql_expression", "text", None, "SQL that names events other than page views.", wrong=5),
    Parameter("start_point", "text", None, "Path item to begin at.", wrong=5),
    Parameter("end_point", "text", None, "Path item to end at.", wrong=5),
    Parameter(
        "path_groupings",
        "texts",
        [],
        f"Up to {MAX_GROUPINGS} texts of at most {MAX_ITEM} characters, in which `*` is any text: items that one "
        "matches are called like it.",
        wrong=["x" * 10_000],
    ),
    Parameter("path_replacements", "flag", False, "Apply the project's `path_cleaning_filters`.", wrong="perhaps"),
    Parameter(
        "local_path_cleaning_filters",
        "objects",
        [],
        f"Up to {MAX_RULES} rules `{{alias, regex}}` of the request, applied after the project's.",
        wrong=[{"regex": "(", "alias": ""}],
    ),
    Parameter("step_limit", "whole", DEFAULT_STEPS, f"Nodes of a path that are kept, at most {MAX_STEPS}.", wrong=-1),
    Parameter(
        "edge_limit",
        "whole",
        DEFAULT_EDGES,
        f"Edges that are answered, at most {MAX_EDGES}; between a start and an end all, unless it is given.",
        wrong=-1,
    ),
    Parameter("min_edge_weight", "whole", 0, "Least `value` of an edge; 0 is none.", wrong=-1),
    Parameter("max_edge_weight", "whole", 0, "Greatest `value` of an edge; 0 is none.", wrong=-1),
    Parameter("funnel_paths", "choice", None, "Only people of a funnel's step, and:", FUNNEL_PATHS, wrong="around"),
    Parameter("funnel_filter", "object", None, "The funnel, as `/insights/funnel` takes it, and `funnel_step`."),
    Parameter("funnel_step", "whole", None, "Where `funnel_filter` has none: its step."),
    Parameter("funnel_window_interval", "whole", None, "Instead of the funnel's own: how long a pause may be."),
    Parameter("funnel_window_interval_unit", "text", None, "Its unit."),
    Parameter("funnel_window_days", "whole", None, "The same in days."),
    *(one for one in trend.PARAMETERS if one.name in _SHARED),
    Parameter(
        "format", "choice", "json", "`csv` answers as the ending `.csv` does.", ("json", "csv"), is_of_query=True
    ),
    Parameter("layout", "choice", "tidy", "CSV: the one there is, a line an edge.", ("tidy",), is_of_query=True),
    Parameter("export_name", "text", None, "CSV: beginning of the file's name.", is_of_query=True),
)

# What the people behind an edge or a node are asked for with.
PEOPLE = (
    Parameter("path_start_key", "text", None, "Node that an edge of theirs begins at, `1_/`."),
    Parameter("path_end_key", "text", None, "Node that they reached; with `path_start_key`, from that one."),
    Parameter("path_dropoff_key", "text", None, "Node that is the last one shown of a path of theirs."),
    *(one for one in PARAMETERS if not one.is_of_query),
    Parameter("limit", "whole", 100, "People of a page, at most 1000."),
    Parameter("offset", "whole", 0, "How many to leave out first; `next` has the following page's."),
    Parameter("project_id", "whole", None, "The project; absent: the caller's current one.", is_of_query=True),
)
