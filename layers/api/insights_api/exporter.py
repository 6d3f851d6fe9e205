"""`/exporter/{file}?token=`: a picture of a report, for what shows pictures by their address alone, such as Slack.

The token names the one file and is good for thirty days; so long the bucket keeps it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_engine.errors import NotFound
from insights_engine.services import Services, current

from insights_api import signing

router = APIRouter()
KEPT = timedelta(days=30)
_FOLDER = "exporter"


@router.api_route("/exporter/{name}", methods=["GET", "HEAD"])
async def exported(request: Request) -> Response:
    """The picture; 404 for a token that is not its own, or is past its time."""
    services, name = current(), request.path_params["name"]
    try:
        claims = signing.claims_of(services.policies, "exporter", request.query_params.get("token", ""), services.now())
    except signing.BadToken:
        raise NotFound from None
    if claims.get("file") != name:
        raise NotFound
    found = _read(services, name)
    headers = {
        "Cache-Control": "private, max-age=86400",
        "X-Robots-Tag": "noindex",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(found, media_type="image/png", headers=headers)


def store_picture(services: Services, name: str, png: bytes, site: str, now: datetime) -> str | None:
    """Where it can be fetched; None where there is no bucket, or nobody knows the public address of this."""
    bucket = services.settings.reports_bucket
    if not bucket or not site:
        return None
    if bucket.startswith("file://"):
        path = _path(bucket, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png)
    else:
        _client().put_object(Bucket=bucket, Key=f"{_FOLDER}/{name}", Body=png, ContentType="image/png")
    token = signing.token(services.policies, "exporter", {"file": name}, now + KEPT)
    return f"{site}/exporter/{name}?{urlencode({'token': token})}"


def _read(services: Services, name: str) -> bytes:
    """The token was made for this very name, so that it leads nowhere else. Raises NotFound."""
    bucket = services.settings.reports_bucket
    if bucket.startswith("file://"):
        path = _path(bucket, name)
        if not path.is_file():
            raise NotFound
        return path.read_bytes()
    if not bucket:
        raise NotFound
    from botocore.exceptions import ClientError

    try:
        found: bytes = _client().get_object(Bucket=bucket, Key=f"{_FOLDER}/{name}")["Body"].read()
    except ClientError as error:
        # Who may not list a bucket is not told what is missing in it.
        if error.response["Error"]["Code"] not in ("NoSuchKey", "AccessDenied"):
            raise
        raise NotFound from None
    return found


def _path(bucket: str, name: str) -> Path:
    return Path(bucket.removeprefix("file://")) / _FOLDER / name


def _client() -> Any:
    from insights_engine import aws

    return aws.client("s3")
