"""The fields of a saved insight that a body may set, and those that an answer has beside them."""

from __future__ import annotations

from typing import Any

from insights_acl.fields import array, boolean, integer, or_null, text

from insights_api.insight_query import checked_filters, checked_query
from insights_api.resource import Field

MAX_TAGS = 100


def tags(value: Any, attr: str) -> list[str]:
    """Each once, in the order in which they came."""
    found = [
        text(tag, f"{attr}__{index}", maximum=255) for index, tag in enumerate(array(value, attr, maximum=MAX_TAGS))
    ]
    return list(dict.fromkeys(found))


def ids(value: Any, attr: str) -> list[int]:
    found = [integer(one, f"{attr}__{index}") for index, one in enumerate(array(value, attr))]
    return list(dict.fromkeys(found))


FIELDS = (
    Field("name", None, or_null(text, blank=True)),
    Field("derived_name", None, or_null(text, blank=True), is_material=False),
    Field("description", None, or_null(text, maximum=10_000, blank=True)),
    Field("query", None, checked_query),
    Field("filters", {}, checked_filters),
    Field("order", None, or_null(integer), is_material=False),
    Field("favorited", False, boolean, is_material=False),
    Field("saved", False, boolean, is_material=False),
    Field("tags", [], tags, is_material=False),
    Field("dashboards", [], ids),
)
NAMES = frozenset(field.name for field in FIELDS)

# What an answer has where nothing was computed.
NOT_COMPUTED: dict[str, Any] = {
    "result": None,
    "hasMore": None,
    "columns": None,
    "is_cached": False,
    "last_refresh": None,
    "cache_target_age": None,
    "next_allowed_client_refresh": None,
    "query_status": None,
    "hogql": None,
    "types": None,
    "resolved_date_range": None,
}
# Who may change an insight beside its author, in the words of an older API: everybody with an editor's level.
EVERYONE_MAY_EDIT = 21
MAY_VIEW, MAY_EDIT = 21, 37
