"""The parts of an installation: each yields the quantities of what it is charged for in a month.

ClickHouse is one of two, ClickHouse Cloud or a machine of one's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from insights_local.cost_model import DAYS, GB, HOURS, MB_PER_GB, SECONDS, Model, Used

_VCPU_OF_A_UNIT = 2
# Name of the price, processors.
MACHINES = (("machine_2", 2), ("machine_4", 4), ("machine_8", 8), ("machine_16", 16))


def capture(m: Model) -> Iterator[Used]:
    requests = m.scenario.requests
    yield Used("http_api", "capture", requests)
    yield Used("lambda_requests", "Capture", requests)
    yield m.gb_seconds("Capture", m["capture_ms"], m["queue_ms"], requests)
    yield Used("sqs_requests", "captured messages: sent, received, deleted", requests * 1.2)
    yield Used("logs_taken", "capture", requests * (m["request_log_bytes"] + m["aws_log_bytes"]) / GB)


def ingest(m: Model) -> Iterator[Used]:
    """A call takes what came in its window: at least as many calls as messages are full, at most one each poller and
    window.
    """
    messages, persons = m.scenario.requests, m.scenario.persons
    calls = min(messages, m["pollers"] * SECONDS / m["window_s"])
    yield Used("lambda_requests", "Ingest", calls)
    fixed = m.waits("message") + m["insert_ms"]
    yield m.gb_seconds("Ingest", m["event_us"] / 1000 * m.scenario.events / max(calls, 1), fixed, calls)
    merges = persons * m["merges"]
    yield from m.store("message", messages)
    yield from m.store("person", persons)
    yield from m.store("merge", merges)
    kept = persons * m.scenario.months_kept * m["person_bytes"] / GB
    yield Used("dynamodb_storage", "persons", kept)
    yield Used("dynamodb_recovery", "persons", kept)


def questions(m: Model) -> Iterator[Used]:
    """All through `Query`: the functions of the insights have the same memory."""
    asked, computed = m.scenario.queries, m.scenario.computed
    yield Used("http_api", "questions", asked)
    yield Used("lambda_requests", "questions", asked)
    yield m.gb_seconds("Query", m["cached_ms"], m.waits("cached"), asked - computed)
    waits = m.waits("computed") + m["network_ms"] + m.question_ms
    yield m.gb_seconds("Query", m["computed_ms"], waits, computed)
    yield from m.store("cached", asked - computed)
    yield from m.store("computed", computed)
    yield Used("dynamodb_storage", "kept results", computed * m["result_kb"] * 1000 / GB * 7 / DAYS)
    lines = m["request_log_bytes"] + m["figures_log_bytes"] + m["aws_log_bytes"]
    yield Used("logs_taken", "questions", asked * lines / GB)
    yield Used("transfer", "answers", asked * m["answer_kb"] * 1000 / GB)


def snapshots(m: Model) -> Iterator[Used]:
    if not m.scenario.snapstart:
        return
    memory = sum(m.sizes.memory[name] for name in m.sizes.with_snapshots) / MB_PER_GB
    yield Used("snapstart_kept", f"{len(m.sizes.with_snapshots)} functions", memory * SECONDS)
    restored = m.scenario.requests * m.sizes.memory["Capture"] + m.scenario.queries * m.sizes.memory["Query"]
    yield Used("snapstart_restored", "new environments", restored * m["cold_share"] / MB_PER_GB)


def reports(m: Model) -> Iterator[Used]:
    """A subscription sends one e-mail a day; the schedule looks every minute, also for nobody."""
    ticks, sent = HOURS * 60, m.scenario.reports
    yield Used("scheduler", "a look a minute", ticks)
    yield Used("lambda_requests", "Report, Deliver", ticks + sent)
    yield m.gb_seconds("Report", m["tick_ms"], m.waits("tick"), ticks)
    yield m.gb_seconds("Deliver", m["report_ms"], m.waits("report"), sent)
    yield from m.store("tick", ticks)
    yield from m.store("report", sent)
    yield Used("sqs_requests", "reports", sent * 3)
    yield Used("mails", "reports", sent)
    yield Used("s3_writes", "pictures", sent)
    yield Used("s3_storage", "pictures", sent * m["report_kb"] * 1000 / GB)


def always(m: Model) -> Iterator[Used]:
    """What is there whether or not anybody asks. A figure costs in the hours in which somebody does."""
    yield Used("sqs_requests", "polling", m.sizes.queues * m["pollers"] * SECONDS / 20)
    yield Used("lambda_requests", "Squash", HOURS)
    yield m.gb_seconds("Squash", 0, m["squash_ms"], HOURS)
    yield Used("metrics", "figures", m["metrics"] * min(1.0, m.scenario.queries / HOURS))
    yield Used("alarms", "alarms", m.sizes.alarms)
    yield Used("dashboards", "dashboard", m.sizes.dashboards)
    yield Used("secrets", "ClickHouse's address and password", 1)


def clickhouse_cloud(m: Model) -> Iterator[Used]:
    """As many units as leave it busy half of the time at most; a backup is as large as the data."""
    seconds = m.scenario.clickhouse_hours * 3600
    units = max(1, math.ceil(m.processor_seconds / (seconds * _VCPU_OF_A_UNIT * m["busy"])))
    yield Used("clickhouse_compute", f"{units} of 8 GiB", units * m.scenario.clickhouse_hours)
    yield Used("clickhouse_storage", f"events of {m.scenario.months_kept} months, and a backup", 2 * m.stored_gb)


def own_machine(m: Model) -> Iterator[Used]:
    """The smallest that is busy half of the time at most, with a disk of three times the data."""
    wanted = m.processor_seconds / (SECONDS * m["busy"])
    price, processors = next((row for row in MACHINES if row[1] >= wanted), MACHINES[-1])
    count = max(1, math.ceil(wanted / processors))
    yield Used(price, f"{count} of {processors} processors", count * HOURS)
    yield Used("machine_disk", f"events of {m.scenario.months_kept} months", max(20.0, 3 * m.stored_gb))


Part = Callable[[Model], Iterator[Used]]
PARTS: tuple[Part, ...] = (capture, ingest, questions, snapshots, reports, always)
