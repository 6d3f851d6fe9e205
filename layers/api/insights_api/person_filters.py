"""The parameters of a list of persons as a condition on the persons table."""

from __future__ import annotations

from collections.abc import Mapping

from insights_acl.access import Access
from insights_engine import definitions
from insights_engine.conditions import person_matches
from insights_engine.definitions import Definitions
from insights_engine.errors import ValidationError
from insights_engine.filters import Group, Leaf, parse_filters
from insights_engine.flat import json_value, whole
from insights_engine.scan import Scan, json_text
from insights_engine.sql import Sql, both, either

from insights_api.people import NAMING_PROPERTIES

# What is longer is no part of a name, an address or an id, and no name of a property.
_MAX_CHARACTERS = 1000
_MOST = 2**31 - 1


def chosen_by(access: Access, values: Mapping[str, str]) -> tuple[Scan, Sql]:
    """The condition of a list's parameters on the persons table. Raises ValidationError."""
    tree = _filters(values)
    named = definitions.cohort_ids([tree])
    loaded = definitions.load(access.services.policies, access.project.id, (), named) if named else Definitions()
    scan = Scan(access.project, loaded, access.now)
    conditions = [person_matches(scan, tree)]
    if distinct_id := values.get("distinct_id"):
        conditions.append(_with_id(scan, Sql("distinct_id = {id:String}", id=distinct_id)))
    if part := short_text(values, "search"):
        conditions.append(mentions(scan, part))
    return scan, both(*conditions)


def _filters(values: Mapping[str, str]) -> Group:
    asked: list[Group | Leaf] = [parse_filters(json_value(values, "properties"))]
    if email := values.get("email"):
        asked.append(Leaf("email", "person", "exact", email, field="email"))
    if (cohort := whole(values, "cohort", 1, _MOST)) is not None:
        asked.append(Leaf("id", "cohort", "in", cohort, field="cohort"))
    return Group("AND", tuple(asked))


def short_text(values: Mapping[str, str], name: str) -> str:
    """Empty when absent. Raises ValidationError for what is too long."""
    text = values.get(name) or ""
    if len(text) > _MAX_CHARACTERS:
        raise ValidationError(f"{name} must have at most {_MAX_CHARACTERS} characters", attr=name)
    return text


def required_text(values: Mapping[str, str], name: str) -> str:
    if text := short_text(values, name):
        return text
    raise ValidationError("This field is required.", attr=name, code="required")


def mentions(scan: Scan, part: str) -> Sql:
    """In what a person is called by, in its uuid, or in one of its distinct ids."""
    names = (contains(json_text(key), part) for key in NAMING_PROPERTIES)
    return either(*names, contains(Sql("toString(uuid)"), part), _with_id(scan, contains(Sql("distinct_id"), part)))


def _with_id(scan: Scan, holds: Sql) -> Sql:
    """An id that was copied while its person was merged away still has that number: it counts as the survivor's."""
    return Sql(
        "person IN (SELECT {person} FROM person_distinct_ids FINAL WHERE {mine} AND {holds})",
        person=scan.person,
        mine=scan.is_mine,
        holds=holds,
    )


def contains(text: Sql, part: str) -> Sql:
    return Sql("positionCaseInsensitiveUTF8(ifNull({text}, ''), {part:String}) > 0", text=text, part=part)
