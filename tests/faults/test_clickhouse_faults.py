"""What a caller gets for each fault of ClickHouse, and how often ClickHouse was asked for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from insights_engine import aws, deadline
from insights_engine.dsn import secret_dsn
from insights_engine.errors import Overloaded

from tests.faults import faulty
from tests.faults.conftest import ANSWER, Broken, Count
from tests.faults.faulty import Asked, Fault, always, first

AWAY = "ClickHouse cannot be reached; try again in a moment."
BUSY = "ClickHouse is busy with other queries; try again in a moment."
TOO_LONG = "The query took too long. Ask for a shorter range, or fewer breakdown values."

# What one or two requests suffer and the caller does not notice: the fault, how often, requests in all.
MENDED: dict[str, tuple[Fault, int, int]] = {
    "closed without an answer": (faulty.close, 2, 3),
    "reset": (faulty.abort, 2, 3),
    "cut in the body": (faulty.cut(0.5), 2, 3),
    "cut before the last byte": (faulty.cut(0.99), 1, 2),
    "cut after the headers": (faulty.cut(0), 1, 2),
    "cut between chunks": (faulty.cut_chunks(0.5), 2, 3),
    "all chunks but the end": (faulty.cut_chunks(1), 1, 2),
    "asleep behind a gateway": (faulty.status(503), 3, 4),
    "starting behind a gateway": (faulty.status(502), 2, 3),
    "too many requests for the gateway": (faulty.status(429), 1, 2),
    "too many simultaneous queries": (faulty.exception(202, "TOO_MANY_SIMULTANEOUS_QUERIES"), 3, 4),
    "no thread": (faulty.exception(439, "CANNOT_SCHEDULE_TASK"), 1, 2),
    "overloaded": (faulty.exception(745, "SERVER_OVERLOADED"), 1, 2),
    "being stopped": (faulty.exception(236, "ABORTED"), 2, 3),
    "network between servers": (faulty.exception(210, "NETWORK_ERROR"), 1, 2),
    "no replica": (faulty.exception(279, "ALL_CONNECTION_TRIES_FAILED"), 1, 2),
    "slow": (faulty.late(0.2), 1, 1),
    "closed after the answer": (faulty.close_after, 1, 1),
}


@pytest.mark.parametrize(("fault", "times", "requests"), MENDED.values(), ids=MENDED)
def test_what_passes_is_not_noticed(
    broken: Broken, asked: Callable[[], Any], fault: Fault, times: int, requests: int
) -> None:
    broken.server.fault = first(times, fault)
    answered = asked()
    assert answered.status_code == 200, answered.text
    assert answered.json()["results"][0]["data"] == ANSWER
    assert len(broken.server.asked) == requests
    assert len(broken.pauses) == requests - 1
    assert all(pause <= 2 for pause in broken.pauses)


# What stays: the fault, status, words, requests in all.
STAYING: dict[str, tuple[Fault, int, str, int]] = {
    "closed without an answer": (faulty.close, 503, AWAY, 3),
    "reset": (faulty.abort, 503, AWAY, 3),
    "cut in the body": (faulty.cut(0.5), 503, AWAY, 3),
    "cut between chunks": (faulty.cut_chunks(0.5), 503, AWAY, 3),
    "asleep behind a gateway": (faulty.status(503), 503, AWAY, 6),
    "starting behind a gateway": (faulty.status(502), 503, AWAY, 6),
    "the gateway's own time limit": (faulty.status(504), 504, TOO_LONG, 1),
    "something else at this address": (faulty.status(404), 503, AWAY, 1),
    "too many simultaneous queries": (faulty.exception(202, "TOO_MANY_SIMULTANEOUS_QUERIES"), 503, BUSY, 6),
    "overloaded": (faulty.exception(745, "SERVER_OVERLOADED"), 503, BUSY, 6),
    "being stopped": (faulty.exception(236, "ABORTED"), 503, AWAY, 6),
    "time": (faulty.exception(159, "TIMEOUT_EXCEEDED"), 504, TOO_LONG, 1),
    "estimated time": (faulty.exception(160, "TOO_SLOW"), 504, "The query was estimated to take too long.", 1),
    "memory": (faulty.exception(241, "MEMORY_LIMIT_EXCEEDED"), 512, "The query needed more memory", 1),
    "rows": (faulty.exception(158, "TOO_MANY_ROWS"), 512, "The query would read more rows", 1),
    "bytes": (faulty.exception(307, "TOO_MANY_BYTES"), 512, "The query would read more bytes", 1),
    "quota": (faulty.exception(201, "QUOTA_EXCEEDED"), 503, "ClickHouse's quota is used up", 1),
    "no room": (faulty.exception(243, "NOT_ENOUGH_SPACE"), 503, "ClickHouse has no room left", 1),
    "a server behind the server": (faulty.exception(209, "SOCKET_TIMEOUT"), 503, AWAY, 1),
    "the password was changed": (faulty.exception(516, "AUTHENTICATION_FAILED"), 503, AWAY, 1),
    "a fault of ours": (faulty.exception(47, "UNKNOWN_IDENTIFIER"), 500, "A server error occurred.", 1),
    "not ClickHouse at all": (faulty.status(200), 503, AWAY, 3),
}


@pytest.mark.parametrize(("fault", "code", "words", "requests"), STAYING.values(), ids=STAYING)
def test_what_stays_is_said(broken: Broken, count: Count, fault: Fault, code: int, words: str, requests: int) -> None:
    broken.server.fault = always(fault)
    told = count()
    assert told.status == code
    assert told.body["detail"].startswith(words)
    assert told.body | {"detail": ""} == {"type": "server_error", "code": "error", "detail": "", "attr": None}
    assert len(broken.server.asked) == requests
    broken.server.fault = faulty.never
    assert count().body == ANSWER


def test_an_answer_that_is_too_large_is_the_questions_fault(broken: Broken, count: Count) -> None:
    broken.server.fault = always(faulty.exception(396, "TOO_MANY_ROWS_OR_BYTES"))
    told = count()
    assert (told.status, told.body["type"], told.body["code"]) == (400, "validation_error", "invalid_input")
    assert told.body["detail"].startswith("The answer is larger than it may be. Ask for fewer rows (LIMIT)")
    assert len(broken.server.asked) == 1


def test_a_query_that_somebody_killed_says_so(broken: Broken, count: Count) -> None:
    broken.server.fault = always(faulty.exception(394, "QUERY_WAS_CANCELLED"))
    told = count()
    assert (told.status, told.body["code"]) == (503, "cancelled")
    assert len(broken.server.asked) == 1


SHARES = (0, 0.2, 0.3, 0.5, 0.8, 0.9, 1)


@pytest.mark.parametrize("share", SHARES)
def test_an_error_behind_some_of_the_rows_is_that_error(broken: Broken, count: Count, share: float) -> None:
    broken.server.fault = always(faulty.exception_after(share, 241, "MEMORY_LIMIT_EXCEEDED", tag="abcdefghijklmnop"))
    assert count().status == 512
    assert len(broken.server.asked) == 1


@pytest.mark.parametrize("share", SHARES)
def test_an_error_behind_some_of_the_rows_is_never_an_answer(broken: Broken, count: Count, share: float) -> None:
    """As servers before 25.11 end it: by the text alone, which may read as the beginning of more rows."""
    broken.server.fault = always(faulty.exception_after(share, 241, "MEMORY_LIMIT_EXCEEDED"))
    assert count().status in (500, 512)


def test_the_log_says_that_it_was_tried_again(broken: Broken, count: Count, caplog: pytest.LogCaptureFixture) -> None:
    broken.server.fault = first(2, faulty.close)
    assert count().body == ANSWER
    (line,) = [record for record in caplog.records if record.message == "request"]
    assert line.__dict__["clickhouse_retries"] == 2


@pytest.mark.parametrize(
    ("code", "name", "advice"),
    [
        (60, "UNKNOWN_TABLE", "Run: insights migrate"),
        (81, "UNKNOWN_DATABASE", "Run: insights migrate"),
        (497, "ACCESS_DENIED", "lacks a right; insights doctor names it."),
    ],
)
def test_the_log_says_what_mends_a_fault_that_is_ours(
    broken: Broken, count: Count, caplog: pytest.LogCaptureFixture, code: int, name: str, advice: str
) -> None:
    broken.server.fault = always(faulty.exception(code, name))
    told = count()
    assert (told.status, advice in str(told.body)) == (500, False)
    (line,) = [record for record in caplog.records if record.exc_info]
    assert advice in logging.Formatter().formatException(line.exc_info)


# Not there


def test_a_refused_connection_is_tried_for_seconds(broken: Broken, count: Count) -> None:
    broken.server.down()
    told = count()
    assert (told.status, told.body["detail"]) == (503, AWAY)
    assert len(broken.pauses) == 5
    assert 0 < sum(broken.pauses) <= 5


def test_a_server_that_comes_up_meanwhile_answers(broken: Broken, asked: Callable[[], Any]) -> None:
    broken.server.down()
    broken.on_pause = lambda number: broken.server.up() if number == 3 else None
    assert asked().json()["results"][0]["data"] == ANSWER
    assert len(broken.pauses) == 3


def test_a_thawed_function_finds_its_connections_dead(broken: Broken, asked: Callable[[], Any]) -> None:
    """However many it had: the first that is found dead takes the others with it."""
    for _ in range(3):
        assert asked().status_code == 200
        broken.server.break_connections()
        broken.pauses.clear()
        assert asked().json()["results"][0]["data"] == ANSWER
        assert len(broken.pauses) <= 1


# The deadline


def limit_of(request: Asked) -> int:
    return int(parse_qs(urlsplit(request.path).query)["max_execution_time"][0])


@pytest.mark.parametrize(("seconds", "limits"), [(29, {25}), (20, {17, 18}), (5, {2, 3})])
def test_clickhouse_is_told_what_is_left(broken: Broken, count: Count, seconds: float, limits: set[int]) -> None:
    assert count(seconds).body == ANSWER
    assert limit_of(broken.server.asked[0]) in limits


def test_a_function_that_has_no_time_left_asks_nothing(broken: Broken, count: Count) -> None:
    told = count(2.5)
    assert told.status == 504
    assert told.body["detail"] == "There is no time left for the query. Ask for less at once, or again by itself."
    assert broken.server.asked == []


def test_a_server_that_takes_the_question_and_is_silent_is_given_up_in_time(broken: Broken, count: Count) -> None:
    """Also by a client that was opened for a request with more time."""
    assert count(29).body == ANSWER
    broken.server.fault = always(faulty.hang)
    told = count(3.2)
    assert (told.status, told.body["detail"]) == (504, TOO_LONG)
    assert told.milliseconds < 3200
    assert len(broken.server.asked) == 2


@pytest.mark.parametrize(
    ("fault", "status"), [(faulty.hang, 504), (faulty.close, 503), (faulty.status(503), 503), (faulty.status(200), 503)]
)
def test_it_is_the_same_while_a_client_is_opened(broken: Broken, count: Count, fault: Fault, status: int) -> None:
    """The driver asks the server what it is before it asks anything else."""
    broken.server.counts = lambda _: True
    broken.server.fault = always(fault)
    told = count(3.2)
    assert told.status == status
    assert told.milliseconds < 3200
    broken.server.fault = faulty.never
    assert count().body == ANSWER


def test_nothing_is_tried_again_past_the_deadline(broken: Broken, count: Count) -> None:
    """Each pause is passed in truth here."""
    broken.server.down()
    broken.on_pause = lambda _: time.sleep(broken.pauses[-1])
    told = count(3.5)
    assert told.status in (503, 504)
    assert told.milliseconds < 3500
    assert sum(broken.pauses) < 1.5


def test_a_job_has_its_own_limit(broken: Broken, count: Count) -> None:
    with deadline.within(600):
        assert count(900).body == ANSWER
    assert limit_of(broken.server.asked[0]) in (599, 600)
    with deadline.within(600):
        assert count(100).body == ANSWER
    assert limit_of(broken.server.asked[1]) in (97, 98)
    with deadline.within(5):
        assert count(900).body == ANSWER
    assert limit_of(broken.server.asked[2]) in (4, 5)


# The secret that holds the DSN


def test_a_secret_that_cannot_be_read_is_a_503(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server = faulty.Faulty(moto_url)
    server.up()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setattr("insights_engine.aws._clients", {})
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    arn = aws.client("secretsmanager").create_secret(Name=uuid4().hex, SecretString="chdb:///a")["ARN"]
    for fault in (faulty.aws_error("ThrottlingException"), faulty.status(500), faulty.close):
        server.fault = always(fault)
        with pytest.raises(Overloaded) as raised:
            secret_dsn(arn)
        assert (raised.value.status, raised.value.detail) == (503, AWAY)
        assert "Secrets Manager" in str(raised.value)
        server.fault = faulty.never
        assert secret_dsn(arn) == "chdb:///a"
    server.down()
