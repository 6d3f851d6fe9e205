"""The squash as the schedule calls it, and by hand: merges that waited are written, answers stay."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from insights_engine.ingest.squash import handle_schedule
from insights_engine.services import use
from insights_engine.sql import Sql
from insights_local.cli import main
from insights_local.routes import functions_of, load_template
from insights_local.stack import Stack


async def _trend(stack: Stack) -> list[float]:
    transport = httpx.ASGITransport(app=stack.app)
    headers = {"Authorization": f"Bearer {stack.admin_key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as client:
        query = {"events": json.dumps([{"id": "seen", "math": "dau"}]), "date_from": "-1d", "display": "ActionsPie"}
        answer = await client.get(f"/api/projects/{stack.project_id}/insights/trend/", params=query)
        return [row["aggregated_value"] for row in answer.json()["result"]]


async def _merge(stack: Stack) -> None:
    """A visitor whose events are stored before they turn out to be somebody: two ids, one person."""
    seen = [{"event": "seen", "distinct_id": name} for name in ("visitor", "ann")]
    identified = {"event": "$identify", "distinct_id": "ann", "properties": {"$anon_distinct_id": "visitor"}}
    transport = httpx.ASGITransport(app=stack.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        for batch in (seen, [identified]):
            answer = await client.post("/batch/", json={"api_key": stack.project_token, "batch": batch})
            assert answer.status_code == 200
            stack.drain()


def _pending(stack: Stack) -> int:
    rows = stack.services.clickhouse.admin_read(Sql("SELECT count() FROM person_merges FINAL WHERE is_deleted = 0"))
    return int(rows.rows[0][0])


def test_the_schedule_waits_for_young_merges() -> None:
    with Stack() as stack:
        asyncio.run(_merge(stack))
        assert _pending(stack) == 1
        with use(stack.services):
            reports = handle_schedule({"source": "aws.events"}, None)
        assert reports == {str(stack.project_id): {"merges": 0, "waiting": 1}}
        assert asyncio.run(_trend(stack)) == [1]


def test_the_schedule_calls_the_deployed_function() -> None:
    with Stack() as stack:
        assert stack.invoke(functions_of(load_template())["Squash"], {"source": "aws.events"}) == {}


def test_by_hand(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with Stack() as stack:
        asyncio.run(_merge(stack))
        for name, value in stack.environment.items():
            monkeypatch.setenv(name, value)
        run = CliRunner().invoke(main, ["squash", "--min-age", "0"])
        assert (run.exit_code, run.output) == (0, f"project {stack.project_id}: 1 merges\n")
        assert _pending(stack) == 0
        assert asyncio.run(_trend(stack)) == [1]
        again = CliRunner().invoke(main, ["squash", "--project", str(stack.project_id)])
        assert again.output == f"project {stack.project_id}: 0 merges\n"
        assert CliRunner().invoke(main, ["squash"]).output == "No merges are pending.\n"
