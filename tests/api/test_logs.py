"""What is logged holds no secret: not the key of a request, wherever it travels, whatever becomes of the request."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from insights_acl.models import StoredProject
from insights_engine.log import logger

from tests.api.world import Api, World


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything, ours and the libraries', down to DEBUG."""
    own = logging.getLogger(logger().name)
    own.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger=own.name):
            yield caplog
    finally:
        own.removeHandler(caplog.handler)


class Failing:
    """A store that is gone."""

    def __getattr__(self, name: str) -> Any:
        raise ConnectionError("the store is gone")


def test_no_key_is_ever_logged(
    world: World,
    project: StoredProject,
    logs: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = world.new_key(world.new_user())
    wrong = "phx_" + "w" * 44
    nobody = Api(world.stack, None, project.project.id)
    for value in (key, wrong):
        Api(world.stack, value, project.project.id)("GET", "notebooks")
        nobody("GET", "notebooks", params={"personal_api_key": value})
        nobody("POST", "notebooks", json={"personal_api_key": value, "title": "x"})
        nobody("POST", "insights/trend", json={"personal_api_key": value, "events": "?"})
        nobody("GET", "no/such/route", params={"personal_api_key": value})
    with monkeypatch.context() as patch:
        patch.setitem(world.stack.services.__dict__, "policies", Failing())
        for way in ({"params": {"personal_api_key": key}}, {"headers": {"Authorization": f"Bearer {key}"}}):
            assert nobody("GET", "notebooks", **way).status_code == 500
    records = [record for record in logs.records if record.name != "httpx"]  # what this test asks with
    printed = "".join(line for line in capfd.readouterr().out.splitlines() if "httpx" not in line)
    logged = printed + "".join(f"{record.getMessage()} {vars(record)} {record.exc_text}" for record in records)
    assert "the store is gone" in logged, "nothing was captured"
    assert key not in logged
    assert wrong not in logged


def test_a_key_s_value_is_in_no_answer_about_it(world: World, project: StoredProject) -> None:
    api = world.api(project)
    assert api.key is not None
    told = api("GET", "/api/personal_api_keys/@current")
    assert api.key not in told.text
    assert told.json()["mask_value"] == f"phx_...{api.key[-4:]}"
