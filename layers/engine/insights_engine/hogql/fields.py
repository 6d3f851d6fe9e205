"""The fields that an expression may name, resolved to columns and properties of the event at hand."""

from __future__ import annotations

from collections.abc import Callable

from insights_engine.errors import ApiError
from insights_engine.hogql.kinds import Typed, coerce
from insights_engine.hogql.names import near
from insights_engine.scan import Scan, person_text
from insights_engine.sql import Sql, number
from insights_engine.tables import TEXT_EVENT_PROPERTIES

# Columns of the event: name -> (SQL, kind). None of them is ever NULL.
COLUMNS = {
    "event": ("toString(event)", "s"),
    "timestamp": ("{local}", "d"),
    "distinct_id": ("distinct_id", "s"),
    "uuid": ("toString(uuid)", "s"),
    "elements_chain": ("elements_chain", "s"),
    **{f"$group_{i}": (f"toString(group{i})", "s") for i in range(5)},
}
# Fields that stand for a property of the event.
_SHORT = ("$session_id", "$window_id", "$current_url")
# What an expression may name, in the words of the documentation.
FIELDS = {
    "event": "the event's name",
    "timestamp": "when it happened, in the project's time zone",
    "distinct_id": "the distinct id that it was sent with",
    "uuid": "the event's own id",
    "elements_chain": "the clicked element and those around it",
    "$group_0": "the key of the event's group of the first type, empty when it has none; to `$group_4`",
    "$session_id": "the event's session; also `$window_id` and `$current_url`",
    "properties.x": "a property of the event; `properties.a.b`, `properties['a b']`, `properties.list[1]` go on inside",
    "person_id": "the person's id; also `person.id`",
    "person.properties.x": "a property of the person, as of now",
    "person.created_at": "when the person was first seen",
    "session.x": "what the session has, such as `session.$session_duration` or `session.$channel_type`",
    "group_0.properties.x": "a property of the event's group of the first type; to `group_4`, or by the type's name",
    "group_0.key": "the key of that group; also `group_0.created_at`",
}
# What has fields of its own, and how those are written.
_INSIDE = {
    "properties": "write properties.{x}",
    "person": "write person.properties.{x}, person.id or person.created_at",
    "session": "write session.$session_duration or session.$channel_type",
    **{f"group_{i}": f"write group_{i}.properties.{{x}}, group_{i}.key or group_{i}.created_at" for i in range(5)},
}
_ROOTS = ("event", "timestamp", "distinct_id", "uuid", "person_id", "properties", "person", "session", "group_0")


def field_value(scan: Scan, chain: list[str | int], where: str) -> Typed | str:
    """The field, or what is wrong with its name."""
    parts = chain[1:] if chain[0] in ("events", "e") and len(chain) > 1 else chain
    root, rest = str(parts[0]), parts[1:]
    try:
        found = _resolve(scan, root, rest, where)
    except ApiError as error:
        return error.detail.removeprefix(f"{where}.key ")
    if found is not None:
        return found
    return f"the field {'.'.join(map(str, parts))[:100]} is not known{_hint(scan, root, rest)}"


def _hint(scan: Scan, root: str, rest: list[str | int]) -> str:
    index = _group_index(scan, root)
    written = _INSIDE.get(root if index is None else f"group_{index}")
    if written is None:
        return near(root, _ROOTS)
    return "; " + written.format(x=str(rest[0])[:100] if rest and rest != ["properties"] else "x")


def _resolve(scan: Scan, root: str, rest: list[str | int], where: str) -> Typed | None:
    if not rest:
        if root in COLUMNS:
            text, kind = COLUMNS[root]
            order = 1 if root == "elements_chain" else 0
            return Typed(Sql(text, local=scan.local), kind, is_nullable=False, order=order)
        if root == "person_id":
            return Typed(scan.metadata("person_id", where), "s", is_nullable=False)
        return property_field(scan, "event", [root], where) if root in _SHORT else None
    match root:
        case "properties":
            return property_field(scan, "event", rest, where)
        case "person":
            return person_field(scan, rest, where)
        case "session" if len(rest) == 1:
            name = str(rest[0])
            if name == "id":
                return property_field(scan, "event", ["$session_id"], where)
            return property_field(scan, "session", ["$session_duration" if name == "duration" else name], where)
    index = _group_index(scan, root)
    return None if index is None else _group(scan, index, rest, where)


def person_field(scan: Scan, rest: list[str | int], where: str) -> Typed | None:
    """Of the person whose number stands in each row."""
    match rest:
        case ["id"]:
            return Typed(scan.metadata("person_id", where), "s", is_nullable=False)
        case ["created_at"]:
            return Typed(_local(scan, scan.created_at(None)), "d", is_nullable=False)
        case ["properties", _, *_]:
            return property_field(scan, "person", rest[1:], where)
    return None


def _group_index(scan: Scan, root: str) -> int | None:
    if root in scan.project.group_types:
        return scan.project.group_types.index(root)
    return int(root[6:]) if root.startswith("group_") and root[6:] in ("0", "1", "2", "3", "4") else None


def _group(scan: Scan, index: int, rest: list[str | int], where: str) -> Typed | None:
    match rest:
        case ["key"]:
            return Typed(scan.group_key(index), "s", is_nullable=False)
        case ["created_at"]:
            return Typed(_local(scan, scan.created_at(index)), "d", is_nullable=False)
        case ["properties", _, *_]:
            return property_field(scan, "group", rest[1:], where, index)
    return None


def _local(scan: Scan, at: Sql) -> Sql:
    return Sql("toTimeZone({at}, {zone:String})", at=at, zone=scan.project.timezone)


def property_field(
    scan: Scan,
    kind: str,
    path: list[str | int],
    where: str,
    index: int | None = None,
    *,
    stands_alone: bool = False,
) -> Typed:
    """A property, or what is inside one that holds an object or a list; of the type that is known of it, if any.

    `stands_alone`: the rows are the persons or groups themselves, so nothing is joined.
    """
    name = str(path[0])
    text = person_text(name) if stands_alone else scan.text(kind, name, index, where)
    return _known(text, f"group{index}" if index is not None else kind, path, scan)


def property_within(properties: Typed, path: list[str | int], scan: Scan) -> Typed:
    """The same of all properties as one JSON, where a dot in a name is `%2E` and what holds others is text."""
    key = str(path[0]).replace(".", "%2E")
    text = Sql("JSONExtract({t}, {k:String}, 'Nullable(String)')", t=properties.sql, k=key)
    return _known(text, properties.of, path, scan)


def _known(text: Sql, source: str, path: list[str | int], scan: Scan) -> Typed:
    name = str(path[0])
    if len(path) > 1:
        keys = (Sql("{k:Int64}" if isinstance(key, int) else "{k:String}", k=key) for key in path[1:])
        text = Sql("JSONExtract({t}, {keys}, 'Nullable(String)')", t=text, keys=Sql.join(", ", keys))
        return Typed(text, "p", order=1)
    learned = _LEARNED.get(scan.definitions.types.get((source, name), ""))
    if learned is not None:
        return learned(text, scan)
    return Typed(text, "s" if source == "event" and name in TEXT_EVENT_PROPERTIES else "p", order=1)


# Types of properties that are more than text -> the value.
_LEARNED: dict[str, Callable[[Sql, Scan], Typed]] = {
    "Numeric": lambda text, scan: Typed(number(text), "n"),
    "Boolean": lambda text, scan: Typed(
        Sql("CAST(if(isNull({t}), NULL, {t} = 'true'), 'Nullable(Bool)')", t=text), "b"
    ),
    "UtcTime": lambda text, scan: Typed(
        _local(scan, Sql("parseDateTime64BestEffortOrNull({t}, 6, 'UTC')", t=text)), "d"
    ),
    "DateTime": lambda text, scan: coerce(Typed(text, "p", order=1), "d", scan),
}
