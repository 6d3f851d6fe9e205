"""The unmodified `posthog` package, by both of its protocols."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from posthog import Posthog

from tests.clients.conftest import Server

WAYS: dict[str, dict[str, Any]] = {
    "v0": {},
    "v0-gzip": {"gzip": True},
    "v0-sync": {"sync_mode": True},
    "v1": {"capture_mode": "v1"},
    "v1-gzip": {"capture_mode": "v1", "capture_compression": "gzip"},
    "v1-deflate": {"capture_mode": "v1", "capture_compression": "deflate"},
    "historical": {"historical_migration": True},
}


@pytest.mark.parametrize("way", WAYS)
def test_events_arrive(server: Server, way: str) -> None:
    problems: list[Any] = []
    client = Posthog(
        server.token,
        host=server.url,
        on_error=lambda error, batch: problems.append(error),
        disable_geoip=False,
        max_retries=0,
        **WAYS[way],
    )
    seen, an_hour_ago = f"{way} seen", datetime.now(UTC) - timedelta(hours=1)
    client.capture(seen, distinct_id=f"{way}-anon", properties={"page": "/", "é": "ü 😀"})
    client.capture(seen, distinct_id=f"{way}-other", properties={"price": 9.5}, groups={"company": "acme"})
    client.capture(seen, distinct_id=f"{way}-user", timestamp=an_hour_ago)
    client.set(distinct_id=f"{way}-user", properties={"plan": "pro"})
    client.set_once(distinct_id=f"{way}-user", properties={"plan": "free", "source": "ad"})
    client.alias(previous_id=f"{way}-anon", distinct_id=f"{way}-user")
    client.group_identify("company", "acme", {"name": "Acme"})
    client.shutdown()
    assert problems == []

    assert (server.trend(seen), server.trend(seen, math="dau")) == (3, 2)
    persons = server.persons_of(way)
    assert persons["anon"] == persons["user"] != persons["other"]
    columns = "properties.plan::String, properties.source::String"
    assert server.rows(columns, "persons FINAL", "person = {n:UInt32}", n=persons["user"]) == [("pro", "ad")]
    assert server.rows("group0", "events", "distinct_id = {d:String}", d=f"{way}-other") == [("acme",)]
    assert server.rows("properties.name::String", "groups FINAL", "key = 'acme'") == [("Acme",)]
    said = "event = {e:String} AND distinct_id = {d:String}"
    assert server.rows("properties.`é`::String", "events", said, e=seen, d=f"{way}-anon") == [("ü 😀",)]


def test_flags_are_none_and_validly_so(server: Server) -> None:
    client = Posthog(server.token, host=server.url, personal_api_key="phx_x", max_retries=0)
    assert client.get_all_flags("flags-user") == {}
    assert client.feature_enabled("beta", "flags-user") in (False, None)
    client.load_feature_flags()
    assert client.feature_flags == []
    client.shutdown()
