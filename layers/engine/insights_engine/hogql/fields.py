"""The fields that an expression may name, resolved to columns and properties of the event at hand."""

from __future__ import annotations

from insights_engine.errors import ApiError, nearest
from insights_engine.hogql.kinds import Typed
from insights_engine.scan import Scan
from insights_engine.sql import Sql

# Columns of the event: name -> (SQL, kind).
COLUMNS = {
    "event": ("toString(event)", "s"),
    "timestamp": ("{local}", "d"),
    "distinct_id": ("distinct_id", "s"),
    "uuid": ("toString(uuid)", "s"),
    "elements_chain": ("elements_chain", "s"),
    **{f"$group_{i}": (f"toString(group{i})", "s") for i in range(5)},
}
# Fields that stand for a property of the event.
_SHORT = {"$session_id": "$session_id", "$window_id": "$window_id", "$current_url": "$current_url"}
_ROOTS = ("event", "timestamp", "distinct_id", "uuid", "person_id", "properties", "person", "session", "group_0")


def field_value(scan: Scan, chain: list[str | int], where: str) -> Typed | str:
    """The field, or what is wrong with its name."""
    parts = [str(part) for part in chain]
    if parts[0] in ("events", "e") and len(parts) > 1:
        parts = parts[1:]
    root, rest = parts[0], parts[1:]
    try:
        found = _resolve(scan, root, rest, where)
    except ApiError as error:
        return error.detail
    if found is not None:
        return found
    return f"the field {'.'.join(parts)[:100]} is not known{nearest(root, _ROOTS)}"


def _resolve(scan: Scan, root: str, rest: list[str], where: str) -> Typed | None:
    if not rest:
        if root in COLUMNS:
            text, kind = COLUMNS[root]
            return Typed(Sql(text, local=scan.local), kind)
        if root == "person_id":
            return Typed(scan.metadata("person_id", where), "s")
        return _property(scan, "event", [_SHORT[root]], where) if root in _SHORT else None
    if root == "properties":
        return _property(scan, "event", rest, where)
    if root == "person":
        if rest == ["id"]:
            return Typed(scan.metadata("person_id", where), "s")
        return _property(scan, "person", rest[1:], where) if rest[0] == "properties" and len(rest) > 1 else None
    if root == "session":
        return _property(scan, "session", rest, where) if len(rest) == 1 else None
    if root.startswith("group_") and root[6:] in ("0", "1", "2", "3", "4"):
        index = int(root[6:])
        if rest == ["key"]:
            return Typed(scan.group_key(index), "s")
        if rest[0] == "properties" and len(rest) > 1:
            return _property(scan, "group", rest[1:], where, index)
    return None


def _property(scan: Scan, kind: str, path: list[str], where: str, index: int | None = None) -> Typed:
    """A property, or what is inside one that holds an object."""
    return Typed(scan.text(kind, path[0], index, where, inside=path[1:]), "p")
