"""A server in front of a server: it passes requests on and does to some of them what goes wrong in life.

    server.fault = first(2, close)          # the first two requests that count get no answer, the others do
    server.counts = lambda request: b"FROM events" in request.body

Everything happens at the socket: what is behind, and what asks, are the real parts.
"""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answered:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


Fault = Callable[["Handler", Asked], None]
# By the number of the request among those that count, from 0: what is done to it, None to pass it on.
Rule = Callable[[int], Fault | None]


def always(fault: Fault) -> Rule:
    return lambda _: fault


def first(times: int, fault: Fault) -> Rule:
    return lambda number: fault if number < times else None


def never(_: int) -> None:
    return None


class Faulty:
    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.port = 0
        self._released = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._handlers: set[Handler] = set()
        self.reset()

    def reset(self) -> None:
        self.fault: Rule = never
        self.counts: Callable[[Asked], bool] = lambda _: True
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        """On the same port as before."""
        if self._server is None:
            self._released.clear()
            self._server = _Server(("127.0.0.1", self.port), self)
            self.port = self._server.server_port
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self) -> None:
        """From now on connections are refused, and those that there are break."""
        server, self._server = self._server, None
        if server is not None:
            self._released.set()
            server.shutdown()
            server.server_close()
            self.break_connections()

    def break_connections(self) -> None:
        """As they are for a function that was frozen for an hour: the next use of one says that it is no more."""
        for handler in list(self._handlers):
            handler.is_doomed = True

    def next_fault(self, request: Asked) -> Fault | None:
        if not self.counts(request):
            return None
        self.asked.append(request)
        return self.fault(len(self.asked) - 1)

    def wait(self, seconds: float) -> None:
        self._released.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], faulty: Faulty) -> None:
        self.faulty = faulty
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.is_doomed = False
        self.server.faulty._handlers.add(self)

    def finish(self) -> None:
        self.server.faulty._handlers.discard(self)
        super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.is_doomed:
            abort(self)
            return
        request = Asked(self.command, self.path, dict(self.headers.items()), body)
        fault = self.server.faulty.next_fault(request)
        if fault is None:
            self.answer(self.forward(request))
        else:
            fault(self, request)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST

    def forward(self, request: Asked) -> Answered:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "connection"}
        connection = http.client.HTTPConnection(self.server.faulty.upstream, timeout=60)
        try:
            connection.request(request.method, request.path, request.body, headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        skipped = ("content-length", "transfer-encoding", "connection")
        return Answered(answer.status, [h for h in answer.getheaders() if h[0].lower() not in skipped], body)

    def answer(self, answer: Answered, *, length: int | None = None) -> None:
        """`length`: what is said of the body, when that is not so."""
        self.head(answer, [("Content-Length", str(len(answer.body) if length is None else length))])
        self.wfile.write(answer.body)
        self.wfile.flush()

    def head(self, answer: Answered, more: list[tuple[str, str]]) -> None:
        self.send_response_only(answer.status)
        for name, value in [*answer.headers, *more]:
            self.send_header(name, value)
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


# What may be done to a request


def close(handler: Handler, _: Asked) -> None:
    """It is read and the connection closed, as by a server that is killed."""
    handler.close_connection = True


def lose(handler: Handler, request: Asked) -> None:
    """It is done, and the connection closed before anybody hears of it."""
    handler.forward(request)
    handler.close_connection = True


def abort(handler: Handler, _: Asked | None = None) -> None:
    """The connection is reset."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close(handler.connection.detach())


def hang(handler: Handler, _: Asked) -> None:
    handler.server.faulty.wait(60)
    handler.close_connection = True


def late(seconds: float) -> Fault:
    def fault(handler: Handler, request: Asked) -> None:
        handler.server.faulty.wait(seconds)
        handler.answer(handler.forward(request))

    return fault


def close_after(handler: Handler, request: Asked) -> None:
    """The answer is sent, and then the connection is closed without a word of it in the answer."""
    handler.answer(handler.forward(request))
    handler.close_connection = True


def cut(share: float, *, without: str = "") -> Fault:
    """Of the body that was announced, only so much is sent; `without` this header."""

    def fault(handler: Handler, request: Asked) -> None:
        answer = handler.forward(request)
        headers = [header for header in answer.headers if header[0].lower() != without]
        part = answer.body[: int(len(answer.body) * share)]
        handler.answer(Answered(answer.status, headers, part), length=len(answer.body))
        handler.close_connection = True

    return fault


def cut_chunks(share: float) -> Fault:
    """Some of the body, and never its end; nobody said how long it is."""

    def fault(handler: Handler, request: Asked) -> None:
        answer = handler.forward(request)
        handler.head(answer, [("Transfer-Encoding", "chunked")])
        handler.chunk(answer.body[: max(1, int(len(answer.body) * share))])
        handler.close_connection = True

    return fault


def status(code: int, body: bytes = b"<html>upstream connect error</html>") -> Fault:
    """What a gateway says itself."""
    return lambda handler, _: handler.answer(Answered(code, [("Content-Type", "text/html")], body))


def exception(code: int, name: str) -> Fault:
    """ClickHouse's own, before it has sent anything."""
    text = f"Code: {code}. DB::Exception: What went wrong: its words. ({name}) (version 26.9.1)"
    headers = [("X-ClickHouse-Exception-Code", str(code))]
    return lambda handler, _: handler.answer(Answered(500, headers, text.encode()))


def exception_after(share: float, code: int, name: str, *, tag: str = "") -> Fault:
    """ClickHouse's own, behind some of the rows, in an answer that began as a 200; newer servers mark it by a tag."""
    text = f"Code: {code}. DB::Exception: What went wrong: its words. ({name}) (version 26.9.1)".encode()
    if tag:
        text = b"__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n" % (
            tag.encode(),
            text,
            len(text) + 1,
            tag.encode(),
        )

    def fault(handler: Handler, request: Asked) -> None:
        plain = {name: value for name, value in request.headers.items() if name.lower() != "accept-encoding"}
        answer = handler.forward(Asked(request.method, request.path, plain, request.body))
        handler.head(
            answer, [("Transfer-Encoding", "chunked"), *([("X-ClickHouse-Exception-Tag", tag)] if tag else [])]
        )
        handler.chunk(answer.body[: int(len(answer.body) * share)] + b"\r\n" + text)
        handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = not tag

    return fault


def aws_error(code: str, status: int = 400) -> Fault:
    """As DynamoDB says it."""
    body = b'{"__type": "com.amazonaws.dynamodb.v20120810#%s", "message": "its words"}' % code.encode()
    headers = [("Content-Type", "application/x-amz-json-1.0")]
    return lambda handler, _: handler.answer(Answered(status, headers, body))
