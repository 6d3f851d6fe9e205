"""Reports as files in an S3 bucket of the owner's: `DELIVERY_BUCKETS` says which may be written to.

    <prefix>/<project>/<subscriptions or alerts>/<date>-<delivery>/1-<insight>.png, .csv, .json
                                                                   report.json

`date` is that of the numbers, in the project's time zone. The project is in every key, so none can write over another's
files. `report.json` is what a webhook gets, with `files` of each insight; it is written last: where it is, all is.
What stands at a key stays the same however often a delivery is tried. The bucket's own encryption is used: naming one
here would take the place of a key of the owner's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from insights_engine import aws, services

from insights_report.channels.wording import local_time, slug
from insights_report.report import Part, Report, Target, Undelivered, Unknown

# The end of the name, the media type, and where the bytes are.
FILES = (
    ("png", "image/png", "png"),
    ("csv", "text/csv; charset=utf-8", "csv"),
    ("json", "application/json", "json"),
)
_PLACE = re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<prefix>.*)")
# Refusals that no later attempt mends; of the others the owner's permissions are one.
_LASTING = frozenset({"NoSuchBucket", "InvalidBucketName", "PermanentRedirect"})


class Bucket:
    is_repeatable = True

    def recipients(self, target: Target) -> list[str]:
        return [target.value]

    def deliver(self, report: Report, target: Target, recipient: str) -> str | None:
        place = _PLACE.fullmatch(target.value)
        allowed = services.current().settings.delivery_buckets.split()
        if place is None or place["bucket"] not in allowed:
            raise Undelivered(f"{target.value} is not in one of DELIVERY_BUCKETS", is_lasting=True)
        folder = folder_of(report, place["prefix"])
        named: dict[int, list[str]] = {}
        for number, part in enumerate(report.parts, 1):
            named[number] = [_put(place["bucket"], f"{folder}/{name}", *of) for name, of in _files(number, part)]
        _put(place["bucket"], f"{folder}/report.json", _summary(report, target, recipient, named), "application/json")
        return None


def folder_of(report: Report, prefix: str) -> str:
    date = local_time(report.begun_at, report.timezone).date()
    kind = "alerts" if report.subject == "alert" else "subscriptions"
    delivery = re.sub(r"[^A-Za-z0-9_-]", "-", report.delivery_id)
    begin = "/".join(part for part in prefix.split("/") if part)
    return f"{begin}/{report.project_id}/{kind}/{date}-{delivery}".lstrip("/")


def _files(number: int, part: Part) -> list[tuple[str, tuple[bytes, str]]]:
    found = [(end, media, getattr(part, field)) for end, media, field in FILES]
    return [(f"{number}-{slug(part.name)}.{end}", (content, media)) for end, media, content in found if content]


def _summary(report: Report, target: Target, recipient: str, named: Mapping[int, list[str]]) -> bytes:
    import orjson

    from insights_report.channels.webhook import body_of

    said: dict[str, Any] = orjson.loads(body_of(report, target, recipient))
    for number, part in enumerate(said["data"]["insights"], 1):
        part["files"] = [key.rpartition("/")[2] for key in named[number]]
        del part["result"], part["result_left_out"], part["image_url"]
    return orjson.dumps(said, option=orjson.OPT_INDENT_2)


def _put(bucket: str, key: str, content: bytes, media: str) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        aws.client("s3").put_object(Bucket=bucket, Key=key, Body=content, ContentType=media)
    except (BotoCoreError, ClientError) as error:
        if aws.is_passing(error):
            raise Unknown(f"S3 did not take a file: {_code(error)}") from None
        raise Undelivered(f"S3 refused a file: {_code(error)}", is_lasting=_code(error) in _LASTING) from None
    return key


def _code(error: Exception) -> str:
    from botocore.exceptions import ClientError

    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
