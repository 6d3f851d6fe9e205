"""What a command prints when something is not as it should be: what is wrong, and what mends it. Never a traceback."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.conftest import Run
from tests.local.serving import COMMAND, environment

REPOSITORY = Path(__file__).parents[2]
NATIVE = (
    b"HTTP/1.0 400 Bad Request\r\n\r\nPort 9000 is for clickhouse-client program\r\nYou must use port 8123 for HTTP."
)
TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x46"
HANGS_UP = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n2"


@pytest.fixture
def listening() -> Iterator[Callable[[bytes], int]]:
    """`listening(answer)` is the port of a server that answers everything so, and closes."""
    listeners: list[socket.socket] = []

    def serve(listener: socket.socket, answer: bytes) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):  # who asks may hang up first
                connection.settimeout(10)
                connection.recv(65536)
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):  # a socket that is closed with something unread resets the connection
                    pass

    def listen(answer: bytes) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=serve, args=(listener, answer), daemon=True).start()
        return int(listener.getsockname()[1])

    yield listen
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def told(run: Run, *arguments: str, **variables: str | None) -> str:
    result = run(*arguments, **variables)
    assert result.exit_code in (1, 2), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.stderr


@pytest.mark.parametrize(
    ("dsn", "answer", "words"),
    [
        ("tcp://me:s3cret@h:9000/x", b"", "its native protocol is not spoken, so write http or https, and that port"),
        ("h:8123", b"", "must be of the form chdb:///path?database=name or https://user:password@host:8443/database"),
        ("chdb:data", b"", "an embedded engine is chdb:///path, with three slashes"),
        (
            "http://me:s3cret@127.0.0.1:1/x",
            b"",
            "127.0.0.1:1: nothing listens there (connection refused). Start it, or",
        ),
        ("http://me:s3cret@no-such-host.invalid/x", b"", "its name is not found. Correct the host in CLICKHOUSE_DSN"),
        (
            "https://me:s3cret@127.0.0.1:{port}/x",
            NATIVE,
            "it does not speak TLS there. Write http:// in CLICKHOUSE_DSN",
        ),
        ("http://me:s3cret@127.0.0.1:{port}/x", TLS_ALERT, "does not speak HTTP. Write https:// in CLICKHOUSE_DSN, or"),
        ("http://me:s3cret@127.0.0.1:{port}/x", NATIVE, "what answers there is not ClickHouse. Correct CLICKHOUSE_DSN"),
        (
            "http://me:s3cret@127.0.0.1:{port}/x",
            HANGS_UP,
            "it closes the connection before it has answered. Where that lasts, correct CLICKHOUSE_DSN",
        ),
    ],
)
def test_a_wrong_dsn(run: Run, listening: Callable[[bytes], int], dsn: str, answer: bytes, words: str) -> None:
    for command in (("migrate",), ("migrate", "--check"), ("squash",)):
        said = told(
            run,
            *command,
            CLICKHOUSE_DSN=dsn.format(port=listening(answer) if answer else 0),
            POLICIES_TABLE="sqlite:////nowhere",
        )
        assert words in said
        assert "s3cret" not in said


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (
            "/proc/insights",
            "its folder cannot be used: No such file or directory. Name another: CLICKHOUSE_DSN=chdb:///",
        ),
        (__file__, "its folder cannot be used: File exists. Name another"),
    ],
)
def test_an_embedded_engine_without_a_folder(path: str, words: str) -> None:
    """In a process of its own: a process has one engine."""
    done = subprocess.run(
        [COMMAND, "migrate"], env={**environment(), "CLICKHOUSE_DSN": f"chdb://{path}"}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: ClickHouse at {path}: {words}")


NO_FILES = {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AWS_DEFAULT_REGION": None}, "Name the region of your stack: AWS_DEFAULT_REGION="),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "Sign in (aws sso login, or aws configure)"),
        ({"AWS_PROFILE": "nobody"}, "aws configure list-profiles says which there are"),
        ({}, "There is no table POLICIES_TABLE=no-such-table in this region and account."),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "Name the region of your stack"),
    ],
)
@pytest.mark.parametrize("command", [("users", "list"), ("keys", "add", "ada@example.com")], ids=" ".join)
def test_aws_is_not_as_it_should_be(
    run: Run, moto_url: str, command: tuple[str, ...], variables: dict[str, str | None], words: str
) -> None:
    assert words in told(run, *command, POLICIES_TABLE="no-such-table", **NO_FILES | variables)


def test_a_secret_that_is_not_there(run: Run, moto_url: str) -> None:
    assert "Check CLICKHOUSE_SECRET_ARN" in told(run, "migrate", CLICKHOUSE_SECRET_ARN="no-such-secret", **NO_FILES)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"POLICIES_TABLE": "sqlite:///proc/x/policies.db"}, "has to name a place that can be written."),
        (
            {"POLICIES_TABLE": f"sqlite://{__file__}"},
            "file is not a database\nIt is no store of `insights serve`; check",
        ),
        ({"QUERY_SECONDS": "soon"}, 'QUERY_SECONDS is "soon", and has to be a whole number, as 25\nCorrect the'),
        ({"RATE_LIMITS": "many"}, 'RATE_LIMITS: "many" is not a rate.'),
    ],
)
def test_a_setting_is_wrong(run: Run, policies: str, variables: dict[str, str], words: str) -> None:
    assert words in told(run, "users", "list", **{"POLICIES_TABLE": policies} | variables)


@pytest.mark.parametrize(
    "command", [("users", "list"), ("keys", "add", "a@example.com"), ("squash",), ("migrate",)], ids=" ".join
)
def test_a_mistyped_folder_is_not_made(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    typo = tmp_path / "dta"
    said = told(run, *command, "--data-dir", str(typo))
    assert said == (
        f"Error: There is no local data in {typo}.\nCheck the name, or make it: insights serve --data-dir {typo}\n"
    )
    assert not typo.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("serve", "--host", "192.0.2.1"), "Listen on an address of this machine: --host 127.0.0.1"),
        (("serve", "--host", "no-such-host.invalid"), "Listen on an address of this machine: --host 127.0.0.1"),
        (
            ("serve", "--data-dir", "/proc/insights"),
            "cannot be written: No such file or directory.\nName a folder that",
        ),
        (
            ("serve", "--clickhouse", "localhost"),
            "Invalid value for '--clickhouse': CLICKHOUSE_DSN must be of the form",
        ),
        (("server",), "No such command 'server'. Did you mean 'serve'?"),
        (("key", "add"), "No such command 'key'. Did you mean 'keys'?"),
        (("keys", "ad"), "No such command 'ad'. Did you mean 'add'?"),
        (("keys", "add", "--scopes", "x"), "No such option '--scopes'. Did you mean '--scope'?"),
    ],
)
def test_a_command_is_wrong(run: Run, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    options: tuple[str, ...] = ("--port", "0") if arguments[0] == "serve" else ()
    if "--host" in arguments:
        options += ("--data-dir", str(tmp_path))
    assert words in told(run, *arguments, *options)


def test_the_first_person_and_project_are_asked_for(run: Run, policies: str, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("{}")
    assert "let the first one in: insights users add ada@" in told(
        run, "keys", "add", "ada@example.com", POLICIES_TABLE=policies
    )
    assert "make the first one: insights projects add NAME" in told(
        run, "import", str(file), "--project", "1", POLICIES_TABLE=policies, CLICKHOUSE_DSN="http://127.0.0.1:1"
    )


def test_advice_can_be_pasted(tmp_path: Path) -> None:
    """As `make run` installs it, the command is not on PATH."""
    typo = tmp_path / "dta"
    called = subprocess.run(
        [COMMAND, "users", "list", "--data-dir", typo], capture_output=True, text=True, env={"PATH": ""}
    )
    assert called.stderr.endswith(f"or make it: {COMMAND} serve --data-dir {typo}\n")


SPOKEN = [
    *(REPOSITORY / "tools").glob("[ef]*"),
    *(REPOSITORY / "local" / "insights_local").rglob("*.py"),
    *(REPOSITORY / "layers" / "acl").rglob("*.py"),
    *(REPOSITORY / "layers" / "engine").rglob("*.py"),
]


def test_the_page_has_the_words_that_are_said() -> None:
    page = (REPOSITORY / "docs" / "local.md").read_text("utf-8")
    section = page.partition("### What you may see")[2].partition("\n## ")[0]
    quoted = [words for row in re.findall(r"^\| (.*?) \|", section, re.M) for words in re.findall(r"`([^`/]+)`", row)]
    said = "".join(re.sub(r'"\s+f?"', "", path.read_text("utf-8")) for path in SPOKEN)
    assert len(quoted) > 25
    assert [words for words in quoted if words not in said] == []
