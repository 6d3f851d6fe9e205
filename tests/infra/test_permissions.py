"""What the functions do in DynamoDB is what their roles allow: the calls of a session are held against the template.

moto does not check roles, so without this a missing permission would first be seen in somebody's account.
"""

from __future__ import annotations

import asyncio
import fnmatch
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
import pytest
import time_machine
from insights_api.unsubscribe import link_for
from insights_engine import aws
from insights_local.routes import Function, load_template
from insights_local.stack import Stack

TEMPLATE = load_template()["Resources"]
# What a part of a transaction needs, by the name of the part.
PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}

Call = Callable[..., Awaitable[Any]]


class Use(NamedTuple):
    function: str
    action: str
    table: str
    key: str


class WatchedStack(Stack):
    """Knows which function is at work: the session has one at a time, whatever threads that one uses."""

    def __init__(self, policies: str, results: str) -> None:
        super().__init__(policies=policies, results=results, site_url="https://insights.test")
        self._turn = threading.Lock()
        self.at_work: str | None = None

    def invoke(self, function: Function, event: dict[str, Any]) -> Any:
        with self._turn:
            self.at_work = function.name
            try:
                return super().invoke(function, event)
            finally:
                self.at_work = None

    def deliver(self, event: dict[str, Any]) -> Any:
        with self._turn:
            self.at_work = "Deliver"
            try:
                return super().deliver(event)
            finally:
                self.at_work = None


@pytest.fixture(scope="module")
def uses(dynamo_table: Callable[..., str]) -> Iterator[list[Use]]:
    """A session of use, over DynamoDB."""
    tables = {dynamo_table("policies"): "PoliciesTable", dynamo_table("results"): "ResultsTable"}
    policies, results = tables
    seen: list[Use] = []

    # The state of limits is in the tables, too.
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RATE_LIMITS", "on")
        environment.setenv("QUERIES_AT_ONCE", "2")
        stack = WatchedStack(policies=policies, results=results)
        yield from session_of(stack, tables, seen)


def session_of(stack: WatchedStack, tables: dict[str, str], seen: list[Use]) -> Iterator[list[Use]]:

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if name := stack.at_work:
            seen.extend(Use(name, action, tables[table], key) for action, table, key in calls(model.name, params))

    events = aws.client("dynamodb").meta.events
    events.register("provide-client-params.dynamodb.*", note)
    try:
        with stack:
            asyncio.run(session(stack))
    finally:
        events.unregister("provide-client-params.dynamodb.*", note)
    yield seen


def calls(operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(action, table, partition key) of each part of a call."""
    if operation.startswith("TransactWrite"):
        for part in params["TransactItems"]:
            ((kind, what),) = part.items()
            yield PARTS[kind], what["TableName"], partition(what)
    elif operation.startswith("Batch"):
        for table, request in params["RequestItems"].items():
            keys = request["Keys"] if isinstance(request, dict) else [next(iter(r.values())) for r in request]
            yield from ((operation, table, str(key)) for key in keys)
    else:
        yield operation, params["TableName"], partition(params)


def partition(params: dict[str, Any]) -> str:
    where = params.get("Key") or params.get("Item") or {}
    return str(where.get("pk", {}).get("S", "")) if where else str(params.get("ExpressionAttributeValues"))


async def session(stack: Stack) -> None:
    """A bit of everything that reads or writes the tables."""
    transport = httpx.ASGITransport(app=stack.app)
    headers = {"Authorization": f"Bearer {stack.admin_key}"}
    project = f"/api/projects/{stack.project_id}"
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as client:

        async def call(method: str, path: str, status: int = 200, **options: Any) -> Any:
            answer = await client.request(method, path, **options)
            assert answer.status_code == status, (method, path, answer.text)
            return answer.json() if answer.content else None

        # The key is not used yet: whichever function comes first notes that it is.
        for name, path in (
            ("trend", f"{project}/insights/trend/"),
            ("retention", f"{project}/insights/retention/"),
            ("path", f"{project}/insights/path/"),
            ("funnel", f"{project}/insights/funnel/"),
            ("timing", f"{project}/insights/timing/"),
            ("query", f"{project}/query/"),
        ):
            user = stack.create_user(f"{name}@example.test", "admin")
            fresh = {"Authorization": f"Bearer {user['personal_api_key']}"}
            await client.request("POST", path, json={"events": [{"id": "sign up"}]}, headers=fresh)
        batch = [
            {"event": "sign up", "distinct_id": "anonymous", "properties": {"$groups": {"company": "c1"}}},
            {"event": "$identify", "distinct_id": "p1", "properties": {"$anon_distinct_id": "anonymous"}},
            {"event": "$set", "distinct_id": "p1", "properties": {"$set": {"email": "a@b.test"}}},
            {"event": "$groupidentify", "distinct_id": "p1",
             "properties": {"$group_type": "company", "$group_key": "c1", "$group_set": {"name": "C"}}},
            {"event": "$create_alias", "distinct_id": "p1", "properties": {"alias": "p2"}},
        ]  # fmt: skip
        await call("POST", "/batch/", json={"api_key": stack.project_token, "batch": batch})
        stack.drain()
        rule = {"key": "email", "value": "a@b.test", "type": "person"}
        cohort = await call("POST", f"{project}/cohorts/", 201, json={"name": "A", "groups": [{"properties": [rule]}]})
        action = await call("POST", f"{project}/actions/", 201, json={"name": "Up", "steps": [{"event": "sign up"}]})
        await call("PATCH", f"{project}/", json={"timezone": "Europe/Berlin"})
        await call("PATCH", f"{project}/cohorts/{cohort['id']}/", json={"deleted": True})
        await call("GET", f"{project}/cohorts/")
        viewers = {"resource": "action", "access_level": "viewer"}
        await call("PUT", f"{project}/resource_access_controls/", json=viewers)
        await call("PUT", f"{project}/actions/{action['id']}/access_controls/", json={"access_level": "editor"})
        await call("GET", "/api/users/@me/")
        await call("GET", "/api/projects/")
        await call("POST", "/api/projects/", 201, json={"name": "Another"})
        crew, nobody = "/api/organizations/@current", {"Authorization": ""}
        invite = await call("POST", f"{crew}/invites/", 201, json={"target_email": "new@example.test"})
        joined = await call("POST", f"/api/signup/{invite['token']}/", 201, headers=nobody)
        person = joined["user"]["uuid"]
        role = await call("POST", f"{crew}/roles/", 201, json={"name": "Analysts"})
        await call("POST", f"{crew}/roles/{role['id']}/role_memberships/", 201, json={"user_uuid": person})
        await call("PATCH", f"{crew}/members/{person}/", json={"level": 15})
        await call("PATCH", f"{crew}/members/{person}/", json={"level": 1})
        filters = {"actions": [{"id": action["id"]}], "properties": [rule]}
        for _ in range(2):  # the second is answered from the results
            await call("POST", f"{project}/insights/trend/", json=filters)
            side = {"id": action["id"], "type": "actions"}
            await call("POST", f"{project}/insights/retention/", json={"target_entity": side, "properties": [rule]})
            await call("GET", "/api/person/retention/", params={"selected_interval": 1})
            await call("POST", f"{project}/insights/path/", json={"properties": [rule]})
            await call("GET", "/api/person/path/", params={"path_end_key": "1_sign up"})
            steps = {"events": '[{"id": "sign up"}, {"id": null, "order": 1}]', "funnel_step": "1"}
            await call("POST", f"{project}/insights/funnel/", json={**filters, "exclusions": []})
            await call("GET", "/api/person/funnel/", params=steps)
            await call("GET", f"{project}/insights/timing/", params={"date_from": "-7d"})
            node = {"kind": "TrendsQuery", "series": [{"kind": "ActionsNode", "id": action["id"]}]}
            await call("POST", f"{project}/query/", json={"query": node})
            asked = await call("POST", f"{project}/query/", 202, json={"query": node, "refresh": "force_async"})
            status = f"{project}/query/{asked['query_status']['id']}/"
            for _ in range(1000):
                if (await client.get(status)).json()["query_status"]["complete"]:
                    break
                await asyncio.sleep(0.02)
            asked = await call("POST", f"{project}/query/", 202, json={"query": node, "refresh": "force_async"})
            await client.delete(f"{project}/query/{asked['query_status']['id']}/")
            for insight in ("trend", "retention", "path", "funnel"):
                question = {"saved": True, "events": [{"id": "sign up"}, {"id": None}]}
                await call("POST", f"{project}/insights/{insight}/", json=question)
            await call("POST", f"{project}/query/", json={"query": node, "saved": True})
            await call("GET", "/api/projects/@current/insights/trend/", params={"events": '[{"id": "sign up"}]'})
        await reports(stack, call)


async def reports(stack: Stack, call: Call) -> None:
    """One at once, one that is asked for, one that is due; an alert that rings; and who wants no more of them."""
    project = f"/api/projects/{stack.project_id}"
    node = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "sign up"}]}
    insight = await call("POST", f"{project}/insights/", 201, json={"name": "Up", "query": node})
    body = {"insight": insight["id"], "target_type": "email", "target_value": "a@b.test", "frequency": "daily"}
    body |= {"start_date": "2026-01-01T09:00:00Z", "run_on": ["insight.saved", "report.requested"]}
    subscription = await call("POST", f"{project}/subscriptions/", 201, json=body)
    place = f"{project}/subscriptions/{subscription['id']}"
    await sent(call, place, 1)
    await call("POST", f"{place}/test-delivery/", 202)
    await sent(call, place, 2)
    await call("PATCH", f"{project}/insights/{insight['id']}/", json={"query": {**node, "interval": "week"}})
    await sent(call, place, 3)
    bounds = {"configuration": {"type": "absolute", "bounds": {"lower": 1}}}
    alert = {"insight": insight["id"], "condition": {"type": "absolute_value"}, "threshold": bounds}
    alert |= {"target_type": "email", "target_value": "a@b.test", "subscribed_users": []}
    alert = await call("POST", f"{project}/alerts/", 201, json=alert)
    with time_machine.travel(stack.services.now() + timedelta(days=2), tick=True):
        stack.tick()
        await sent(call, place, 4)
        await sent(call, f"{project}/alerts/{alert['id']}", 1)
    await call("PATCH", f"{project}/alerts/{alert['id']}/", json={"snoozed_until": "7d"})
    await call("DELETE", f"{project}/alerts/{alert['id']}/", 204)
    await call("GET", f"{project}/integrations/")
    now = stack.services.now()
    await call("GET", link_for(stack.services, "", stack.project_id, str(subscription["id"]), "a@b.test", now))


async def sent(call: Call, owner: str, number: int) -> None:
    """Returns when so many deliveries are completed; that the insight was saved may have made one more."""
    for _ in range(150):
        found = (await call("GET", f"{owner}/deliveries/"))["results"]
        if len(found) >= number and {one["status"] for one in found} == {"completed"}:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{owner}: {found}")


def allowed(use: Use) -> bool:
    (policy,) = TEMPLATE[f"{use.function}Role"]["Properties"]["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        if statement.get("Resource") != {"Fn::GetAtt": [use.table, "Arn"]}:
            continue
        condition = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
        keys = condition.get("dynamodb:LeadingKeys", ["*"])
        if f"dynamodb:{use.action}" in statement["Action"] and any(fnmatch.fnmatch(use.key, k) for k in keys):
            return True
    return False


def test_every_use_is_allowed(uses: list[Use]) -> None:
    assert {use for use in uses if not allowed(use)} == set()


def test_the_session_reaches_every_function_that_has_a_table(uses: list[Use]) -> None:
    assert {use.function for use in uses} == {
        "Trend",
        "Retention",
        "Path",
        "Funnel",
        "Timing",
        "Query",
        "Resources",
        "Ingest",
        "Compute",
        "Report",
        "Deliver",
    }
