"""A real server on this machine that takes what is sent to it, and answers as a test says."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


# A status with a body, or what is written to the socket instead.
Answered = tuple[int, bytes] | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Receiver:
    """`answers` are given in turn, the last one from then on."""

    scheme: str = "http"
    port: int = 0
    received: list[Received] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=lambda: [(200, b"{}")])
    # Given the request: an answer of its own, before `answers`.
    rule: Callable[[Received], Answered | None] = lambda _: None

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}"

    def answer_to(self, request: Received) -> Answered:
        own = self.rule(request)
        if own is not None:
            return own
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver("https" if context else "http")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # with its `100 Continue`, for which the SDK waits a second

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(self.command, self.path, headers, body)
            receiver.received.append(request)
            answer = receiver.answer_to(request)
            if callable(answer):
                answer(self)
                return
            status, content = answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Location", f"{receiver.url}/elsewhere")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever went away in the middle is what some tests are about."""

        def get_request(self) -> Any:
            made, address = super().get_request()
            # The handshake is left to the thread of the connection.
            return context.wrap_socket(made, True, do_handshake_on_connect=False) if context else made, address

    server = Server(("localhost", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    receiver.port = server.server_port
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """The request was read, and no answer comes."""
    handler.close_connection = True
    handler.connection.close()


def certificate(folder: Path, *names: str) -> Path:
    """A throwaway certificate of these hosts, which vouches for itself, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{names[0]}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


def serving(certificate_path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_path)
    return context
