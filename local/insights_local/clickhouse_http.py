"""ClickHouse's HTTP interface over an embedded engine, in a process of its own, for what is not in this process.

As much of the interface as a client sees: `/ping`, the statement in the URL or the body, `param_*`, settings, INSERT
data, multipart forms, compressed bodies both ways, users with settings of their own, and the X-ClickHouse headers.

    python -m insights_local.clickhouse_http PATH HOST PORT

The first line that it reads is the users, because a command line is no place for passwords; the first that it prints is
the port (0 takes a free one). It ends when its standard input does. Nothing is encrypted, so the address must be one
that only this machine and its containers reach.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from insights_engine.dsn import EMBEDDED

# Parameters of the interface; every other one is a setting.
_RESERVED = frozenset(
    (
        *("query", "database", "user", "password", "quota_key", "role", "query_id", "default_format", "stacktrace"),
        *("compress", "decompress", "enable_http_compression", "buffer_size", "wait_end_of_query"),
        *("session_id", "session_timeout", "session_check", "client_protocol_version"),
        *("send_progress_in_http_headers", "http_headers_progress_interval_ms"),
    )
)
_INSERT = re.compile(rb"\s*(INSERT\s+INTO\s+.+?)\s+FORMAT\s+(\w+)[ \t]*\n", re.IGNORECASE | re.DOTALL)
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_ANSWERS = re.compile(rb"[\s(]*(SELECT|WITH|SHOW|EXISTS|DESCRIBE|DESC|EXPLAIN)\b", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)")
_STATUS = {"62": 400, "427": 400, "60": 404, "81": 404, "159": 408, "516": 403, "497": 403}


class Refused(Exception):
    """The user or the password is wrong."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: str, host: str, port: int, users: dict[str, Any]) -> None:
        import chdb

        self.users = users
        self.path = path
        # The engine stops when its last connection closes.
        engine: Any = chdb  # which has no types
        self.keeper = engine.connect(f"{path}?{urlencode(EMBEDDED)}")
        self.timezone = self.keeper.query("SELECT timezone()", "TabSeparated").bytes().decode().strip()
        super().__init__((host, port), Handler)

    @contextlib.contextmanager
    def connection(self, profile: dict[str, Any], database: str, settings: dict[str, str]) -> Iterator[Any]:
        """A new one each time: USE and SET stay with a connection. The URL's settings are set at once, as there."""
        import chdb

        engine: Any = chdb
        connection = engine.connect(self.path)
        try:
            for values in (profile, settings):
                if values:
                    pairs = ", ".join(f"{name} = {_literal(str(value))}" for name, value in values.items())
                    connection.query(f"SET {pairs}")
            connection.query(f"USE {_name(database)}")
            yield connection
        finally:
            connection.close()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one send an answer

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        if urlsplit(self.path).path in ("/ping", "/") and "query=" not in self.path:
            self.answer(200, b"Ok.\n", {})
        else:
            self.do_POST()

    def do_POST(self) -> None:
        params = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self.body()
        if self.headers.get("Content-Type", "").startswith("multipart/form-data"):
            params, body = params | _form(self.headers["Content-Type"], body), b""
        try:
            profile = self.profile(params)
            result, fmt = self.execute(params, body, profile)
        except Refused as error:
            self.fail(f"Code: 516. DB::Exception: {error}: Authentication failed. (AUTHENTICATION_FAILED)")
        except Exception as error:
            self.fail(str(error))
        else:
            self.succeed(params, result, fmt)

    def execute(self, params: dict[str, str], body: bytes, profile: dict[str, Any]) -> tuple[Any, str]:
        values = {name[6:]: value for name, value in params.items() if name.startswith("param_")}
        settings = {n: v for n, v in params.items() if n not in _RESERVED and not n.startswith("param_")}
        text = b"\n".join(part for part in (params.get("query", "").encode(), body) if part)
        with self.server.connection(profile, params.get("database") or "default", settings) as connection:
            if insert := _INSERT.match(text):
                return _insert(connection, insert, text[insert.end() :]), ""
            found = _FORMAT.search(text)
            fmt = found[1].decode() if found else "TabSeparated"
            result = connection.query(text.decode(), "TabSeparated", params=values)
            return result, fmt if _ANSWERS.match(text) else ""

    def profile(self, params: dict[str, str]) -> dict[str, Any]:
        """Of the user that the request names; raises Refused."""
        user = params.get("user") or self.headers.get("X-ClickHouse-User") or "default"
        password = params.get("password") or self.headers.get("X-ClickHouse-Key") or ""
        kind, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        known, profile = self.server.users.get(user, (None, {}))
        if known is None or known != password:
            raise Refused(user)
        return dict(profile)

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            sent = b"".join(self.chunks())
        else:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return _decompressed(sent, self.headers.get("Content-Encoding", ""))

    def chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def succeed(self, params: dict[str, str], result: Any, fmt: str) -> None:
        summary = {
            "read_rows": str(result.storage_rows_read()),
            "read_bytes": str(result.storage_bytes_read()),
            "elapsed_ns": str(int(result.elapsed() * 1e9)),
        }
        headers = {"X-ClickHouse-Summary": json.dumps(summary), "X-ClickHouse-Timezone": self.server.timezone}
        headers["X-ClickHouse-Query-Id"] = params.get("query_id") or str(uuid.uuid4())
        if fmt:
            headers["X-ClickHouse-Format"] = fmt
        data = result.bytes() or b""
        if params.get("enable_http_compression") == "1":
            data, encoding = _compressed(data, self.headers.get("Accept-Encoding", ""))
            headers |= {"Content-Encoding": encoding} if encoding else {}
        self.answer(200, data, headers)

    def fail(self, text: str) -> None:
        start = text.find("Code: ")
        text = text[max(start, 0) :]
        code = found[1] if (found := _CODE.match(text)) else "1002"
        self.answer(_STATUS.get(code, 500), text.encode(), {"X-ClickHouse-Exception-Code": code})

    def answer(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _insert(connection: Any, insert: re.Match[bytes], data: bytes) -> Any:
    """The data goes through a file: an embedded engine reads none behind the statement that is binary."""
    with tempfile.NamedTemporaryFile(suffix=".insert") as file:
        file.write(data)
        file.flush()
        into, fmt = insert[1].decode(), insert[2].decode()
        return connection.query(f"{into} FROM INFILE {_literal(file.name)} FORMAT {fmt}", "TabSeparated")


def _form(content_type: str, body: bytes) -> dict[str, str]:
    message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    found = {}
    for part in message.walk():
        if not part.is_multipart():
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            found[str(part.get_param("name", header="content-disposition"))] = payload.decode()
    return found


def _decompressed(data: bytes, encoding: str) -> bytes:
    match encoding:
        case "" | "identity":
            return data
        case "gzip":
            return gzip.decompress(data)
        case "deflate":
            return zlib.decompress(data)
        case "zstd":
            import zstandard

            return zstandard.ZstdDecompressor().decompressobj().decompress(data)
        case _:
            raise ValueError(f"Code: 521. DB::Exception: Unknown encoding {encoding}. (UNKNOWN_COMPRESSION_METHOD)")


def _compressed(data: bytes, accepted: str) -> tuple[bytes, str]:
    """By the first way that the client names and this knows."""
    for name in (part.split(";")[0].strip() for part in accepted.split(",")):
        if name == "zstd":
            import zstandard

            return zstandard.compress(data), name
        if name == "gzip":
            return gzip.compress(data), name
    return data, ""


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _name(text: str) -> str:
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"


@dataclass
class ClickHouseProcess:
    """The server, started and stopped from here. `dsn()` is good while it runs, and again after the next start.

    `users`: each one's password and the settings of their profile.
    """

    path: Path
    users: dict[str, tuple[str, dict[str, Any]]]
    host: str = "127.0.0.1"
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        where = (str(self.path), self.host, str(self.port))
        command = [sys.executable, "-m", "insights_local.clickhouse_http", *where]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(self.users).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"The embedded ClickHouse did not start on {self.host}; its own words stand above")
        self.port = int(line)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                assert pipe is not None
                pipe.close()
            self.process = None

    def dsn(self, database: str, user: str) -> str:
        return f"http://{user}:{quote(self.users[user][0], safe='')}@{self.host}:{self.port}/{database}"


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    path, host, port = sys.argv[1:]
    server = Server(path, host, int(port), json.loads(sys.stdin.buffer.readline()))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
