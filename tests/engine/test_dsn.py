"""CLICKHOUSE_DSN, and the secret that it may be in."""

from __future__ import annotations

from uuid import uuid4

import pytest
from insights_engine.clickhouse import ClickHouse
from insights_engine.dsn import Dsn, DsnError, secret_dsn
from insights_engine.services import Services
from insights_engine.settings import Settings

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chdb:///var/data", Dsn("insights", path="/var/data")),
        ("chdb:///var/my%20data?database=x", Dsn("x", path="/var/my data")),
        ("chdb:///var/data?database=", Dsn("insights", path="/var/data")),
        ("http://h", Dsn("insights", host="h", port=8123)),
        ("https://h/", Dsn("insights", host="h", port=8443, is_secure=True)),
        (" HTTPS://h/db\n", Dsn("db", host="h", port=8443, is_secure=True)),
        ("https://u:p@h.example:9440/db", Dsn("db", "", "h.example", 9440, "u", "p", True)),
        ("http://u@h/db/", Dsn("db", "", "h", 8123, "u")),
        ("http://:p@h/db", Dsn("db", "", "h", 8123, "default", "p")),
        ("http://a%40b:p%2Fq%3F%23%3A%25@h/d%62", Dsn("db", "", "h", 8123, "a@b", "p/q?#:%")),
        ("http://u:p:q@h/db", Dsn("db", "", "h", 8123, "u", "p:q")),
        ("http://[::1]:9/db", Dsn("db", "", "::1", 9)),
    ],
)
def test_a_dsn_says_where_clickhouse_is(text: str, expected: Dsn) -> None:
    assert Dsn.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "must be of the form chdb:///"),
        (f"tcp://u:{SECRET}@h:9000/db", "must be of the form chdb:///"),
        (f"u:{SECRET}@h/db", "must be of the form chdb:///"),
        (f"{SECRET}", "must be of the form chdb:///"),
        (f"http://u:{SECRET}@/db", "names no host"),
        (f"http://u:{SECRET}@h:port/db", "a port, 1 to 65535"),
        (f"http://u:{SECRET}@h:70000/db", "a port, 1 to 65535"),
        (f"http://u:{SECRET}#x@h/db", "%23"),
        (f"http://u:{SECRET}/x@h/db", "%2F"),
        (f"http://u:{SECRET}?x@h/db", "%3F"),
        (f"http://u:12/{SECRET}@h/db", "%2F"),
        (f"http://u:12?{SECRET}@h/db", "%3F"),
        (f"http://u:12#{SECRET}@h/db", "%23"),
        (f"http://u:[{SECRET}@h/db", "%40"),
        (f"https://u:{SECRET}@h/db?secure=1", "nothing may follow the database"),
        (f"https://u:{SECRET}@h/db/x", "nothing may follow the database"),
        ("chdb://", "three slashes"),
        ("chdb://data/x", "three slashes"),
        ("chdb:///x?databse=y", "the one parameter database"),
    ],
)
def test_a_dsn_that_cannot_be_read_is_told_without_its_secret(text: str, advice: str) -> None:
    with pytest.raises(DsnError) as raised:
        ClickHouse(text, Settings.read({}))
    assert str(raised.value).startswith("CLICKHOUSE_DSN")
    assert advice in str(raised.value)
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_no_repr_shows_the_password() -> None:
    settings = Settings.read({"CLICKHOUSE_DSN": f"https://u:{SECRET}@h/db"})
    assert SECRET not in repr(settings)
    assert SECRET not in repr(ClickHouse(settings.clickhouse_dsn, settings))
    assert SECRET not in repr(Services(settings))


@pytest.mark.parametrize(
    "secret",
    [
        "chdb:///a?database=b",
        " chdb:///a?database=b\n",
        '{"dsn": "chdb:///a?database=b"}',
        ' {"dsn":"chdb:///a", "x":1}',
    ],
)
def test_the_dsn_may_be_a_secret(moto_url: str, secret: str) -> None:
    import boto3

    arn = boto3.client("secretsmanager").create_secret(Name=uuid4().hex, SecretString=secret)["ARN"]
    services = Services(Settings.read({"CLICKHOUSE_SECRET_ARN": arn}))
    assert services.clickhouse.is_embedded
    assert services.clickhouse.database in ("b", "insights")


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (f'{{"dns": "{SECRET}"}}', "without dsn"),
        ('{"dsn": ""}', "without dsn"),
        (f'{{"dsn": "{SECRET}"', "begins as JSON and is none"),
        (" ", "holds no text"),
        (f"tcp://me:{SECRET}@h/db", "^The secret of CLICKHOUSE_SECRET_ARN must be of the form"),
    ],
)
def test_a_secret_without_a_dsn_is_told_without_the_secret(moto_url: str, secret: str, said: str) -> None:
    import boto3

    arn = boto3.client("secretsmanager").create_secret(Name=uuid4().hex, SecretString=secret)["ARN"]
    with pytest.raises(DsnError, match=said) as raised:
        secret_dsn(arn)
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_neither_a_dsn_nor_a_secret() -> None:
    with pytest.raises(DsnError, match=r"^Set CLICKHOUSE_DSN or CLICKHOUSE_SECRET_ARN$"):
        Services(Settings.read({})).clickhouse  # noqa: B018
