"""A subscription to Slack whose integration is removed is switched off, which shows, until it has another one."""

from __future__ import annotations

from typing import Any

from insights_engine import keys
from insights_engine.store import Delete, Put

from tests.api.boards import error, read
from tests.report.post import Post


def test_it_is_switched_off(post: Post) -> None:
    integrate(post, 1)
    slack = {"target_type": "slack", "target_value": "C0123|#team", "integration_id": 1}
    subscription = post.subscribe(post.office.insight(), **slack)
    pk, sk = keys.resource(post.office.project.project.id, "integration", "1")
    post.office.world.store.transact([Delete(pk, sk, "present")])
    post.deliver()
    (delivery,) = post.deliveries(subscription)
    reason = "The Slack integration was removed."
    assert (delivery["status"], delivery["error"]) == ("failed", reason)
    assert [(one["status"], one["error"]) for one in delivery["recipient_results"]] == [("failed", reason)]
    assert shown(post, subscription)["enabled"] is False
    answer = post.office.api()("PATCH", f"subscriptions/{subscription['id']}", json={"enabled": True})
    said = "This integration does not exist or does not belong to your team."
    assert error(answer) == (400, "enabled", said)
    integrate(post, 2)
    assert post.change(subscription, integration_id=2, enabled=True)["enabled"] is True


def integrate(post: Post, number: int) -> None:
    """As `POST integrations` stores one."""
    pk, sk = keys.resource(post.office.project.project.id, "integration", str(number))
    about = {"kind": "slack", "config": {"name": "Team"}, "sensitive_config": {"bot_token": "xoxb-1"}}
    at = {"created_at": "2026-01-01T00:00:00Z", "created_by": None, "version": 1}
    post.office.world.store.transact([Put({"pk": pk, "sk": sk, "id": number, **about, **at}, "absent")])


def shown(post: Post, subscription: dict[str, Any]) -> dict[str, Any]:
    return read(post.office.api()("GET", f"subscriptions/{subscription['id']}"))
