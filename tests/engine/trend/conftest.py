from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from insights_engine.services import Services

from tests.engine.conftest import NewProject
from tests.engine.trend.asking import Asker

NewAsker = Callable[..., Asker]


@pytest.fixture(scope="session")
def new_asker(services: Services, new_project: NewProject) -> NewAsker:
    """`new_asker(timezone="Asia/Tokyo")` is a project of a test's own, in that zone from its first event on."""

    def make(**settings: Any) -> Asker:
        zone = settings.get("timezone", "UTC")
        return Asker(services, new_project(**{"days_timezone": zone, **settings}).id)

    return make


@pytest.fixture
def asker(new_asker: NewAsker) -> Asker:
    return new_asker()
