"""What moves, in the order in which one names another: a row a kind, with the fields that are taken along.

What was moved is found again by its mark, `moved-from:HOST/PROJECT/KIND/ID`: a tag, of a cohort, which has none, the
last line of its description.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from insights_engine.errors import ValidationError

from insights_local.posthog.api import Row
from insights_local.posthog.rewriting import Ids, rewritten

_LONGEST_COHORT_DESCRIPTION = 1000
_TAGS = 100


class MovedKind(NamedTuple):
    """`asked`: parameters of the lists. `body`: what is sent. `check` raises ApiError for what would be refused."""

    name: str
    route: str
    asked: dict[str, str]
    body: Callable[[Row, Ids], Row]
    check: Callable[[Row], None]


def mark_of(host: str, project: str, kind: str, number: int) -> str:
    return f"moved-from:{host}/{project}/{kind}/{number}".lower()


def marks_in(row: Mapping[str, Any]) -> list[str]:
    """Those of an object that is here."""
    words = [*(row.get("tags") or ()), *(row.get("description") or "").splitlines()[-1:]]
    return [word for word in words if word.startswith("moved-from:")]


def marked(kind: MovedKind, body: Row, mark: str) -> Row:
    if kind.name != "cohort":
        return {**body, "tags": [*(body.get("tags") or [])[: _TAGS - 1], mark]}
    room = _LONGEST_COHORT_DESCRIPTION - len(mark) - 1
    return {**body, "description": f"{(body.get('description') or '')[:room]}\n{mark}".lstrip()}


def _cohort(row: Row, ids: Ids) -> Row:
    """A list of people comes by its people; of the others the question."""
    body = {
        "name": row.get("name"),
        "description": row.get("description") or "",
        "is_static": bool(row.get("is_static")),
    }
    if body["is_static"]:
        return body
    if row.get("query"):
        raise ValidationError("Cohorts from a query are not supported; make a static cohort of it there.")
    if ((row.get("filters") or {}).get("properties") or {}).get("values"):
        return {**body, "filters": rewritten(row["filters"], ids)}
    return {**body, "groups": rewritten(row.get("groups") or [], ids)}


def _action(row: Row, ids: Ids) -> Row:
    return {**_taken(row, ("name", "description", "tags")), "steps": rewritten(row.get("steps") or [], ids)}


def _dashboard(row: Row, ids: Ids) -> Row:
    texts = [
        {"text": {"body": tile["text"].get("body")}, **_taken(tile, ("layouts", "color"))}
        for tile in row.get("tiles") or ()
        if isinstance(tile.get("text"), dict) and tile["text"].get("body") and not tile.get("deleted")
    ]
    filters = {name: one for name, one in (row.get("filters") or {}).items() if one is not None}
    return {
        **_taken(row, ("name", "description", "tags", "pinned")),
        "filters": rewritten(filters, ids),
        "tiles": texts,
    }


def _insight(row: Row, ids: Ids) -> Row:
    """On those of its dashboards that are here."""
    question = {"query": row["query"]} if row.get("query") else {"filters": row.get("filters") or {}}
    if not any(question.values()):
        raise ValidationError("It asks nothing.")
    dashboards = [new for old in row.get("dashboards") or () if (new := ids.get("dashboard", old)) is not None]
    kept = ("name", "derived_name", "description", "tags", "favorited", "order")
    return {**_taken(row, kept), **rewritten(question, ids), "saved": True, "dashboards": dashboards}


def _taken(row: Mapping[str, Any], names: tuple[str, ...]) -> Row:
    return {name: row[name] for name in names if row.get(name) is not None}


def _check_cohort(body: Row) -> None:
    from insights_acl import fields
    from insights_api.cohort_filters import checked_filters, filters_of_groups

    if body.get("name") is not None:
        fields.text(body["name"], "name", blank=True)
    if "filters" in body:
        checked_filters(body["filters"])
    elif not body["is_static"]:
        if not body.get("groups"):
            raise ValidationError("It has no filters.")
        filters_of_groups(body["groups"])


def _check_action(body: Row) -> None:
    from insights_api.actions import Actions

    _check_fields(Actions.fields, body)


def _check_dashboard(body: Row) -> None:
    from insights_api.dashboard_fields import FIELDS

    _check_fields(FIELDS, {name: value for name, value in body.items() if name != "tiles"})


def _check_insight(body: Row) -> None:
    from insights_api.insight_fields import FIELDS

    _check_fields(FIELDS, {name: value for name, value in body.items() if name != "dashboards"})


def _check_fields(fields: Any, body: Row) -> None:
    """As the API does it with each field of a body."""
    for field in fields:
        if field.name in body:
            field.check(body[field.name], field.name)


KINDS = (
    MovedKind("cohort", "cohorts", {}, _cohort, _check_cohort),
    MovedKind("action", "actions", {}, _action, _check_action),
    MovedKind("dashboard", "dashboards", {}, _dashboard, _check_dashboard),
    MovedKind("insight", "insights", {"saved": "true", "basic": "true"}, _insight, _check_insight),
)
