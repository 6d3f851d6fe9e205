"""What is stored of a target, and what is said of one that is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from insights_api.targets import TARGET_TYPES, checked_target
from insights_engine.errors import ValidationError
from insights_engine.settings import Settings
from insights_report.channels import CHANNELS, channel

SETTINGS = Settings.read({"DELIVERY_BUCKETS": "reports archive", "PRIVATE_HOSTS": "127.0.0.1:9000 localhost:1"})
MANY = [f"a{number}@example.com" for number in range(51)]


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("email", "a@example.com", "a@example.com"),
        ("email", " a@example.com ,b@example.com,, A@Example.com", "a@example.com,b@example.com"),
        ("email", "first.last+tag@sub.example.co.uk", "first.last+tag@sub.example.co.uk"),
        ("email", "o'neil@bücher.example", "o'neil@xn--bcher-kva.example"),
        ("email", ",".join(MANY[:50]), ",".join(MANY[:50])),
        ("slack", "C0123ABC|#growth", "C0123ABC|#growth"),
        ("slack", " C0123ABC | #growth & co ", "C0123ABC|#growth & co"),
        ("slack", "U0123ABC", "U0123ABC"),
        ("slack", "C0123ABC|", "C0123ABC"),
        ("webhook", "http://127.0.0.1:9000/hook?x=1", "http://127.0.0.1:9000/hook?x=1"),
        ("s3", "s3://reports", "s3://reports"),
        ("s3", "s3://archive/", "s3://archive"),
        ("s3", "s3://archive//a/b=1//c.d/", "s3://archive/a/b=1/c.d"),
    ],
)
def test_what_is_stored(kind: str, value: str, stored: str) -> None:
    assert checked_target(kind, value, settings=SETTINGS) == stored
    assert checked_target(kind, stored, settings=SETTINGS) == stored


@pytest.mark.parametrize(
    ("kind", "value", "attr", "code", "words"),
    [
        ("email", None, "target_value", "null", "may not be null"),
        ("email", 5, "target_value", "invalid_input", "valid string"),
        ("email", "", "target_value", "blank", "blank"),
        ("email", " , ,", "target_value", "invalid_input", "at least one"),
        ("email", "a@example.com, b", "target_value", "invalid_input", '"b" is not a valid email address'),
        ("email", "a@localhost", "target_value", "invalid_input", "not a valid"),
        ("email", "@example.com", "target_value", "invalid_input", "not a valid"),
        ("email", ".a@example.com", "target_value", "invalid_input", "not a valid"),
        ("email", "a..b@example.com", "target_value", "invalid_input", "not a valid"),
        ("email", "a b@example.com", "target_value", "invalid_input", "not a valid"),
        ("email", "Eve <eve@example.com>", "target_value", "invalid_input", "not a valid"),
        ("email", '"a"@example.com', "target_value", "invalid_input", "not a valid"),
        ("email", "a@example.com\r\nBcc: eve@evil.test", "target_value", "invalid_input", "not a valid"),
        ("email", "ä@example.com", "target_value", "invalid_input", "not a valid"),
        ("email", "a@-x.example", "target_value", "invalid_input", "not a valid"),
        ("email", "a@ex_ample.com", "target_value", "invalid_input", "not a valid"),
        ("email", "a@☃️..example", "target_value", "invalid_input", "not a valid"),
        ("email", f"{'a' * 65}@example.com", "target_value", "invalid_input", "not a valid"),
        ("email", ",".join(MANY), "target_value", "invalid_input", "more than 50"),
        ("email", "a" * 6000, "target_value", "max_length", "5000"),
        ("slack", "#growth", "target_value", "invalid_input", "id of a Slack channel"),
        ("slack", "c0123|#growth", "target_value", "invalid_input", "id of a Slack channel"),
        ("slack", "|#growth", "target_value", "invalid_input", "id of a Slack channel"),
        ("slack", "C01\0|x", "target_value", "null_characters_not_allowed", "Null"),
        ("webhook", "http://example.com/", "target_value", "invalid_input", "Invalid webhook URL: it must begin with"),
        ("webhook", "http://127.0.0.1:9001/", "target_value", "invalid_input", "Invalid webhook URL: "),
        ("webhook", "https://169.254.169.254/", "target_value", "invalid_input", "Invalid webhook URL: .*not public"),
        ("s3", "reports/a", "target_value", "invalid_input", "s3://bucket/prefix"),
        ("s3", "s3:///a", "target_value", "invalid_input", "s3://bucket/prefix"),
        ("s3", "s3://report/a", "target_value", "invalid_input", 'bucket "report"; did you mean "reports"'),
        ("s3", "s3://reports/../a", "target_value", "invalid_input", '".." may not stand'),
        ("s3", "s3://reports/a b", "target_value", "invalid_input", '"a b" may not stand'),
        ("s3", "s3://reports/ä", "target_value", "invalid_input", "may not stand"),
        ("s3", "s3://reports/" + "a" * 201, "target_value", "invalid_input", "200 characters"),
        (
            "mail",
            "a@example.com",
            "target_type",
            "invalid_choice",
            '"mail" is not a valid choice; did you mean "email"',
        ),
        ("teams", "https://x", "target_type", "invalid_choice", '"teams" is not a valid choice'),
        (None, "x", "target_type", "invalid_choice", "null is not|not a valid choice"),
    ],
)
def test_what_is_refused(kind: Any, value: Any, attr: str, code: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words) as refused:
        checked_target(kind, value, settings=SETTINGS)
    assert (refused.value.attr, refused.value.code) == (attr, code)


def test_no_bucket_is_allowed_by_itself() -> None:
    with pytest.raises(ValidationError, match="may not be written"):
        checked_target("s3", "s3://reports/a", settings=Settings.read({}))


@pytest.mark.parametrize("kind", TARGET_TYPES)
def test_every_type_has_a_channel(kind: str) -> None:
    assert CHANNELS.keys() == TARGET_TYPES.keys()
    assert channel(kind) is channel(kind)
    assert isinstance(channel(kind).is_repeatable, bool)
