"""Tokens of links in mails: good for one thing, until their time, and only where they were made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from insights_api.signing import BadToken, claims_of, token, webhook_secret
from insights_engine.store import Store

NOW = datetime(2101, 3, 7, 9, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(days=30)
CLAIMS = {"file": "a.png"}
SECOND = timedelta(seconds=1)


def key_of(store: Store) -> bytes:
    item = store.get("SIGNING", "KEY")
    assert item is not None
    return bytes.fromhex(item["value"])


@pytest.mark.parametrize("at", [NOW, UNTIL - SECOND, UNTIL], ids=["at once", "just before its end", "at its end"])
def test_a_token_says_what_it_was_made_of(store: Store, at: datetime) -> None:
    made = token(store, "exporter", CLAIMS, UNTIL)
    assert claims_of(store, "exporter", made, at).items() >= CLAIMS.items()


def test_a_token_is_over_in_the_second_after_its_end(store: Store) -> None:
    made = token(store, "exporter", CLAIMS, UNTIL)
    with pytest.raises(BadToken):
        claims_of(store, "exporter", made, UNTIL + SECOND)


def test_a_token_is_for_one_thing(store: Store) -> None:
    made = token(store, "exporter", CLAIMS, UNTIL)
    with pytest.raises(BadToken):
        claims_of(store, "unsubscribe", made, NOW)


FORGED: list[tuple[str, dict[str, Any], str]] = [
    ("without an end", {"aud": "exporter"}, "HS256"),
    ("for nothing", {"exp": int(UNTIL.timestamp())}, "HS256"),
    ("an end that is a text", {"aud": "exporter", "exp": str(int(UNTIL.timestamp()))}, "HS256"),
    ("an end that is broken", {"aud": "exporter", "exp": UNTIL.timestamp() + 0.5}, "HS256"),
    ("another algorithm", {"aud": "exporter", "exp": int(UNTIL.timestamp())}, "HS512"),
]


@pytest.mark.filterwarnings("ignore:The HMAC key is")
@pytest.mark.parametrize(("_", "claims", "algorithm"), FORGED, ids=[case[0] for case in FORGED])
def test_what_is_not_quite_a_token_of_ours(store: Store, _: str, claims: dict[str, Any], algorithm: str) -> None:
    token(store, "exporter", CLAIMS, UNTIL)
    with pytest.raises(BadToken):
        claims_of(store, "exporter", jwt.encode(CLAIMS | claims, key_of(store), algorithm), NOW)


def test_who_has_not_the_key_makes_none(store: Store) -> None:
    made = token(store, "exporter", CLAIMS, UNTIL)
    claims = {**CLAIMS, "aud": "exporter", "exp": int(UNTIL.timestamp())}
    head, body, signature = made.split(".")
    unsigned = jwt.encode(claims, None, "none")
    for forged in (
        jwt.encode(claims, b"x" * 32),
        unsigned,
        f"{head}.{body}.",
        f"{head}.{body}.{signature[::-1]}",
        "",
        "a",
    ):
        with pytest.raises(BadToken):
            claims_of(store, "exporter", forged, NOW)


def test_each_owner_has_a_secret_that_stays(store: Store) -> None:
    first = webhook_secret(store, "subscription#1")
    assert first == webhook_secret(store, "subscription#1")
    assert first.startswith("whsec_")
    assert len({first, webhook_secret(store, "subscription#2"), webhook_secret(store, "alert#1")}) == 3
