"""The fields of a dashboard that a body may set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from insights_acl.fields import array, boolean, mapping, or_null, plain, text
from insights_engine.errors import ValidationError, nearest
from insights_engine.filters import parse_filters

from insights_api.insight_fields import EVERYONE_MAY_EDIT, tags
from insights_api.resource import Field


def _text(maximum: int) -> Callable[[Any, str], str]:
    return lambda value, attr: text("" if value is None else value, attr, maximum=maximum, blank=True)


def _filters(value: Any, attr: str) -> dict[str, Any]:
    """What holds for every insight on the dashboard. Null is what each insight says itself."""
    given = mapping(plain({} if value is None else value, attr), attr)
    for name, inner in given.items():
        if name not in _FILTERS:
            hint = nearest(name, _FILTERS) or f"; known are: {', '.join(_FILTERS)}"
            raise ValidationError(f"{attr}.{name[:100]} is not known{hint}", attr=attr)
        if inner is not None:
            _FILTERS[name](inner, f"{attr}__{name}")
    return given


def _properties(value: Any, attr: str) -> None:
    parse_filters(value, field=attr.replace("__", "."))


_FILTERS: dict[str, Callable[[Any, str], Any]] = {
    "date_from": lambda value, attr: text(value, attr, maximum=100, blank=True),
    "date_to": lambda value, attr: text(value, attr, maximum=100, blank=True),
    "explicitDate": boolean,
    "properties": _properties,
    "breakdown_filter": mapping,
}


def _variables(value: Any, attr: str) -> dict[str, Any]:
    return mapping(plain({} if value is None else value, attr), attr)


def _restriction_level(value: Any, attr: str) -> int:
    """The older way to keep others from editing, which here is said by access rules alone."""
    if value is True or value != EVERYONE_MAY_EDIT:
        raise ValidationError(
            f"Only {EVERYONE_MAY_EDIT} is supported; who may edit a dashboard is said by its access_controls.",
            attr=attr,
            code="invalid_choice",
        )
    return EVERYONE_MAY_EDIT


def no_template(value: Any, attr: str) -> None:
    if or_null(_text(400))(value, attr):
        raise ValidationError("There are no templates here; leave use_template out.", attr=attr)


FIELDS = (
    Field("name", "", _text(400)),
    Field("description", "", _text(10_000)),
    Field("pinned", False, boolean, is_material=False),
    Field("filters", {}, _filters),
    Field("variables", {}, _variables),
    Field("tags", [], tags, is_material=False),
    Field("restriction_level", EVERYONE_MAY_EDIT, _restriction_level, is_material=False),
    Field("tiles", [], array),
)
