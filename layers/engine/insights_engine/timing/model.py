"""The report's question, read from the query string, and the parameters that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from insights_engine.errors import ValidationError, nearest
from insights_engine.flat import text
from insights_engine.trend.parameters import Parameter

# Columns that a report may be narrowed to one value of.
FILTERS = {
    "insight": "Only loads of this type of insight: `TRENDS`, `FUNNELS`…, as it was recorded.",
    "context": "Only loads in this place: `dashboard`, `insight`, `actors_modal`, `filters`.",
    "type": "Only loads of this kind: `dashboard_load`, `insight_load`…",
    "status": "Only loads that ended so: `success`, `failure`, `cancelled`.",
    "session_id": "Only loads of this session.",
}
PARAMETERS = (
    Parameter(
        "date_from",
        "text",
        "-7d",
        "First day: `2026-03-01`, a time, `-7d`, `-1mStart`, `all`… One of the two dates asks for the report.",
        is_of_query=True,
    ),
    Parameter("date_to", "text", None, "Last day, in the same forms; absent: now.", is_of_query=True),
    *(Parameter(name, "text", None, help_, is_of_query=True) for name, help_ in FILTERS.items()),
    Parameter("explain", "flag", False, "The statement in the answer, as `explain`.", is_of_query=True),
)
_OWN = tuple(one.name for one in PARAMETERS)
# What is about the request and not about the question.
_ABOUT_THE_REQUEST = frozenset({"personal_api_key", "token", "api_key", "format", "refresh", "client_query_id"})


@dataclass(frozen=True, slots=True)
class TimingQuery:
    """`where`: (column, value) of each filter."""

    date_from: str | None
    date_to: str | None = None
    where: tuple[tuple[str, str], ...] = ()


def asks_for_report(values: Mapping[str, str]) -> bool:
    """A date does, and nothing else. Raises ValidationError for a name that is nearly one of the parameters."""
    for name in values:
        near = "" if name in _OWN or name in _ABOUT_THE_REQUEST else nearest(name, _OWN)
        if near:
            raise ValidationError(f'"{name[:100]}" is not known{near}', attr=name[:100])
    return bool(values.get("date_from") or values.get("date_to"))


def parse(values: Mapping[str, str]) -> TimingQuery:
    """Raises ValidationError."""
    found = ((name, text(values, name)) for name in FILTERS)
    where = tuple((name, value) for name, value in found if value is not None)
    return TimingQuery(text(values, "date_from"), text(values, "date_to"), where)
