"""HTTP requests to addresses that users name, which may not reach what only this function can.

- https at port 443 or 8443, without a user; the certificate must be the host's.
- The host is looked up once, every address of it must be public, and the connection goes to one of these very
  addresses: what the name means a moment later does not matter. No proxy, no redirect.
- A deadline for all of it, from the handshake on, however slowly the other side speaks; 64 KB of the answer are read.
- A host of PRIVATE_HOSTS may also be reached by http, at any port and any address: its owner said so.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import quote, urlsplit

PORTS = (443, 8443)
MAX_URL = 2000
MAX_ANSWER = 64 * 1024
SECONDS = 10.0

_DEFAULT_PORTS = {"https": 443, "http": 80}
_CONNECT_SECONDS = 3.0
_MOST_ADDRESSES = 3
_UNFIT = re.compile(r"[\x00-\x20\x7f\\]")
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_IN_PATH = "/%:@!$&'()*+,;=~-._"
# An IPv4 host as networks of IPv6 alone see it.
_NAT64 = IPv6Network("64:ff9b::/96")
_IPV6_UNICAST = IPv6Network("2000::/3")


class Unreachable(Exception):
    """There is no answer. `was_sent`: the request may have gone out, so nobody can say whether it was acted upon."""

    def __init__(self, reason: str, *, was_sent: bool) -> None:
        super().__init__(reason)
        self.was_sent = was_sent


class Answer(NamedTuple):
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    """What a URL says. `is_named`: a host of PRIVATE_HOSTS."""

    scheme: str
    host: str
    port: int
    target: str
    is_named: bool

    @property
    def host_header(self) -> str:
        host = _bracketed(self.host)
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def check_url(url: str, private_hosts: Collection[str] = ()) -> None:
    """Raises ValueError with the reason, as the end of a sentence. `private_hosts`: each is `host:port`."""
    _addresses(_place_of(url, private_hosts))


def host_of(url: str) -> str:
    """`host:port`, as PRIVATE_HOSTS spells it and as logs may have it: without a path, which may be a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 443)
    except ValueError:
        return ""
    return f"{_bracketed(parts.hostname or '')}:{port}"


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    private_hosts: Collection[str] = (),
    seconds: float = SECONDS,
) -> Answer:
    """Raises ValueError for an address that may not be, Unreachable."""
    place = _place_of(url, private_hosts)
    try:
        addresses = _addresses(place)
    except ValueError as error:
        raise Unreachable(str(error), was_sent=False) from None
    until = time.monotonic() + seconds
    connected = _secured(_connected(addresses, place.port, until), place)
    return _exchanged(connected, place, body, headers, until)


def is_public(address: str) -> bool:
    """Whether everybody on the internet could reach it, too; whatever IPv4 address it stands for included."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or (IPv4Address(int(found) & 0xFFFFFFFF) if found in _NAT64 else None)
        if inner is None:
            return found in _IPV6_UNICAST and found.is_global
        found = inner
    return found.is_global and not found.is_multicast and not found.is_reserved


def _place_of(url: str, private_hosts: Collection[str]) -> _Place:
    if len(url) > MAX_URL:
        raise ValueError(f"it is longer than {MAX_URL} characters")
    if _UNFIT.search(url):
        raise ValueError("spaces, control characters and backslashes may not stand in it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("it cannot be read") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("it must begin with https://")
    if "@" in parts.netloc:
        raise ValueError("no user and no password may stand in it")
    if not parts.hostname:
        raise ValueError("it names no host")
    host = _host(parts.hostname)
    port = _DEFAULT_PORTS[parts.scheme] if port is None else port
    is_named = f"{_bracketed(host)}:{port}" in map(str.lower, private_hosts)
    if not is_named and parts.scheme != "https":
        raise ValueError("it must begin with https://")
    if not is_named and port not in PORTS:
        raise ValueError(f"port {port} is not allowed; use {' or '.join(map(str, PORTS))}")
    query = f"?{quote(parts.query, safe=_IN_PATH + '?')}" if parts.query else ""
    return _Place(parts.scheme, host, port, quote(parts.path or "/", safe=_IN_PATH) + query, is_named)


def _host(written: str) -> str:
    """In ASCII, without the dot at its end. An address in any but its usual form is none: tools disagree on it."""
    if ":" in written:
        try:
            return str(IPv6Address(written)) if "%" not in written else _no_host()
        except ValueError:
            _no_host()
    name = written.removesuffix(".").lower()
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True, std3_rules=True).decode()
        except (idna.IDNAError, UnicodeError):
            _no_host()
    if len(name) > 253 or not _NAME.fullmatch(name):
        _no_host()
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        try:
            IPv4Address(name)
        except ValueError:
            raise ValueError("an IP address is written as four decimal numbers") from None
    return name


def _no_host() -> str:
    raise ValueError("its host is no name and no address")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _addresses(place: _Place) -> list[str]:
    """Raises ValueError, which does not say which address it is: that may be nobody's business."""
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ValueError("its host cannot be found") from None
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    if not place.is_named and not all(map(is_public, addresses)):
        raise ValueError("its host is at an address that is not public")
    return addresses


def _connected(addresses: list[str], port: int, until: float) -> socket.socket:
    problem = "it has no address"
    for address in addresses[:_MOST_ADDRESSES]:
        left = min(_CONNECT_SECONDS, until - time.monotonic())
        if left <= 0:
            break
        try:
            made = socket.create_connection((address, port), timeout=left)
        except OSError as error:
            problem = _reason(error)
            continue
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.settimeout(max(0.1, until - time.monotonic()))
        return made
    raise Unreachable(f"cannot connect: {problem}", was_sent=False)


def _secured(connected: socket.socket, place: _Place) -> socket.socket:
    """Without the handshake yet, as that may take as long as the other side likes."""
    if place.scheme != "https":
        return connected
    import ssl

    import certifi

    # The system's certificates, or SSL_CERT_FILE's, and those that are known everywhere.
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context.wrap_socket(connected, server_hostname=place.host, do_handshake_on_connect=False)


def _exchanged(
    connected: socket.socket, place: _Place, body: bytes, headers: Mapping[str, str], until: float
) -> Answer:
    from http.client import HTTPConnection, HTTPException

    was_sent = False
    connection = HTTPConnection(place.host, place.port)
    connection.sock = connected
    with connected, _cut_off(connected, until):
        try:
            if place.scheme == "https":
                connected.do_handshake()  # type: ignore[attr-defined]  # an SSLSocket
            was_sent = True
            about = {"Host": place.host_header, "Accept-Encoding": "identity", "Connection": "close"}
            connection.request("POST", place.target, body, {**about, **headers})
            answer = connection.getresponse()
            if time.monotonic() >= until:
                raise TimeoutError  # headers that were cut off read like fewer headers
        except (OSError, HTTPException) as error:
            is_late = time.monotonic() >= until or isinstance(error, TimeoutError)
            reason = "no answer in time" if is_late else f"no answer: {_reason(error)}"
            raise Unreachable(reason, was_sent=was_sent) from None
        read = b""
        with suppress(OSError, HTTPException):  # the status says enough
            read = answer.read(MAX_ANSWER)
        return Answer(answer.status, read)


@contextmanager
def _cut_off(connected: socket.socket, until: float) -> Iterator[None]:
    """A time limit of a socket is one of each read: a byte a second would hold it for ever."""
    from threading import Timer

    def cut() -> None:
        with suppress(OSError):
            socket.socket.shutdown(connected, socket.SHUT_RDWR)

    timer = Timer(max(0.0, until - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _reason(error: Exception) -> str:
    """Without numbers, addresses and lines of OpenSSL's source."""
    message = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or str(error)
    name = type(error).__name__
    return f"{name}: {re.sub(r' *[(]_ssl[.]c:[0-9]+[)]', '', str(message))}"[:200] if message else name
