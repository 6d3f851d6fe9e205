"""A cohort and two actions over the demo data, made through the API as anybody would."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from insights_local import demo_world as world

if TYPE_CHECKING:
    from insights_local.stack import Stack

_PAYING = {"key": "plan", "type": "person", "operator": "exact", "value": [plan.name for plan in world.PLANS]}

OBJECTS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "cohorts",
        {
            "name": "Paying members",
            "description": "Everybody whose plan is not the free one",
            "filters": {"properties": {"type": "AND", "values": [{"type": "AND", "values": [_PAYING]}]}},
        },
    ),
    (
        "actions",
        {
            "name": "Clicked Start free",
            "steps": [{"event": "$autocapture", "text": "Start free", "text_matching": "exact", "tag_name": "button"}],
        },
    ),
    (
        "actions",
        {
            "name": "Read the docs",
            "steps": [{"event": "$pageview", "url": "/docs", "url_matching": "contains"}],
        },
    ),
)


def create_objects(stack: Stack) -> None:
    """What is there already, from a start that was killed, is not made again."""
    asyncio.run(_create(stack))


async def _create(stack: Stack) -> None:
    import httpx

    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(stack.app),
        base_url=f"http://localhost/api/projects/{stack.project_id}/",
        headers={"Authorization": f"Bearer {stack.admin_key}"},
    )
    async with client:
        for resource, body in OBJECTS:
            there = (await client.get(f"{resource}/")).raise_for_status().json()["results"]
            if body["name"] not in [found["name"] for found in there]:
                (await client.post(f"{resource}/", json=body)).raise_for_status()
