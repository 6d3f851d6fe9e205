"""What each fault of ClickHouse means: the answer that a caller gets, and whether a read is tried again first.

Tried again is what another moment can mend and what costs ClickHouse nothing twice: a server that is asleep or
starting, a connection that died (a function that was frozen finds its own closed), an answer that was cut, a full
house. A statement that ran into a limit would run into it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from insights_engine.errors import ApiError, Cancelled, Overloaded, ValidationError
from insights_engine.retries import Backoff

# A server that sleeps or starts takes seconds: up to five are spent on it.
ASLEEP = Backoff(attempts=6, first=0.2, most=2.0)
DEAD = Backoff(attempts=3, first=0.05, most=0.5)
BUSY = Backoff(attempts=6, first=0.1, most=2.0)

_TOO_LONG = "The query took too long. Ask for a shorter range, or fewer breakdown values."
_ESTIMATED = "The query was estimated to take too long. Ask for a shorter range, or fewer breakdown values."
_NO_TIME = "There is no time left for the query. Ask for less at once, or again by itself."
_TOO_BUSY = "ClickHouse is busy with other queries; try again in a moment."
_UNREACHABLE = "ClickHouse cannot be reached; try again in a moment."
_MEMORY = "The query needed more memory than it may use. Ask for a shorter range, or fewer breakdown values."
_QUOTA = "ClickHouse's quota is used up; try again later, or have it raised."
_TOO_MUCH = "The answer is larger than it may be. Ask for fewer rows (LIMIT), columns or values, or a shorter range."
_NO_ROOM = "ClickHouse has no room left on its disk; whoever runs it has to make some."

# ClickHouse's error code -> (HTTP status, what to say, how to try again). A code that is missing is ours to mend: 500.
CODES: dict[int, tuple[int, str, Backoff | None]] = {
    158: (512, "The query would read more rows than it may. Ask for a shorter range.", None),
    159: (504, _TOO_LONG, None),
    160: (504, _ESTIMATED, None),
    201: (503, _QUOTA, None),
    202: (503, _TOO_BUSY, BUSY),
    209: (503, _UNREACHABLE, None),  # a server that another server did not answer in time
    210: (503, _UNREACHABLE, DEAD),
    236: (503, _UNREACHABLE, ASLEEP),  # it is being stopped
    241: (512, _MEMORY, None),
    243: (503, _NO_ROOM, None),
    279: (503, _UNREACHABLE, ASLEEP),  # no server of the cluster
    307: (512, "The query would read more bytes than it may. Ask for a shorter range.", None),
    396: (400, _TOO_MUCH, None),
    439: (503, _TOO_BUSY, BUSY),
    745: (503, _TOO_BUSY, BUSY),
}
CANCELLED = frozenset({394, 735})
# The server does not take the DSN's user or password.
REFUSED = frozenset({192, 193, 194, 516})
# What stands before the server, or in its place, by the status that it answers.
_GATEWAY: dict[int, tuple[int, str, Backoff | None]] = {
    429: (503, _TOO_BUSY, BUSY),
    502: (503, _UNREACHABLE, ASLEEP),
    503: (503, _UNREACHABLE, ASLEEP),
    504: (504, _TOO_LONG, None),
}
_STRANGER = re.compile(r"Unexpected response to server version query")
_STATUS = re.compile(r"HTTP status (\d{3})\b")
_EMBEDDED = re.compile(r"Unable to open the chdb engine.*?(?:filesystem error: in \w+: (.+?) \[|$)", re.DOTALL)
# What the transport says -> what is wrong and what mends it, for who runs this alone. The first that fits.
_HTTP_PORTS = "ClickHouse's HTTP interface has port 8123, and 8443 for https"
_TRANSPORT = (
    (re.compile(r"NameResolutionError"), "its name is not found. Correct the host in CLICKHOUSE_DSN"),
    (
        re.compile(r"Connection refused"),
        f"nothing listens there (connection refused). Start it, or correct CLICKHOUSE_DSN: {_HTTP_PORTS}",
    ),
    (
        re.compile(r"ConnectTimeoutError|No route to host|Network is unreachable"),
        "connections to it get no answer. Have it let this machine in: firewall, security group, IP access list",
    ),
    (
        re.compile(r"SSLError.*(?:WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|UNEXPECTED_EOF)"),
        f"it does not speak TLS there. Write http:// in CLICKHOUSE_DSN, or correct the port: {_HTTP_PORTS}",
    ),
    (
        re.compile(r"CERTIFICATE_VERIFY_FAILED"),
        "its certificate is not trusted, or is of another name. Write that name in CLICKHOUSE_DSN, or name the "
        "authority: SSL_CERT_FILE",
    ),
    (
        re.compile(r"BadStatusLine"),
        f"what answers does not speak HTTP. Write https:// in CLICKHOUSE_DSN, or correct the port: {_HTTP_PORTS}",
    ),
    (
        re.compile(r"ConnectionResetError|RemoteDisconnected|IncompleteRead"),
        f"it closes the connection before it has answered. Where that lasts, correct CLICKHOUSE_DSN: {_HTTP_PORTS}",
    ),
)
_REFUSED = (
    "the user or the password of CLICKHOUSE_DSN is refused. Correct it there, or in the secret of CLICKHOUSE_SECRET_ARN"
)
_NOT_CLICKHOUSE = f"what answers there is not ClickHouse. Correct CLICKHOUSE_DSN: {_HTTP_PORTS}"
# ClickHouse's error code -> what mends it, where callers can do nothing about it.
_MIGRATE = "Run: insights migrate"
_OLDER = "Where the tables are of another release: insights migrate"
_RIGHTS = "The user of CLICKHOUSE_DSN lacks a right; insights doctor names it."
_ROOM = "Make room on ClickHouse's disk."
ADVICE = {16: _OLDER, 47: _OLDER, 60: _MIGRATE, 81: _MIGRATE, 164: _RIGHTS, 243: _ROOM, 497: _RIGHTS}
# What only the values in a request, or in the project's settings, can cause, by what ClickHouse says.
_INPUT = (
    (
        re.compile(r"cannot compile re2: (.*?), error: (.*?)\. Look at", re.DOTALL),
        "A regular expression cannot be read",
    ),
    (
        re.compile(r"not a valid re2 pattern: (.*?)(?:: In scope|: while|$)", re.DOTALL),
        "A regular expression cannot be read",
    ),
    (
        re.compile(r"Substitution ('\\\d+') in replacement"),
        "A path cleaning alias names a group that its regex has not",
    ),
    (
        re.compile(r"Cannot load time zone (\S+)"),
        "The project's timezone is not known to this ClickHouse",
    ),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """`reason`: what happened, where the server was not reached or did not let us in; it has no values of a query."""

    answer: ApiError
    again: Backoff | None = None
    reason: str = ""


def fault_of(error: Exception) -> Fault | None:
    """None where the fault is ours to mend."""
    return unreachable(error) or _of_statement(error)


def unreachable(error: Exception) -> Fault | None:
    """Where no answer came from the server, or not all of one, or it did not let us in."""
    from clickhouse_connect.driver.exceptions import StreamFailureError

    if found := _of_transport(error):
        return found
    known = code_of(error)
    if known in REFUSED:
        return Fault(Overloaded(_UNREACHABLE, status=503), None, _REFUSED)
    if embedded := _EMBEDDED.search(str(error)):
        return Fault(Overloaded(_UNREACHABLE, status=503), None, _closed(embedded[1]))
    if not known and isinstance(error, StreamFailureError):
        return Fault(Overloaded(_UNREACHABLE, status=503), DEAD, "the answer was cut")
    if not known and _STRANGER.search(str(error)):
        return Fault(Overloaded(_UNREACHABLE, status=503), None, _NOT_CLICKHOUSE)
    if not known and (found_status := _STATUS.search(str(error))):
        status, words, again = _GATEWAY.get(int(found_status[1]), (503, _UNREACHABLE, None))
        is_passing = int(found_status[1]) in _GATEWAY
        reason = f"a gateway answers {found_status[1]}"
        return Fault(Overloaded(words, status=status), again, reason if is_passing else f"{reason}: {_NOT_CLICKHOUSE}")
    return None


def explain(error: Exception) -> None:
    """Add what mends it, which then stands in the log and in what a command prints."""
    advice = ADVICE.get(code_of(error))
    if advice and advice not in getattr(error, "__notes__", ()):
        error.add_note(advice)


def no_time() -> Overloaded:
    """For a statement that would start too late to be answered."""
    return Overloaded(_NO_TIME, status=504)


def code_of(error: Exception) -> int:
    """ClickHouse's own, or 0."""
    known = getattr(error, "code", None)
    if isinstance(known, int):
        return known
    found = re.search(r"[Cc]ode: (\d+)", str(error))
    return int(found.group(1)) if found else 0


def _of_statement(error: Exception) -> Fault | None:
    known = code_of(error)
    if known in CODES:
        status, words, again = CODES[known]
        return Fault(ValidationError(words) if status == 400 else Overloaded(words, status=status), again)
    if known in CANCELLED:
        return Fault(Cancelled())
    for pattern, words in _INPUT:
        if found := pattern.search(str(error)):
            return Fault(ValidationError(f"{words}: {', '.join(part[:100] for part in found.groups())}."))
    return None


def _of_transport(error: Exception) -> Fault | None:
    from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ProtocolError, ReadTimeoutError

    for cause in _causes(error):
        if isinstance(cause, MaxRetryError) or not isinstance(cause, HTTPError):
            continue  # what caused it says the same without the URL, and in it the values of the query
        if isinstance(cause, ReadTimeoutError):
            return Fault(Overloaded(_TOO_LONG, status=504), None, "no answer in time")
        kinds = ((NewConnectionError, ASLEEP), (ProtocolError, DEAD))
        again = next((backoff for kind, backoff in kinds if isinstance(cause, kind)), None)
        said = f"{type(cause).__name__}: {cause}"
        reason = next((words for pattern, words in _TRANSPORT if pattern.search(said)), said)
        return Fault(Overloaded(_UNREACHABLE, status=503), again, reason)
    return None


def _closed(why: str | None) -> str:
    """Of an embedded engine's folder."""
    if why:
        return f"its folder cannot be used: {why}. Name another: CLICKHOUSE_DSN=chdb:///path"
    return "another process has it open, or it cannot be written. One process at a time: stop the other"


def _causes(error: BaseException) -> Iterator[BaseException]:
    while error.__cause__ is not None:
        error = error.__cause__
        yield error
