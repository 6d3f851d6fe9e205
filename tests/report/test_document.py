"""The API's document of subscriptions, alerts and integrations is what the functions take and answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import httpx
import pytest
from insights_api import alert_fields, integrations
from insights_api.alert_checks import CONDITIONS, THRESHOLDS
from insights_api.alert_states import CALCULATION_INTERVALS, State
from insights_api.deliveries import Trigger
from insights_api.schedule import FREQUENCIES, WEEKDAYS
from insights_api.subscription_fields import FIELDS, MAX_INSIGHTS
from insights_local.openapi.document import document
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.api.boards import made, read
from tests.report.post import Post

SCHEMAS = document()["components"]["schemas"]
UPPER = {"configuration": {"type": "absolute", "bounds": {"upper": 10}}}


def names_of(schema: str) -> set[str]:
    return set(SCHEMAS[schema]["properties"])


def test_the_fields_are_those_that_are_read() -> None:
    assert names_of("SubscriptionFields") == {one.name for one in FIELDS} | {"deleted", "invite_message"}
    assert names_of("AlertFields") == {one.name for one in alert_fields.FIELDS}


def enums(found: Any) -> Iterator[list[Any]]:
    """Every list of values, wherever it stands."""
    if isinstance(found, dict):
        if isinstance(found.get("enum"), list):
            yield found["enum"]
        for inner in found.values():
            yield from enums(inner)


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ("SubscriptionSchedule", FREQUENCIES),
        ("SubscriptionSchedule", WEEKDAYS),
        ("Delivery", get_args(Trigger)),
        ("AlertCondition", CONDITIONS),
        ("AlertThreshold", THRESHOLDS),
        ("AlertFields", CALCULATION_INTERVALS),
        ("Alert", get_args(State)),
        ("IntegrationFields", integrations.KINDS),
    ],
)
def test_the_values_are_those_that_are_known(schema: str, values: Any) -> None:
    assert [*values] in [*enums(SCHEMAS[schema])]


def test_a_report_has_so_many_insights_at_most() -> None:
    assert SCHEMAS["SubscriptionFields"]["properties"]["dashboard_export_insights"]["maxItems"] == MAX_INSIGHTS


def fits(answer: httpx.Response, path: str) -> Any:
    """Held against the document's schema of its path, method and status."""
    responses = document()["paths"][f"/api/projects/{{project_id}}/{path}"][answer.request.method.lower()]["responses"]
    content = responses[f"{answer.status_code}"]["content"]
    schema = {**content["application/json"]["schema"], "components": document()["components"]}
    Draft202012Validator(schema).validate(answer.json())
    return answer.json()


def test_subscriptions(post: Post) -> None:
    api, insight = post.office.api(), post.office.insight()
    subscription = post.subscribe(insight, attach_csv=True, run_on=["insight.saved"])
    post.deliver()
    one, named = f"subscriptions/{subscription['id']}", "subscriptions/{subscription_id}"
    with post.clock():
        assert fits(api("GET", "subscriptions"), "subscriptions")["count"] == 1
        fits(api("GET", one), named)
        fits(api("PATCH", one, json={"title": "Weekly"}), named)
        (delivery,) = fits(api("GET", f"{one}/deliveries"), f"{named}/deliveries")["results"]
        assert delivery["content_snapshot"]["insights"]
        fits(api("GET", f"{one}/deliveries/{delivery['id']}"), f"{named}/deliveries/{{delivery_id}}")
        assert fits(api("POST", f"{one}/test-delivery"), f"{named}/test-delivery")["status"] == "starting"
        rule = {"frequency": "monthly", "start_date": "2026-01-31T09:00:00Z"}
        assert fits(api("POST", "subscriptions/preview", json=rule), "subscriptions/preview")["next_delivery_dates"]
        fits(api("GET", "subscriptions/summary_quota"), "subscriptions/summary_quota")


def test_alerts(post: Post) -> None:
    api = post.office.api()
    body = {"insight": post.office.insight()["id"], "threshold": UPPER, "condition": {"type": "absolute_value"}}
    users = {"subscribed_users": [post.office.user("reader").id]}
    with post.clock():
        answer = api("POST", "alerts", json={**body, **users, "snoozed_until": "2h"})
        alert = made(answer)
        fits(answer, "alerts")
        assert fits(api("GET", "alerts"), "alerts")["count"] == 1
        fits(api("GET", f"alerts/{alert['id']}"), "alerts/{alert_id}")
        fits(api("PATCH", f"alerts/{alert['id']}", json={"name": "Low"}), "alerts/{alert_id}")
        fits(api("GET", f"alerts/{alert['id']}/deliveries"), "alerts/{alert_id}/deliveries")
        assert api("DELETE", f"alerts/{alert['id']}").status_code == 204


def test_every_path_of_theirs_has_its_words() -> None:
    named = re.compile(r"/api/projects/\{project_id\}/(subscriptions|alerts|integrations)")
    found = [one for path, methods in document()["paths"].items() if named.match(path) for one in methods.values()]
    assert len(found) >= 20
    assert all(one["summary"] and one["description"] for one in found)


def test_a_secret_is_shown_to_whoever_may_change(post: Post) -> None:
    assert "webhook_secret" not in names_of("Subscription") | names_of("Alert")
    subscription = post.subscribe(post.office.insight(), enabled=False)
    assert "webhook_secret" not in read(post.office.api()("GET", f"subscriptions/{subscription['id']}"))
