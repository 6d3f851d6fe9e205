"""Which insights are on which dashboards. Both sides know it, and change in one transaction at the versions read.

A dashboard's item has `tiles`, `{id, insight_id | text, layouts, color, order, deleted}`; an insight's item has
`dashboards`, the ids of those that it is on, and `dashboard_tiles`, `{id, dashboard_id, deleted}` for each of them.
Functions here change the object that the caller is about to write, and give the writes of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from insights_acl.access import Access
from insights_acl.gates import Gate, object_gate
from insights_acl.policy import Thing
from insights_acl.refusals import refused
from insights_engine import keys
from insights_engine.errors import ValidationError
from insights_engine.store import Item, Put, Write

MAX_TILES = 200
# Of the 100 writes of a transaction; the others are the object's own, its short id's and the log's.
MAX_OTHERS = 90
_MAX_DELETED = 100
DASHBOARD, INSIGHT = "dashboard", "insight"


def placing(access: Access, insight: Item, wanted: Sequence[int]) -> list[Write]:
    """Puts the insight on the dashboards `wanted` and takes it from all others.

    Sets the insight's `dashboards` and `dashboard_tiles`, and gives the writes of the dashboards. Raises
    ValidationError for a dashboard that is not there, PermissionDenied for one that the caller may not edit.
    """
    wanted = list(dict.fromkeys(wanted))
    leaving = [link["dashboard_id"] for link in _links(insight) if link["dashboard_id"] not in wanted]
    check_room(len(wanted) + len(leaving), "dashboards")
    dashboards = read(access, DASHBOARD, [*wanted, *leaving])
    for number in wanted:
        if number not in dashboards or dashboards[number]["deleted"]:
            raise no_such(number, "dashboards")
    changed = [
        _with(access, dashboards[number], insight["id"])
        for number in wanted
        if not _holds(dashboards[number], insight["id"])
    ]
    changed += [
        _without(access, dashboards[number], insight["id"])
        for number in leaving
        if number in dashboards and _holds(dashboards[number], insight["id"])
    ]
    dashboards |= {dashboard["id"]: dashboard for dashboard in changed}
    insight["dashboards"] = wanted
    insight["dashboard_tiles"] = [link_of(dashboards[number], insight["id"]) for number in wanted]
    return [put(dashboard) for dashboard in changed]


def taken_off(access: Access, insight: Item) -> list[Write]:
    """An insight that is deleted: its tiles are deleted on every dashboard, whoever may edit that."""
    links = [link for link in _links(insight) if not link["deleted"]]
    check_room(len(links), "deleted")
    dashboards = read(access, DASHBOARD, [link["dashboard_id"] for link in links])
    insight["dashboards"] = []
    insight["dashboard_tiles"] = [{**link, "deleted": True} for link in _links(insight)]
    held = [dashboard for dashboard in dashboards.values() if _holds(dashboard, insight["id"])]
    return [put(_marked(dashboard, insight["id"])) for dashboard in held]


# What both sides are made of.


def no_such(number: int, attr: str) -> ValidationError:
    return ValidationError(f'Invalid pk "{number}" - object does not exist.', attr=attr, code="does_not_exist")


def read(access: Access, kind: str, numbers: Iterable[int]) -> dict[int, Item]:
    """Those of the project that there are, deleted ones too, by their ids; one round trip."""
    wanted = list(dict.fromkeys(numbers))
    project_id = access.project.id
    found = access.services.policies.get_many([keys.resource(project_id, kind, str(number)) for number in wanted])
    return {number: item for number, item in zip(wanted, found, strict=True) if item is not None}


def may(access: Access, kind: str, item: Item, *, writes: bool) -> bool:
    """Whether the caller's level on an object allows it; a sharing link reads what it shows."""
    if access.share is not None:
        return not writes and access.share.shows(kind, item["id"])
    return _gate(access, kind, item, writes=writes).is_open


def require(access: Access, kind: str, item: Item, detail: str, *, writes: bool) -> None:
    """Raises PermissionDenied with `detail`, and the rule behind it."""
    gate = _gate(access, kind, item, writes=writes)
    if not gate.is_open:
        raise refused(gate, detail)


def _gate(access: Access, kind: str, item: Item, *, writes: bool) -> Gate:
    thing = Thing(kind, str(item["id"]), (item.get("created_by") or {}).get("uuid"))
    return object_gate(access.rules.on_object(kind, str(item["id"])), access.caller, thing, writes=writes)


def live(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tiles that are not deleted."""
    return [tile for tile in dashboard["tiles"] if not tile["deleted"]]


def tile_ids(access: Access, count: int) -> list[int]:
    last = access.services.policies.add(*keys.counter("dashboard_tile"), "next", count)
    return list(range(last - count + 1, last + 1))


def new_tile(number: int, *, insight_id: int | None = None, **values: Any) -> dict[str, Any]:
    shared: dict[str, Any] = {"text": None, "layouts": {}, "color": None, "order": None, "deleted": False}
    return {"id": number, "insight_id": insight_id, **shared, **values}


def kept(tiles: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """As they are stored: of the deleted ones those of late. Raises ValidationError where there are too many."""
    if sum(not tile["deleted"] for tile in tiles) > MAX_TILES:
        raise ValidationError(f"A dashboard has at most {MAX_TILES} tiles.", attr="tiles", code="max_length")
    late = {tile["id"] for tile in [tile for tile in tiles if tile["deleted"]][-_MAX_DELETED:]}
    return [tile for tile in tiles if not tile["deleted"] or tile["id"] in late]


def link_of(dashboard: Item, insight_id: int) -> dict[str, Any]:
    """How an insight names its tile on a dashboard."""
    tile = next(tile for tile in live(dashboard) if tile["insight_id"] == insight_id)
    return {"id": tile["id"], "dashboard_id": dashboard["id"], "deleted": False}


def linked(insight: Item, dashboard: Item) -> Item:
    """The insight as it is when `dashboard` has this state: on it, or not any more. A deleted one has no live tiles."""
    number = dashboard["id"]
    links = [link for link in _links(insight) if link["dashboard_id"] != number and not link["deleted"]]
    if _holds(dashboard, insight["id"]):
        links.append(link_of(dashboard, insight["id"]))
    return {**insight, "dashboards": [link["dashboard_id"] for link in links], "dashboard_tiles": links}


def put(item: Item) -> Put:
    """The next version of an object that was read."""
    return Put({**item, "version": item["version"] + 1}, item["version"])


def check_room(count: int, attr: str) -> None:
    """What changes together is one transaction, which has an end. Raises ValidationError."""
    if count > MAX_OTHERS:
        raise ValidationError(
            f"This would change {count} other objects at once, more than {MAX_OTHERS}; do it in several steps.",
            attr=attr,
            code="max_length",
        )


def _links(insight: Item) -> list[dict[str, Any]]:
    return list(insight.get("dashboard_tiles") or ())


def _holds(dashboard: Item, insight_id: int) -> bool:
    return any(tile["insight_id"] == insight_id for tile in live(dashboard))


def _with(access: Access, dashboard: Item, insight_id: int) -> Item:
    """With a tile of the insight: the one it had, with its layout, or a new one at the end."""
    number = dashboard["id"]
    require(
        access, DASHBOARD, dashboard, f"You don't have permission to add insights to dashboard: {number}", writes=True
    )
    had = [tile for tile in dashboard["tiles"] if tile["insight_id"] == insight_id]
    others = [tile for tile in dashboard["tiles"] if tile["insight_id"] != insight_id]
    back = {**had[-1], "deleted": False} if had else new_tile(*tile_ids(access, 1), insight_id=insight_id)
    return {**dashboard, "tiles": kept([*others, back])}


def _without(access: Access, dashboard: Item, insight_id: int) -> Item:
    detail = f"You don't have permission to remove insights from dashboard: {dashboard['id']}"
    require(access, DASHBOARD, dashboard, detail, writes=True)
    return _marked(dashboard, insight_id)


def _marked(dashboard: Item, insight_id: int) -> Item:
    tiles = [{**tile, "deleted": True} if tile["insight_id"] == insight_id else tile for tile in dashboard["tiles"]]
    return {**dashboard, "tiles": kept(tiles)}
