"""What a dashboard's own requests do to its tiles, and the writes of the insights that this changes.

A request changes the list of tiles; which insights have to know follows from the list before and after (`followed`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from insights_acl import activity, fields
from insights_acl.access import Access
from insights_acl.models import moment
from insights_engine.errors import Conflict, PermissionDenied, ValidationError
from insights_engine.store import Item, Write

from insights_api import tiles

MAX_TEXT = 4000
_MAX_LAYOUT = 2000  # characters of JSON
_COLOR = 400
Tile = dict[str, Any]


def changed(access: Access, had: Sequence[Tile], asked: Any) -> list[Tile]:
    """`PATCH {"tiles": [...]}`: one with an id changes, one without is a new text; the others stay as they are.

    An insight is put on a dashboard by the insight's own `dashboards`.
    """
    found = {tile["id"]: tile for tile in had}
    new: list[Tile] = []
    for index, one in enumerate(fields.array(asked, "tiles", maximum=2 * tiles.MAX_TILES)):
        place = f"tiles__{index}"
        given = fields.mapping(one, place)
        if given.get("id") is None:
            new.append({**_values(given, place), "text": _text(given.get("text"), f"{place}__text")})
            continue
        number = fields.integer(given["id"], f"{place}__id")
        if number not in found:
            raise tiles.no_such(number, f"{place}__id")
        found[number] = _changed(found[number], given, place)
    numbers = tiles.tile_ids(access, len(new)) if new else []
    made = [tiles.new_tile(number, **values) for number, values in zip(numbers, new, strict=True)]
    _check_brought_back(access, had, found)
    return tiles.kept([*found.values(), *made])


def copies(access: Access, source: Item) -> list[Tile]:
    """The tiles of another dashboard, of the same insights. Raises PermissionDenied for one that is not to be seen."""
    wanted = tiles.live(source)
    insights = tiles.read(access, tiles.INSIGHT, _insight_ids(wanted))
    access.rules.on_kind(tiles.INSIGHT)
    for insight in insights.values():
        detail = f"You don't have permission to use insight: {insight['id']}"
        tiles.require(access, tiles.INSIGHT, insight, detail, writes=False)
    numbers = tiles.tile_ids(access, len(wanted)) if wanted else []
    return [{**tile, "id": number} for tile, number in zip(wanted, numbers, strict=True)]


def put_away(had: Sequence[Tile], gone: Sequence[int]) -> list[Tile]:
    """The tiles of a dashboard that is deleted. They remember that they went with it, and `gone`: their insight too."""
    return [
        tile
        if tile["deleted"]
        else {**tile, "deleted": True, "returns": "insight" if tile["insight_id"] in gone else "tile"}
        for tile in had
    ]


def brought_back(access: Access, had: Sequence[Tile]) -> tuple[list[Tile], list[int]]:
    """The tiles of a dashboard that is restored, and the insights that went with it and come back as well."""
    asleep = [tile for tile in had if tile["deleted"] and "returns" in tile]
    insights = tiles.read(access, tiles.INSIGHT, _insight_ids(asleep))
    access.rules.on_kind(tiles.INSIGHT)
    awake, back = [], []
    for tile in had:
        plain = {name: value for name, value in tile.items() if name != "returns"}
        insight = insights.get(tile["insight_id"])
        if tile not in asleep or (tile["insight_id"] is not None and insight is None):
            awake.append(plain)
            continue
        if insight is not None and insight["deleted"]:
            if tile["returns"] != "insight" or not tiles.may(access, tiles.INSIGHT, insight, writes=True):
                awake.append(plain)
                continue
            back.append(insight["id"])
        awake.append({**plain, "deleted": False})
    return awake, back


def only_here(access: Access, dashboard: Item) -> list[int]:
    """Its insights that are on no other dashboard and that the caller may edit: they may be deleted with it."""
    insights = tiles.read(access, tiles.INSIGHT, _insight_ids(tiles.live(dashboard)))
    access.rules.on_kind(tiles.INSIGHT)
    return [
        number
        for number, insight in insights.items()
        if not insight["deleted"]
        and set(insight.get("dashboards") or ()) <= {dashboard["id"]}
        and tiles.may(access, tiles.INSIGHT, insight, writes=True)
    ]


def followed(
    access: Access, before: Item | None, after: Item, deleted: Sequence[int], restored: Sequence[int]
) -> list[Write]:
    """The writes of the insights that came to a dashboard or left it; of those, some are deleted or restored."""
    was = set(_insight_ids(tiles.live(before))) if before else set()
    now = set(_insight_ids(tiles.live(after)))
    concerned = sorted(was ^ now)
    tiles.check_room(len(concerned) + len(deleted) + len(restored), "tiles")
    found = tiles.read(access, tiles.INSIGHT, concerned)
    writes: list[Write] = []
    for number, insight in found.items():
        elsewhere = set(insight.get("dashboards") or ()) - {after["id"]}
        if (insight["deleted"] and number in now and number not in restored) or (elsewhere and number in deleted):
            raise Conflict  # it was not so when it was looked at
        insight = tiles.linked(insight, after)
        if number in (*deleted, *restored):
            author = access.user.as_author()
            stamp = {"last_modified_at": moment(access.now), "last_modified_by": author}
            insight |= {**stamp, "deleted": number in deleted}
            entry = activity.Entry(
                tiles.INSIGHT, str(number), "deleted" if number in deleted else "restored", (), insight.get("name")
            )
            writes.append(activity.entry(access.project.id, access.user, access.now, entry))
        writes.append(tiles.put(insight))
    return writes


def moved(access: Access, source: Item, target: Item, number: int) -> tuple[Item, Item, list[Write]]:
    """Both dashboards with a tile on the other one, and the write of its insight, which the caller has to see."""
    tile = next((tile for tile in tiles.live(source) if tile["id"] == number), None)
    if tile is None:
        raise tiles.no_such(number, "tile")
    insight_id = tile["insight_id"]
    if insight_id is not None and insight_id in _insight_ids(tiles.live(target)):
        raise ValidationError(f"Dashboard {target['id']} has this insight already.", attr="toDashboard", code="unique")
    others = [one for one in target["tiles"] if insight_id is None or one["insight_id"] != insight_id]
    target = {**target, "tiles": tiles.kept([*others, tile])}
    source = {**source, "tiles": [one for one in source["tiles"] if one["id"] != number]}
    if insight_id is None:
        return source, target, []
    insight = tiles.read(access, tiles.INSIGHT, [insight_id]).get(insight_id)
    if insight is None:
        raise ValidationError("The insight of this tile is gone.", attr="tile", code="does_not_exist")
    detail = f"You don't have permission to use insight: {insight_id}"
    tiles.require(access, tiles.INSIGHT, insight, detail, writes=False)
    return source, target, [tiles.put(tiles.linked(tiles.linked(insight, source), target))]


def unseen(access: Access, dashboard: Item) -> list[int]:
    """Its insights that the caller may not see."""
    insights = tiles.read(access, tiles.INSIGHT, _insight_ids(tiles.live(dashboard)))
    access.rules.on_kind(tiles.INSIGHT)
    return [number for number, item in insights.items() if not tiles.may(access, tiles.INSIGHT, item, writes=False)]


def _check_brought_back(access: Access, had: Sequence[Tile], after: Mapping[int, Tile]) -> None:
    """A tile that is deleted no more needs an insight that is there, that the caller sees, and that has no other."""
    back = [after[tile["id"]] for tile in had if tile["deleted"] and not after[tile["id"]]["deleted"]]
    insights = tiles.read(access, tiles.INSIGHT, _insight_ids(back))
    shown = _insight_ids([tile for tile in after.values() if not tile["deleted"]])
    for number in _insight_ids(back):
        if number not in insights or insights[number]["deleted"]:
            raise tiles.no_such(number, "tiles")
        if shown.count(number) > 1:
            raise ValidationError(f"Insight {number} is on this dashboard already.", attr="tiles", code="unique")
        if not tiles.may(access, tiles.INSIGHT, insights[number], writes=False):
            raise PermissionDenied(f"You don't have permission to use insight: {number}")


def _changed(tile: Tile, given: Mapping[str, Any], place: str) -> Tile:
    values = _values(given, place)
    if given.get("text") is not None:
        if tile["insight_id"] is not None:
            raise ValidationError("This tile has an insight, so it has no text.", attr=f"{place}__text")
        values["text"] = _text(given["text"], f"{place}__text")
    plain = {name: value for name, value in tile.items() if name != "returns"}
    return {**(plain if "deleted" in values else tile), **values}


def _values(given: Mapping[str, Any], place: str) -> dict[str, Any]:
    """What a request says of a tile; it may say more, as clients send back what they were given."""
    return {name: check(given[name], f"{place}__{name}") for name, check in _FIELDS.items() if name in given}


def _layouts(value: Any, attr: str) -> dict[str, Any]:
    layouts = fields.mapping(fields.plain({} if value is None else value, attr), attr)
    if len(str(layouts)) > _MAX_LAYOUT:
        raise ValidationError(
            f"Ensure this field has no more than {_MAX_LAYOUT} characters.", attr=attr, code="max_length"
        )
    return layouts


def _text(value: Any, attr: str) -> dict[str, Any]:
    given = {"body": value} if isinstance(value, str) else fields.mapping(value, attr)
    return {"body": fields.text(fields.required(given, "body"), f"{attr}__body", maximum=MAX_TEXT)}


_FIELDS = {
    "layouts": _layouts,
    "color": fields.or_null(fields.text, maximum=_COLOR),
    "order": fields.or_null(fields.integer),
    "deleted": fields.boolean,
}


def _insight_ids(of: Sequence[Tile]) -> list[int]:
    return [tile["insight_id"] for tile in of if tile["insight_id"] is not None]
