"""Where reports may go: one row a type of target, with what is stored of the value that a request brings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

from insights_acl import fields
from insights_engine.errors import ValidationError, nearest
from insights_engine.outbound import check_url
from insights_engine.settings import Settings

MAX_ADDRESSES = 50
_MAX_VALUE = 5000
_MAX_PREFIX = 200
# As HTML's field for addresses has it, with a dot in the domain: what SES delivers to.
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)
# Of a channel, a group, a direct message or a person.
_SLACK = re.compile(r"[CDGUW][A-Z0-9]{2,20}")
_BUCKET = re.compile(r"s3://(?P<bucket>[^/]+)(?:/(?P<prefix>.*))?")
_PREFIX = re.compile(r"[A-Za-z0-9!_.*'()=-]+")


def checked_target(target_type: str, value: Any, *, settings: Settings) -> str:
    """`target_value` as it is stored. Raises ValidationError, of `target_type` where it is not known."""
    kind = fields.choice(target_type, "target_type", tuple(TARGET_TYPES))
    return TARGET_TYPES[kind](fields.text(value, "target_value", maximum=_MAX_VALUE), settings)


def _addresses(value: str, settings: Settings) -> str:
    """Each once, as it is written first, whatever its case; separated by commas."""
    found: dict[str, str] = {}
    for address in (written.strip() for written in value.split(",")):
        if address:
            found.setdefault(_address(address).lower(), _address(address))
    if not found:
        _wrong("Enter at least one email address.")
    if len(found) > MAX_ADDRESSES:
        _wrong(f"Cannot send to more than {MAX_ADDRESSES} email addresses.")
    return ",".join(found.values())


def _address(written: str) -> str:
    local, _, domain = written.rpartition("@")
    if not domain.isascii():
        domain = _in_ascii(domain)
    is_dotted = local.startswith(".") or local.endswith(".") or ".." in local
    if is_dotted or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        _wrong(f'"{written[:100]}" is not a valid email address.')
    return f"{local}@{domain}"


def _in_ascii(domain: str) -> str:
    import idna

    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError):
        return ""


def _channel(value: str, settings: Settings) -> str:
    """Its id, and after a bar its name for people to read."""
    number, bar, name = (part.strip() for part in value.partition("|"))
    if not _SLACK.fullmatch(number):
        _wrong(f'"{number[:100]}" is not the id of a Slack channel; write it as C0123|#channel.')
    return f"{number}|{fields.text(name, 'target_value', maximum=100)}" if bar and name else number


def _webhook(value: str, settings: Settings) -> str:
    try:
        check_url(value, settings.private_hosts.split())
    except ValueError as error:
        _wrong(f"Invalid webhook URL: {error}")
    return value


def _bucket(value: str, settings: Settings) -> str:
    place = _BUCKET.fullmatch(value)
    if place is None:
        _wrong("Write it as s3://bucket/prefix.")
    bucket, allowed = place["bucket"], settings.delivery_buckets.split()
    if bucket not in allowed:
        _wrong(f'Reports may not be written to the bucket "{bucket[:100]}"{nearest(bucket, allowed)}')
    parts = [part for part in (place["prefix"] or "").split("/") if part]
    if len("/".join(parts)) > _MAX_PREFIX:
        _wrong(f"A prefix has no more than {_MAX_PREFIX} characters.")
    for part in parts:
        if not _PREFIX.fullmatch(part) or not part.strip("."):
            _wrong(f'"{part[:100]}" may not stand in a prefix; use letters, digits and !_.*\'()=-')
    return "/".join(("s3:/", bucket, *parts))


def _wrong(detail: str) -> NoReturn:
    raise ValidationError(detail, attr="target_value")


TARGET_TYPES: dict[str, Callable[[str, Settings], str]] = {
    "email": _addresses,
    "slack": _channel,
    "webhook": _webhook,
    "s3": _bucket,
}
