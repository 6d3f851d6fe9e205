"""CLICKHOUSE_DSN: where ClickHouse is. It holds a password, so no error here quotes any of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from insights_engine import aws
from insights_engine.errors import Overloaded

DEFAULT_DATABASE = "insights"
_PORTS = {"http": 8123, "https": 8443}
_NATIVE = frozenset({"tcp", "native", "clickhouse", "clickhouses", "clickhousedb"})
# The embedded engine has place for four merges and mutations, so a mutation waits whole seconds after an insert: the
# squash does. Its two threads stay two; more may wait in line for them.
EMBEDDED = {"background_merges_mutations_concurrency_ratio": 8}
_FORMS = "chdb:///path?database=name or https://user:password@host:8443/database"


class DsnError(RuntimeError):
    """The text names the setting and says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Dsn:
    """`path` is set for an embedded engine, all else for a server."""

    database: str
    path: str = ""
    host: str = ""
    port: int = 0
    user: str = "default"
    password: str = field(default="", repr=False)
    is_secure: bool = False

    @classmethod
    def parse(cls, text: str) -> Dsn:
        """Raises DsnError."""
        text = text.strip()
        scheme = text.partition(":")[0].lower()
        if scheme == "chdb":
            return _embedded(text)
        if scheme in _PORTS:
            return _server(text, scheme)
        hint = "; its native protocol is not spoken, so write http or https, and that port" if scheme in _NATIVE else ""
        raise DsnError(f"CLICKHOUSE_DSN must be of the form {_FORMS}{hint}")

    @property
    def is_embedded(self) -> bool:
        return bool(self.path)

    @property
    def place(self) -> str:
        """For people: where it is, without who signs in there."""
        return self.path if self.is_embedded else f"{self.host}:{self.port}"

    def address(self) -> dict[str, Any]:
        """Where to connect, as clickhouse-connect takes it."""
        if self.is_embedded:
            return {"interface": "chdb", "path": self.path, "database": self.database, "chdb_options": EMBEDDED}
        return {
            "host": self.host,
            "port": self.port,
            "username": self.user,
            "password": self.password,
            "secure": self.is_secure,
            "database": self.database,
        }


def secret_dsn(arn: str) -> str:
    """The DSN in a Secrets Manager secret: its whole text, or `dsn` of a JSON object. Raises DsnError, Overloaded."""
    if not arn:
        raise DsnError("Set CLICKHOUSE_DSN or CLICKHOUSE_SECRET_ARN")
    text = _secret(arn).strip()
    if text.startswith("{"):
        try:
            text = str(json.loads(text).get("dsn") or "")
        except json.JSONDecodeError:
            raise DsnError("The secret of CLICKHOUSE_SECRET_ARN begins as JSON and is none") from None
        if not text:
            raise DsnError("The secret of CLICKHOUSE_SECRET_ARN is a JSON object without dsn")
    if not text:
        raise DsnError("The secret of CLICKHOUSE_SECRET_ARN holds no text")
    try:
        Dsn.parse(text)
    except DsnError as error:
        raise DsnError(str(error).replace("CLICKHOUSE_DSN", "The secret of CLICKHOUSE_SECRET_ARN", 1)) from None
    return text


def _secret(arn: str) -> str:
    try:
        return str(aws.client("secretsmanager").get_secret_value(SecretId=arn).get("SecretString", ""))
    except Exception as error:
        if not aws.is_passing(error):
            raise
        problem = Overloaded("ClickHouse cannot be reached; try again in a moment.", status=503)
        problem.args = (f"Secrets Manager: {error}",)
        raise problem from error


def _embedded(text: str) -> Dsn:
    parts = urlsplit(text)
    options = parse_qs(parts.query, keep_blank_values=True)
    path = unquote(parts.path)
    if parts.netloc or not path.startswith("/") or path.strip("/") == "":
        raise DsnError("CLICKHOUSE_DSN names no folder; an embedded engine is chdb:///path, with three slashes")
    if set(options) - {"database"}:
        raise DsnError("CLICKHOUSE_DSN: chdb:///path knows the one parameter database")
    return Dsn(database=options.get("database", [""])[0] or DEFAULT_DATABASE, path=path)


def _server(text: str, scheme: str) -> Dsn:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        # Its text quotes what it took for the port, which is part of the password where that has a / or a #.
        raise DsnError(
            "CLICKHOUSE_DSN cannot be read: after the host comes a port, 1 to 65535, "
            "and / ? # @ : in the user or the password are written %2F %3F %23 %40 %3A"
        ) from None
    if not parts.hostname:
        raise DsnError(f"CLICKHOUSE_DSN names no host; the form is {_FORMS}")
    if parts.query or parts.fragment or "/" in parts.path.strip("/"):
        raise DsnError("CLICKHOUSE_DSN: nothing may follow the database; / ? # in the password are written %2F %3F %23")
    return Dsn(
        database=unquote(parts.path.strip("/")) or DEFAULT_DATABASE,
        host=parts.hostname,
        port=_PORTS[scheme] if port is None else port,
        user=unquote(parts.username or "") or "default",
        password=unquote(parts.password or ""),
        is_secure=scheme == "https",
    )
