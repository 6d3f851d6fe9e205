"""Channel types: the rules one by one, of sessions and of persons."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.channels import CHANNELS, Origin, channel
from insights_engine.sql import Sql

from tests.engine.asking import Asker, event, series
from tests.engine.conftest import NewProject, Workplace

# What is known of the visit -> its channel: referring domain, source, medium, campaign, gclid, gad_source, fbclid.
CASES: list[tuple[dict[str, str], str]] = [
    ({}, "Unknown"),
    ({"d": ""}, "Unknown"),
    ({"d": "$direct"}, "Direct"),
    ({"d": "$direct", "s": "(direct)"}, "Direct"),
    ({"d": "$direct", "c": "spring"}, "Direct"),
    ({"d": "$direct", "s": "partner"}, "Direct"),
    ({"d": "$direct", "f": "abc"}, "Organic Social"),
    ({"d": "$direct", "m": "null", "s": "null"}, "Direct"),
    ({"d": "example.com"}, "Referral"),
    ({"d": "https://www.example.com/page?utm=1"}, "Referral"),
    ({"d": "$direct", "m": "referral"}, "Referral"),
    ({"d": "www.google.com"}, "Organic Search"),
    ({"d": "https://www.google.co.uk"}, "Organic Search"),
    ({"d": "notgoogle.com"}, "Referral"),
    ({"d": "duckduckgo.com"}, "Organic Search"),
    ({"s": "google"}, "Organic Search"),
    ({"s": "Google"}, "Organic Search"),
    ({"d": "$direct", "m": "organic"}, "Organic Search"),
    ({"d": "t.co"}, "Organic Social"),
    ({"d": "x.com"}, "Organic Social"),
    ({"d": "netflix.com"}, "Organic Video"),
    ({"d": "dropbox.com"}, "Referral"),
    ({"d": "m.facebook.com"}, "Organic Social"),
    ({"d": "news.ycombinator.com"}, "Organic Social"),
    ({"s": "linkedin", "m": "post"}, "Organic Social"),
    ({"d": "$direct", "m": "social"}, "Organic Social"),
    ({"d": "youtube.com"}, "Organic Video"),
    ({"d": "$direct", "m": "video-ad"}, "Organic Video"),
    ({"d": "example.com", "c": "spring video"}, "Organic Video"),
    ({"d": "amazon.de"}, "Organic Shopping"),
    ({"d": "$direct", "s": "partner", "c": "summer-shop"}, "Organic Shopping"),
    ({"d": "$direct", "s": "partner", "c": "workshop"}, "Direct"),
    ({"d": "$direct", "s": "partner", "c": "bishop"}, "Direct"),
    ({"d": "$direct", "s": "partner", "c": "eshop"}, "Organic Shopping"),
    ({"d": "mail.example.com"}, "Email"),
    ({"d": "$direct", "m": "email"}, "Email"),
    ({"d": "$direct", "s": "newsletter"}, "Email"),
    ({"d": "$direct", "m": "e-mail"}, "Email"),
    ({"d": "$direct", "m": "affiliate"}, "Affiliate"),
    ({"d": "$direct", "m": "audio"}, "Audio"),
    ({"d": "$direct", "s": "sms"}, "SMS"),
    ({"d": "$direct", "m": "sms"}, "SMS"),
    ({"d": "$direct", "m": "push"}, "Push"),
    ({"d": "$direct", "m": "web-push"}, "Push"),
    ({"d": "$direct", "m": "display"}, "Display"),
    ({"d": "$direct", "m": "cpm"}, "Display"),
    ({"d": "google.com", "m": "cpc"}, "Paid Search"),
    ({"d": "example.com", "s": "bing", "m": "ppc"}, "Paid Search"),
    ({"d": "google.com", "g": "Cj0K"}, "Paid Search"),
    ({"d": "$direct", "g": "Cj0K"}, "Paid Unknown"),
    ({"d": "$direct", "k": "1"}, "Paid Search"),
    ({"d": "$direct", "k": "5"}, "Paid Unknown"),
    ({"d": "facebook.com", "m": "paid_social"}, "Paid Social"),
    ({"d": "$direct", "m": "cpc", "f": "abc"}, "Paid Social"),
    ({"s": "youtube", "m": "cpv"}, "Paid Video"),
    ({"d": "$direct", "m": "cpc", "c": "my video"}, "Paid Video"),
    ({"s": "ebay", "m": "cpc"}, "Paid Shopping"),
    ({"d": "google.com", "m": "cpc", "c": "shopping"}, "Paid Shopping"),
    ({"d": "$direct", "m": "retargeting"}, "Paid Unknown"),
    ({"d": "google.com", "m": "cpc", "c": "Cross-Network"}, "Cross Network"),
]


@pytest.mark.parametrize(("known", "expected"), CASES, ids=lambda value: str(value).replace("'", ""))
def test_channel(project: Workplace, known: dict[str, str], expected: str) -> None:
    origin = Origin(*(Sql("{v:Nullable(String)}", v=known.get(name)) for name in "dsmcgkf"))
    rows = project.services.clickhouse.read(Sql("SELECT {c}", c=channel(origin)), project_id=project.id).rows
    assert rows[0][0] == expected


def test_every_channel_has_a_case() -> None:
    assert {expected for _, expected in CASES} == set(CHANNELS)


def asked(asker: Asker, breakdown: str, kind: str) -> dict[str, int]:
    by = {"breakdown": breakdown, "breakdown_type": kind}
    dates = {"date_from": "2020-01-01", "date_to": "2020-01-04"}
    found = asker.node(series=[series(None)], breakdownFilter=by, dateRange=dates)
    return {row["breakdown_value"]: row["count"] for row in found}


def test_a_session_has_that_of_its_first_event_that_tells(new_project: NewProject) -> None:
    place = new_project(days_timezone="UTC")
    first: dict[str, Any] = {"$session_id": "s1"}
    events = [
        event(at="2020-01-02T10:00:00Z", **first),
        event(at="2020-01-02T10:01:00Z", **first, **{"$referring_domain": "www.google.com", "utm_medium": "cpc"}),
        event(at="2020-01-02T10:02:00Z", **first, **{"$referring_domain": "facebook.com"}),
        event(at="2020-01-02T11:00:00Z", **{"$session_id": "s2", "$referring_domain": "$direct"}),
        event(at="2020-01-02T12:00:00Z"),
    ]
    asker = Asker(place.services, place.id).load(events)
    found = asked(asker, "$channel_type", "session")
    assert found.pop("$$_posthog_breakdown_null_$$", 0) == 1  # of the event without a session
    assert found == {"Paid Search": 3, "Direct": 1}
    assert asked(asker, "session.$channel_type", "hogql")["Paid Search"] == 3


def test_a_person_has_that_of_the_first_visit(new_project: NewProject) -> None:
    place = new_project(days_timezone="UTC")
    people = [
        {"distinct_ids": ["ann"], "properties": {"$initial_referring_domain": "$direct"}},
        {"distinct_ids": ["bob"], "properties": {"$initial_utm_source": "google", "$initial_gclid": "x"}},
        {"distinct_ids": ["eve"], "properties": {"$initial_fbclid": "x"}},
        {"distinct_ids": ["joe"], "properties": {}},
    ]
    asker = Asker(place.services, place.id)
    asker.load([event(distinct_id=name) for name in ("ann", "bob", "eve", "joe")], persons=people)
    found = asked(asker, "$virt_initial_channel_type", "person")
    assert found == {"Direct": 1, "Paid Search": 1, "Organic Social": 1, "Unknown": 1}
