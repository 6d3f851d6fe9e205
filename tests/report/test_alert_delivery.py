"""What an alert says on its way to its people: it does not wait for the picture that goes with it."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.clickhouse import ClickHouse
from insights_engine.errors import Overloaded

from tests.api.boards import made
from tests.report.post import MINUTE, Post, text_of


def test_a_crossing_is_told_though_its_insight_cannot_be_computed_any_more(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise Overloaded("ClickHouse is unwell", status=503)

    office = post.office
    body = {
        **{"name": "Falls", "insight": office.insight()["id"], "subscribed_users": [office.user("reader").uuid]},
        **{"condition": {"type": "absolute_value"}, "threshold": {"configuration": {"bounds": {"lower": 1}}}},
    }
    with post.clock():
        alert = made(office.api()("POST", "alerts", json=body))
    post.run(MINUTE)
    assert post.mails() == []
    with monkeypatch.context() as patch:
        patch.setattr(ClickHouse, "read", refuse)
        post.deliver()
    (mail,) = post.mails()
    assert "is below the lower bound (1)" in text_of(mail)
    assert office.api()("DELETE", f"alerts/{alert['id']}").status_code == 204
