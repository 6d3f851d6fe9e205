"""A JSON value to the events it holds: the shapes, the aliases of the fields, the project's token.

One bad event refuses the whole request: events are read before any is kept. `read_v1` is the newer protocol, where
each event has a verdict of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from insights_engine.capture.errors import (
    EMPTY,
    MANY_TOKENS,
    NO_DISTINCT_ID,
    NO_NAME,
    NO_TOKEN,
    TOO_LARGE,
    CaptureError,
    PayloadError,
    TokenError,
)
from insights_engine.capture.lenient import mended, storable
from insights_engine.capture.timestamps import event_time, parse_timestamp

MAX_EVENT_BYTES = 2 * 1024 * 1024
MAX_NAME_LENGTH = 200
MAX_ID_LENGTH = 200
MAX_TOKEN_LENGTH = 64

Event = dict[str, Any]

_TOKEN_FIELDS = ("api_key", "token", "$token")
_PERSON_FIELDS = ("$set", "$set_once", "$unset")


@dataclass(frozen=True, slots=True)
class Sender:
    """What is known of a request beside its body."""

    now: datetime
    ip: str = ""
    sent_at: datetime | None = None
    may_omit_name: bool = False


@dataclass(slots=True)
class Verdicts:
    """The newer protocol's answer: what to keep, and a word for each uuid."""

    events: list[Event] = field(default_factory=list)
    results: dict[str, dict[str, str]] = field(default_factory=dict)


def read(payload: Any, sender: Sender) -> list[Event]:
    """The events of a body, ready for the queue. Raises CaptureError."""
    outer, items = _shape(payload)
    if not items:
        raise CaptureError(EMPTY)
    for item in items:
        if not isinstance(item, dict):
            raise PayloadError(f"an event must be an object, not {_kind(item)}")
    token = _common_token(outer, items)
    historical = outer.get("historical_migration") is True
    sent_at = parse_timestamp(outer.get("sent_at")) or sender.sent_at
    return [_event(item, token, sender, sent_at, historical=historical) for item in items]


def read_v1(payload: Any, authorization: str, sender: Sender) -> Verdicts:
    """The token is in the header, each event has a uuid, and one bad event costs no other. Raises CaptureError."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise TokenError(NO_TOKEN)
    token = checked_token(token)
    items = payload.get("batch") if isinstance(payload, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise PayloadError("batch must be an array of objects")
    if not items:
        raise CaptureError(EMPTY)
    historical = payload.get("historical_migration") is True
    verdicts = Verdicts()
    for item in items:
        key = item.get("uuid")
        if not isinstance(key, str) or not key:
            raise PayloadError("an event of the batch has no uuid")
        try:
            verdicts.events.append(_event(_without_options(item), token, sender, sender.sent_at, historical=historical))
            verdicts.results[key] = {"result": "ok"}
        except CaptureError as error:
            verdicts.results[key] = {"result": "drop", "details": error.text}
    return verdicts


def checked_token(told: Any) -> str:
    """Only the shape is looked at: whose it is, or whether anyone's, is found out when the events are stored."""
    if not isinstance(told, str):
        raise TokenError.invalid("not_string")
    token = told.strip()
    if not token:
        raise TokenError.invalid("empty")
    if len(token) > MAX_TOKEN_LENGTH:
        raise TokenError.invalid("too_long")
    if not token.isascii():
        raise TokenError.invalid("not_ascii")
    if token.startswith("phx_"):
        raise TokenError.invalid("personal_api_key")
    if "\0" in token:
        raise TokenError.invalid("null_byte")
    return token


def query_sent_at(text: str | None) -> datetime | None:
    """`_`: milliseconds; what looks like seconds (a year up to 2020) is ignored."""
    try:
        at = datetime.fromtimestamp(int(text or "") / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.year > 2020 else None


def uuid7(now: datetime) -> str:
    """Sorts by time, as upstream's default does."""
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    noise = uuid.uuid4().int & ((1 << 74) - 1)
    return str(uuid.UUID(int=milliseconds << 80 | 7 << 76 | (noise >> 62) << 64 | 2 << 62 | noise & ((1 << 62) - 1)))


def _shape(payload: Any) -> tuple[dict[str, Any], list[Any]]:
    """What holds for all events, and the events."""
    if isinstance(payload, list):
        return {}, payload
    if not isinstance(payload, dict):
        raise PayloadError(f"expected an event, an array of events or a batch, not {_kind(payload)}")
    if "batch" not in payload:
        return {}, [payload]
    if not isinstance(payload["batch"], list):
        raise PayloadError(f"batch must be an array, not {_kind(payload['batch'])}")
    return payload, payload["batch"]


def _common_token(outer: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> str:
    """A batch's own token wins, whatever its events say; else all that the events name must be the same."""
    if (told := _token(outer)) is not None:
        return checked_token(told)
    tokens = [told for item in items if (told := _token(item)) is not None]
    if not tokens:
        raise TokenError(NO_TOKEN)
    checked = {checked_token(token) for token in tokens}
    if len(checked) > 1:
        raise TokenError(MANY_TOKENS)
    return checked.pop()


def _token(item: Mapping[str, Any]) -> Any:
    for name in _TOKEN_FIELDS:
        if item.get(name) is not None:
            return item[name]
    properties = item.get("properties")
    return properties.get("token") if isinstance(properties, dict) else None


def _event(item: Mapping[str, Any], token: str, sender: Sender, sent_at: datetime | None, *, historical: bool) -> Event:
    name = _name(item, sender)
    properties = _object(item, "properties")
    properties.pop("token", None)
    for key in _PERSON_FIELDS:
        _lift(item, key, properties)
    distinct_id = _distinct_id(item, properties)
    at = event_time(
        item.get("timestamp"),
        offset=_offset(item),
        sent_at=sent_at,
        ignore_sent_at=properties.get("$ignore_sent_at") is True,
        now=sender.now,
        historical=historical,
    )
    event = {
        "token": token,
        "event": name,
        "distinct_id": distinct_id,
        "timestamp": at.isoformat(),
        "uuid": _uuid(item, sender.now),
        "properties": properties,
        "ip": sender.ip,
        "captured_at": sender.now.isoformat(),
    }
    return _fitting(event)


def _name(item: Mapping[str, Any], sender: Sender) -> str:
    name = item.get("event")
    if "event" not in item:
        if not sender.may_omit_name:
            raise PayloadError("missing field `event`")
        name = "$identify"
    if not isinstance(name, str):
        raise PayloadError(f"event must be a string, not {_kind(name)}")
    if not name:
        raise CaptureError(NO_NAME)
    return _clean(name)[:MAX_NAME_LENGTH]


def _distinct_id(item: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    for value in (item.get("distinct_id"), item.get("$distinct_id"), properties.get("distinct_id")):
        if value is not None and value != "":
            text: str = value if isinstance(value, str) else storable(value).decode()
            return _clean(text)[:MAX_ID_LENGTH]
    raise CaptureError(NO_DISTINCT_ID)


def _offset(item: Mapping[str, Any]) -> int | None:
    offset = item.get("offset")
    if offset is None:
        return None
    if isinstance(offset, bool) or not isinstance(offset, (int, float)):
        raise PayloadError(f"offset must be a number of milliseconds, not {_kind(offset)}")
    return int(offset)


def _uuid(item: Mapping[str, Any], now: datetime) -> str:
    told = item.get("uuid")
    if told is None or told == "":
        return uuid7(now)
    try:
        return str(uuid.UUID(told))
    except (ValueError, AttributeError, TypeError):
        raise PayloadError(f"uuid {str(told)[:50]!r} is not a UUID") from None


def _object(item: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = item.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PayloadError(f"{name} must be an object, not {_kind(value)}")
    return dict(value)


def _lift(item: Mapping[str, Any], name: str, properties: dict[str, Any]) -> None:
    """`$set` and its kin may stand beside the properties; beside wins."""
    value = item.get(name)
    if value is None:
        return
    if name == "$unset":
        properties.setdefault(name, value)
        return
    inner = properties.get(name)
    properties[name] = {**(inner if isinstance(inner, dict) else {}), **_object(item, name)}


def _without_options(item: Mapping[str, Any]) -> dict[str, Any]:
    """The newer protocol takes some properties out of the properties; they go back to where all else looks."""
    properties, options = _object(item, "properties"), _object(item, "options")
    lifted = {
        "$session_id": item.get("session_id"),
        "$window_id": item.get("window_id"),
        "$ignore_sent_at": options.get("disable_skew_correction"),
        "$process_person_profile": options.get("process_person_profile"),
        "$cookieless_mode": options.get("cookieless_mode"),
        "$product_tour_id": options.get("product_tour_id"),
    }
    return {**item, "properties": {**properties, **{k: v for k, v in lifted.items() if v is not None}}}


def _fitting(event: Event) -> Event:
    """The event, mended where it cannot be written as JSON. Raises CaptureError where it is too large."""
    try:
        size = len(orjson.dumps(event))
    except (TypeError, ValueError):
        event = mended(event)
        size = len(orjson.dumps(event))
    if size > MAX_EVENT_BYTES:
        raise CaptureError(TOO_LARGE)
    return event


def _clean(text: str) -> str:
    return text.replace("\0", "\ufffd")


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "null")
