"""What a webhook's address may be, and that nothing else is reached: against real servers of this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from insights_engine import outbound
from insights_engine.outbound import Unreachable, check_url, is_public, post

from tests.report.receiving import Receiver, certificate, hang_up, receiving, serving

PUBLIC = "93.184.215.14"
Names = dict[str, list[list[str]]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What host names mean: the addresses of each look-up in turn, the last ones from then on."""
    known: Names = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host not in known:
            return real(host, port, *args, **{**kwargs, "flags": socket.AI_NUMERICHOST})
        turns = known[host]
        addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        return [found for one in addresses for found in real(one, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "begin with https"),
        ("hooks.test/x", "begin with https"),
        ("http://hooks.test/x", "begin with https"),
        ("ftp://hooks.test/x", "begin with https"),
        ("file:///etc/passwd", "begin with https"),
        ("https:///x", "no host"),
        ("https://:443/x", "no host"),
        ("https://[hooks.test]/x", "cannot be read"),
        ("https://hooks.test:x/", "cannot be read"),
        ("https://hooks.test:99999/", "cannot be read"),
        ("https://hooks.test:0/", "port 0"),
        ("https://hooks.test:22/", "port 22"),
        ("https://hooks.test:8123/", "port 8123"),
        ("https://user:password@hooks.test/", "no user"),
        ("https://hooks.test@10.0.0.1/", "no user"),
        ("https://@hooks.test/", "no user"),
        ("https://hooks.test/a b", "spaces"),
        ("https://hooks.test/\r\nX-Evil: 1", "spaces"),
        ("https://hooks.test\\@10.0.0.1/", "backslashes"),
        (" https://hooks.test/", "spaces"),
        ("https://hooks.test/" + "x" * 2000, "longer than 2000"),
        ("https://hooks..test/", "no name"),
        ("https://hooks.test../", "no name"),
        ("https://.hooks.test/", "no name"),
        ("https://-x.test/", "no name"),
        ("https://" + "x" * 64 + ".test/", "no name"),
        ("https://ho%6fks.test/", "no name"),
        ("https://hooks\u3000.test/", "no name"),
        ("https://hooks.test\u2100/", "cannot be read"),
        ("https://nowhere.test/", "cannot be found"),
        # This machine, by all its names.
        ("https://127.0.0.1/", "not public"),
        ("https://127.0.0.1./", "not public"),
        ("https://127.1/", "four decimal numbers"),
        ("https://2130706433/", "four decimal numbers"),
        ("https://0x7f000001/", "four decimal numbers"),
        ("https://0x7f.0.0.1/", "four decimal numbers"),
        ("https://0177.0.0.1/", "four decimal numbers"),
        ("https://127.0.0.0x1/", "four decimal numbers"),
        ("https://１２７.0.0.1/", "not public"),
        ("https://127。0。0。1/", "not public"),
        ("https://[::1]/", "not public"),
        ("https://[::]/", "not public"),
        ("https://[::ffff:127.0.0.1]/", "not public"),
        ("https://[::ffff:7f00:1]/", "not public"),
        ("https://[::127.0.0.1]/", "not public"),
        ("https://[64:ff9b::127.0.0.1]/", "not public"),
        ("https://[fe80::1%25eth0]/", "no name"),
        ("https://0.0.0.0/", "not public"),
        ("https://localhost/", "not public"),
        ("https://LOCALHOST./", "not public"),
        ("https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "not public"),
        # A cloud's own addresses, and other networks of one's own.
        ("https://169.254.169.254/latest/meta-data/", "not public"),
        ("https://[fd00:ec2::254]/", "not public"),
        ("https://metadata.test/", "not public"),
        ("https://10.0.0.1/", "not public"),
        ("https://172.16.0.1/", "not public"),
        ("https://192.168.1.1/", "not public"),
        ("https://100.64.0.1/", "not public"),
        ("https://198.18.0.1/", "not public"),
        ("https://224.0.0.1/", "not public"),
        ("https://255.255.255.255/", "not public"),
        # One bad address of several is enough.
        ("https://mixed.test/", "not public"),
    ],
)
def test_addresses_that_are_refused(names: Names, url: str, why: str) -> None:
    names |= {
        "hooks.test": [[PUBLIC]],
        "localhost": [["127.0.0.1"]],
        "metadata.test": [["169.254.169.254"]],
        "mixed.test": [[PUBLIC, "10.0.0.1"]],
    }
    with pytest.raises(ValueError, match=why) as refused:
        check_url(url)
    assert "169.254" not in str(refused.value)  # what a name means inside is nobody's business
    with pytest.raises((ValueError, Unreachable), match=why):
        post(url, b"", {})


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.test",
        "https://hooks.test./a?b=c#d",
        "HTTPS://Hooks.Test:8443/a",
        "https://bücher.test/ü?ü=ü",
        "https://xn--bcher-kva.test/",
        "https://my_host.test/",
        f"https://{PUBLIC}/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
        "https://[::ffff:93.184.215.14]/",
        "https://[64:ff9b::93.184.215.14]:443/",
    ],
)
def test_addresses_that_are_taken(names: Names, url: str) -> None:
    names |= {host: [[PUBLIC]] for host in ("hooks.test", "xn--bcher-kva.test", "my_host.test")}
    check_url(url)


@pytest.mark.parametrize(
    "address", ["2002:7f00:1::1", "2001:0:1::1", "fec0::1", "ff0e::1", "64:ff9b:1::1", "fe80::1%eth0", "192.0.2.1"]
)
def test_addresses_that_lead_elsewhere_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_a_private_host_is_one_at_one_port(receiver: Receiver) -> None:
    allowed = (receiver.host,)
    check_url(f"{receiver.url}/x", allowed)
    check_url(f"http://LOCALHOST.:{receiver.port}/x", allowed)
    check_url(f"{receiver.url}/x", [receiver.host.upper()])
    for url in (f"http://127.0.0.1:{receiver.port}/", "http://localhost/", "https://localhost/"):
        with pytest.raises(ValueError, match=r"https|public"):
            check_url(url, allowed)
    assert receiver.received == []


def test_what_is_posted(receiver: Receiver) -> None:
    receiver.answers = [(201, b"thanks")]
    headers = {"Content-Type": "application/json", "X-Own": "1"}
    answer = post(f"{receiver.url}/ä/%2F?q=ö&r=%20#part", b'{"a":1}', headers, private_hosts=[receiver.host])
    assert answer == (201, b"thanks")
    (received,) = receiver.received
    assert (received.method, received.target) == ("POST", "/%C3%A4/%2F?q=%C3%B6&r=%20")
    assert received.body == b'{"a":1}'
    assert received.headers["host"] == receiver.host
    assert (received.headers["x-own"], received.headers["content-type"]) == ("1", "application/json")


def test_a_redirect_is_an_answer_like_others(receiver: Receiver) -> None:
    receiver.answers = [(307, b"")]
    assert post(receiver.url, b"x", {}, private_hosts=[receiver.host]).status == 307
    assert len(receiver.received) == 1


def test_no_proxy_comes_between(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert post(receiver.url, b"x", {}, private_hosts=[receiver.host]).status == 200


def test_a_long_answer_is_read_in_part(receiver: Receiver) -> None:
    receiver.answers = [(200, b"x" * (outbound.MAX_ANSWER * 4))]
    answer = post(receiver.url, b"", {}, private_hosts=[receiver.host])
    assert (answer.status, len(answer.body)) == (200, outbound.MAX_ANSWER)


def test_the_connection_goes_to_the_address_that_was_checked(names: Names, receiver: Receiver) -> None:
    """What the name means at a second look-up is never asked."""
    names["hooks.test"] = [["127.0.0.1"], ["192.0.2.1"]]
    host = f"hooks.test:{receiver.port}"
    assert post(f"http://{host}/", b"", {}, private_hosts=[host]).status == 200
    assert receiver.received[0].headers["host"] == host


def test_a_name_that_has_become_private_is_not_reached(names: Names, receiver: Receiver) -> None:
    names["hooks.test"] = [[PUBLIC], ["127.0.0.1"]]
    url = "https://hooks.test:8443/"
    check_url(url)
    with pytest.raises(Unreachable, match="not public") as refused:
        post(url, b"", {})
    assert not refused.value.was_sent


def test_another_address_is_tried_where_one_is_dead(names: Names, receiver: Receiver) -> None:
    host = f"hooks.test:{receiver.port}"
    names["hooks.test"] = [["127.0.0.9", "127.0.0.1"]]
    assert post(f"http://{host}/", b"", {}, private_hosts=[host]).status == 200


def test_nobody_listens(names: Names) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unreachable, match="cannot connect: ConnectionRefusedError: Connection refused") as refused:
        post(f"http://{host}/", b"", {}, private_hosts=[host])
    assert not refused.value.was_sent


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then: each read has its answer in time, all of them together never."""
    import time

    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(200):
        handler.wfile.write(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (hang_up, "no answer: "),
        (trickle, "no answer in time"),
        (lambda handler: handler.wfile.write(b"SSH-2.0-x\r\n\r\n"), "no answer: BadStatusLine"),
    ],
    ids=["hangs up", "is slow", "speaks otherwise"],
)
def test_an_answer_that_does_not_come(
    receiver: Receiver, answer: Callable[[BaseHTTPRequestHandler], None], why: str
) -> None:
    receiver.answers = [answer]
    with pytest.raises(Unreachable, match=why) as lost:
        post(receiver.url, b"x", {}, private_hosts=[receiver.host], seconds=0.5)
    assert lost.value.was_sent


def test_a_handshake_that_takes_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unreachable, match="in time") as lost:
            post(f"https://{host}/", b"x", {}, private_hosts=[host], seconds=0.3)
    assert not lost.value.was_sent


def test_the_certificate_is_the_hosts(tmp_path: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    path = certificate(tmp_path, "hooks.test")
    with receiving(serving(path)) as receiver:
        names |= {"hooks.test": [["127.0.0.1"]], "other.test": [["127.0.0.1"]]}
        named, other, bare = (f"{host}:{receiver.port}" for host in ("hooks.test", "other.test", "127.0.0.1"))
        allowed = (named, other, bare)
        with pytest.raises(Unreachable, match="self-signed certificate") as unknown:
            post(f"https://{named}/", b"x", {}, private_hosts=allowed)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        for host in (other, bare):
            with pytest.raises(Unreachable, match="not valid for") as wrong:
                post(f"https://{host}/", b"x", {}, private_hosts=allowed)
            assert not wrong.value.was_sent
        assert not unknown.value.was_sent
        assert receiver.received == []
        assert post(f"https://{named}/a", b"x", {}, private_hosts=allowed).status == 200
        assert [(r.target, r.body, r.headers["host"]) for r in receiver.received] == [("/a", b"x", named)]
