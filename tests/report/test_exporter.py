"""Pictures by their address, from a bucket in S3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from insights_api import signing
from insights_api.exporter import KEPT, store_picture
from insights_engine.settings import Settings

from tests.report.post import SITE, Post
from tests.report.samples import png


@pytest.fixture
def bucket(post: Post, moto_url: str) -> Iterator[str]:
    name = f"reports-{uuid4().hex[:12]}"
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    services = post.stack.services
    before: Settings = services.settings
    services.settings = replace(before, reports_bucket=name)
    yield name
    services.settings = before


def test_a_picture_in_a_bucket_is_served_while_it_is_there(post: Post, bucket: str) -> None:
    services, name = post.stack.services, f"{uuid4()}-0.png"
    address = store_picture(services, name, png(), SITE, services.now())
    assert address is not None
    path = address.removeprefix(SITE)
    found = post.office.nobody("GET", path)
    assert (found.status_code, found.content) == (200, png())
    assert post.office.nobody("HEAD", path).status_code == 200
    boto3.client("s3").delete_object(Bucket=bucket, Key=f"exporter/{name}")
    assert post.office.nobody("GET", path).status_code == 404


def test_no_picture_without_a_public_address(post: Post, bucket: str) -> None:
    services = post.stack.services
    assert store_picture(services, "x.png", png(), "", services.now()) is None
    services.settings = replace(services.settings, reports_bucket="")
    assert store_picture(services, "x.png", png(), SITE, services.now() + timedelta(days=1)) is None


def test_a_token_opens_its_own_picture_alone(post: Post, tmp_path: Path) -> None:
    services = post.stack.services
    before = services.settings
    services.settings = replace(before, reports_bucket=f"file://{tmp_path}")
    try:
        made = [store_picture(services, name, png(), SITE, services.now()) for name in ("a.png", "b.png")]
        late = store_picture(services, "c.png", png(), SITE, services.now() - KEPT - timedelta(seconds=2))
        (_, own), (_, other), (_, over) = (str(address).removeprefix(SITE).split("?") for address in (*made, late))
        unsubscribe = signing.token(services.policies, "unsubscribe", {"file": "a.png"}, services.now() + KEPT)
        for name, query, status in (
            ("a.png", own, 200),
            ("b.png", other, 200),
            ("b.png", own, 404),
            ("a.png", other, 404),
            ("c.png", over, 404),
            ("a.png", f"token={unsubscribe}", 404),
            ("a.png", "token=", 404),
            ("a.png", "", 404),
        ):
            answer = post.office.nobody("GET", f"/exporter/{name}?{query}")
            assert answer.status_code == status, (name, query)
            assert (answer.content == png()) is (status == 200)
    finally:
        services.settings = before
