"""The functions as they are deployed, with a queue of reports that the tests bring to the worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from insights_local.stack import Stack
from insights_report.channels import channel

from tests.api.boards import Office
from tests.api.world import World
from tests.report.post import SITE, Post, world_of
from tests.report.receiving import Receiver, receiving


@pytest.fixture(scope="session", params=["sqlite"])
def post_world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """On either store, for tests that ask for both."""
    tables: dict[str, str] = {}
    if request.param == "dynamodb":
        make = request.getfixturevalue("dynamo_table")
        tables = {kind: make(kind) for kind in ("policies", "results")}
    with Stack(**tables, site_url=SITE) as stack:
        yield world_of(stack, tmp_path_factory.mktemp("reports"))


@pytest.fixture
def post(post_world: World) -> Iterator[Post]:
    """A project of the test's own. Schedule, queue and folder of mails are everybody's: each leaves nothing due."""
    made = Post(Office(post_world, post_world.new_project()))
    made.messages()
    made.mails()
    yield made
    made.end()


@pytest.fixture
def hook(post: Post) -> Iterator[Receiver]:
    """Something that takes webhooks; what fails is tried again without a pause."""
    services, webhook = post.stack.services, channel("webhook")
    before, pauses = services.settings, vars(webhook)["_pauses"]
    with receiving() as receiver:
        services.settings = replace(before, private_hosts=receiver.host)
        vars(webhook)["_pauses"] = (0, 0)
        yield receiver
    services.settings, vars(webhook)["_pauses"] = before, pauses
