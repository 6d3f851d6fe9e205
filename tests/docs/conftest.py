"""The servers that the pages' commands speak to, once for each worker."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.docs.site import Site, posthog_project
from tests.local.from_posthog.server import PostHog
from tests.local.serving import Eventually


@pytest.fixture(scope="session")
def patience(eventually: Eventually) -> Eventually:
    """For what takes a few seconds where nothing else is going on."""
    return partial(eventually, seconds=120)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, patience: Eventually) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("docs"), patience)
    yield site
    site.close()


@pytest.fixture(scope="session")
def posthog() -> Iterator[PostHog]:
    posthog = posthog_project()
    yield posthog
    posthog.stop()
