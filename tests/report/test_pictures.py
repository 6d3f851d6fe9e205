"""Pictures that can be fetched are there for what shows them by their address, and cost a report nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.report.post import Post
from tests.report.receiving import Receiver


def test_a_bucket_that_takes_none_costs_the_picture_alone(post: Post, hook: Receiver) -> None:
    services = post.stack.services
    services.settings = replace(services.settings, reports_bucket="file:///dev/null")
    subscription = post.subscribe(post.office.insight(), target_type="webhook", target_value=f"{hook.url}/in")
    post.deliver()
    ((insight,),) = (one.json()["data"]["insights"] for one in hook.received)
    assert (insight["image_url"], insight["error"]) == (None, None)
    assert insight["table"]["rows"]
    assert post.deliveries(subscription)[0]["status"] == "completed"


def test_a_mail_has_its_own(post: Post, tmp_path: Path) -> None:
    services = post.stack.services
    before = services.settings
    services.settings = replace(before, reports_bucket=f"file://{tmp_path}")
    try:
        post.subscribe(post.office.insight())
        post.deliver()
    finally:
        services.settings = before
    (mail,) = post.mails()
    assert [part.get_content_type() for part in mail.walk()].count("image/png") == 1
    assert [*tmp_path.iterdir()] == []
