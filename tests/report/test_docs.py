"""docs/subscriptions.md: its tables are those of the code, its numbers too, and its examples hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import time_machine
from insights_api import deliveries, subscription_limits, unsubscribe
from insights_api.exporter import KEPT as PICTURES_KEPT
from insights_api.schedule import BUFFER
from insights_api.subscription_fields import FIELDS, MAX_INSIGHTS, REQUIRED, RUN_ON
from insights_api.targets import MAX_ADDRESSES, TARGET_TYPES
from insights_engine import outbound
from insights_local.openapi.document import document
from insights_local.routes import ROOT
from insights_report import parts, tables
from insights_report.channels import message, webhook

from tests.api.boards import made, read
from tests.report.post import Post
from tests.report.receiving import Receiver
from tests.report.test_triggers import event, told

PAGE = (ROOT / "docs" / "subscriptions.md").read_text("utf-8")
MINUTE = 60


def rows(marker: str) -> list[list[str]]:
    table = PAGE.split(f"<!-- {marker} -->")[1].split(f"<!-- /{marker} -->")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_the_fields_are_those_of_the_code() -> None:
    expected = [(f.name, "required" if f.name in REQUIRED else f"`{json.dumps(f.default)}`") for f in FIELDS]
    assert [(row[0].strip("`"), row[1]) for row in rows("fields")] == expected


def test_attempts_are_those_of_the_code() -> None:
    assert rows("retries") == [[f"{n}", f"{minutes}"] for n, minutes in enumerate(deliveries.RETRIES, 2)]
    assert len(deliveries.RETRIES) + 1 == 5
    assert "After the fifth attempt" in PAGE


def test_every_name_is_there() -> None:
    delivery = document()["components"]["schemas"]["Delivery"]["properties"]
    statuses = delivery["status"]["enum"], delivery["recipient_results"]["items"]["properties"]["status"]["enum"]
    shown = set(document()["components"]["schemas"]["Subscription"]["properties"])
    names = {*RUN_ON, *TARGET_TYPES, *get_args(deliveries.Trigger), *statuses[0], *statuses[1], *shown}
    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []
    assert [kind for kind in webhook.TYPES.values() if f"`{kind}`" not in PAGE] == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (deliveries.KEPT.days, "kept for 180 days"),
        (unsubscribe.KEPT.days, "without a login for 30 days"),
        (deliveries.LEASE.total_seconds() // MINUTE, "for 6 minutes at most"),
        (BUFFER.total_seconds() / MINUTE, "later than 15 minutes from now"),
        (subscription_limits.MOST_TESTS, "10 tests an hour"),
        (subscription_limits.MOST_CHANGES, "20 changes an hour"),
        (subscription_limits.MOST_SUBSCRIPTIONS, "1,000 subscriptions a project"),
        (MAX_INSIGHTS, "6 insights a report"),
        (MAX_ADDRESSES, "50 addresses a subscription"),
        (tables.MOST_DATES, "at most 31 dates"),
        (tables.MOST_SERIES, "and 6 series"),
        (tables.MOST_ROWS, "at most 20 rows"),
        (parts.SECONDS, "may take 40 seconds"),
        (message.MAX_ATTACHED // 10**6, "beyond 7 MB"),
        (outbound.SECONDS, "within 10 seconds"),
        (" and ".join(f"{pause:g}" for pause in webhook.PAUSES), "after 1 and 2 seconds"),
        (" or ".join(map(str, outbound.PORTS)), "at port 443 or 8443"),
    ],
)
def test_a_number_is_that_of_the_code(found: Any, said: str) -> None:
    assert said in PAGE
    assert f"{found:g}" in said if isinstance(found, float) else f"{found}" in said.replace(",", "")
    assert PICTURES_KEPT == unsubscribe.KEPT


def shell() -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each request of the page goes, and its body."""
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL):
        for path, body in re.findall(r"curl -s \$URL/(\S+) .*? \\\n +-d '(.*?)'\)?(?: \|)?\n", block):
            yield path, json.loads(body.replace("'$INSIGHT'", "1"))


def shown(name: str) -> dict[str, Any]:
    """The answer on the page that has the field."""
    (found,) = re.findall(rf'```json\n(\{{"summary"[^`]*"{name}"[^`]*)```', PAGE)
    answer: dict[str, Any] = json.loads(found)
    return answer


def test_the_first_example(post: Post) -> None:
    (asks, insight), (sends, subscription) = [*shell()][:2]
    api = post.office.api()
    with time_machine.travel("2026-11-22T11:22:13Z", tick=False):
        number = made(api("POST", asks, json=insight))["id"]
        answer = made(api("POST", sends, json={**subscription, "insight": number, "enabled": False}))
    assert shown("next_delivery_date") == {name: answer[name] for name in ("summary", "next_delivery_date")}


def test_the_preview(post: Post) -> None:
    (body,) = (body for path, body in shell() if path == "subscriptions/preview/")
    with time_machine.travel("2026-11-22T11:22:13Z", tick=False):
        assert read(post.office.api()("POST", "subscriptions/preview/", json=body)) == shown("next_delivery_dates")


def test_the_event_on_the_bus_sends_the_report(post: Post) -> None:
    subscription = post.subscribe(post.office.insight())
    post.deliver()
    post.mails()
    ((entry,),) = map(json.loads, re.findall(r"put-events --entries '(.*)'", PAGE))
    assert set(entry) == {"EventBusName", "Source", "DetailType", "Detail"}
    detail = json.loads(entry["Detail"])
    assert set(detail) == {"project_id", "subscription_id"}
    own = {"project_id": post.office.project.project.id, "subscription_id": subscription["id"]}
    assert told(post, event(entry["DetailType"], own)) == 1
    post.deliver()
    assert post.recipients() == ["ada@example.com"]


def test_an_object_sends_what_waits_in_its_project(post: Post) -> None:
    post.subscribe(post.office.insight(), run_on=["object.created"])
    post.deliver()
    (key,) = re.findall(r"`(\w+/1/[\w.-]+)` sends", PAGE)
    own = key.replace("/1/", f"/{post.office.project.project.id}/")
    assert told(post, event("Object Created", {"bucket": {"name": "b"}, "object": {"key": own}})) == 1
    post.deliver()


def test_a_webhook_is_shaped_and_verified_as_it_says(post: Post, hook: Receiver) -> None:
    where = {"target_type": "webhook", "target_value": f"{hook.url}/in"}
    secret = post.subscribe(post.office.insight(), **where)["webhook_secret"]
    post.deliver()
    (sent,) = hook.received
    (shown,) = re.findall(r'```json\n(\{"type".*?)```', PAGE, re.DOTALL)
    assert names_of(json.loads(shown)) == names_of(sent.json())
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    scope: dict[str, Any] = {}
    exec(code, scope)
    with post.clock():
        assert scope["is_ours"](secret, sent.headers, sent.body)
        assert not scope["is_ours"](secret, sent.headers, sent.body + b" ")
        assert not scope["is_ours"]("whsec_AAAA", sent.headers, sent.body)
    assert not scope["is_ours"](secret, sent.headers, sent.body), "it is old"


def names_of(found: Any) -> Any:
    """The names of objects, but for those of a result."""
    if isinstance(found, dict):
        return {name: names_of(value) if name != "result" else None for name, value in found.items()}
    if isinstance(found, list) and found and isinstance(found[0], dict):
        return [names_of(found[0])]
    return None
