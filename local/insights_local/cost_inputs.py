"""What one of each thing takes, as it was measured or, where it could not be, as it is assumed; each says which.

The request units of DynamoDB are counted by a test that runs the real thing over a store that counts.
"""

from __future__ import annotations

from typing import NamedTuple

BENCH_QUERIES = "docs/performance.md, `make bench`"
BENCH_OVERHEAD = "docs/performance.md, `make bench BENCH=overhead`"
ASSUMED = "assumed"


class Measure(NamedTuple):
    name: str
    value: float
    unit: str
    of: str
    where: str


class Units(NamedTuple):
    """DynamoDB's request units for one of them, of both tables. `calls`: round trips that wait for each other."""

    name: str
    label: str
    reads: int
    writes: int
    calls: int
    of: str


class Question(NamedTuple):
    """A kind of question: its share of the computed ones, and ClickHouse's ms at `QUESTIONS_OVER` events a month."""

    name: str
    share: float
    ms: float


# Ten million events of ninety days.
QUESTIONS_OVER = 10_000_987 / 90 * 365 / 12
QUESTIONS = (
    Question("by $current_url, top 25 + Other, 30 d", 0.60, 40),
    Question("funnel, 3 steps, 14 d window, 30 d", 0.15, 78),
    Question("retention recurring, 11 w", 0.15, 61),
    Question("paths, page views, 30 d", 0.10, 136),
)

UNITS = (
    Units("message", "captured messages", 2, 0, 2, "a captured message of one person who is known"),
    Units("person", "new persons", 1, 3, 4, "the first event of a new person, beside the message"),
    Units("merge", "merged persons", 8, 6, 9, "an `$identify` that makes one person of two, with its message"),
    Units("cached", "kept answers", 8, 0, 3, "a question that is answered with a kept result"),
    Units("computed", "computed questions", 9, 5, 8, "a question that is computed: a trend by browser, 11 kB"),
    Units("report", "reports", 40, 40, 30, "a report by e-mail, from its queue to its record; at most"),
    Units("tick", "looking for reports that are due", 4, 0, 4, "a look at what reports are due"),
)

MEASURES = (
    Measure(
        "capture_ms", 4.5, "ms", "a batch of ten events, in `Capture`", "docs/performance.md, `make load`: capture"
    ),
    Measure("event_us", 68, "µs", "an event, in `Ingest`", "docs/performance.md, `make bench BENCH=import`"),
    Measure("cached_ms", 1.9, "ms", "a kept result, beside DynamoDB", BENCH_OVERHEAD),
    Measure("computed_ms", 4.0, "ms", "a computed question, beside ClickHouse and DynamoDB", BENCH_OVERHEAD),
    Measure("least_question_ms", 5, "ms", "the shortest question, in ClickHouse", "docs/performance.md"),
    Measure("question_processors", 2, "processors", "busy while ClickHouse computes", BENCH_QUERIES),
    Measure("event_bytes", 73, "bytes", "an event in ClickHouse, compressed", BENCH_QUERIES),
    Measure("answer_kb", 11, "kB", "an answer, without compression", BENCH_OVERHEAD),
    Measure("request_log_bytes", 350, "bytes", "the line of a request", "the line itself"),
    Measure("figures_log_bytes", 370, "bytes", "the figures of a question", "the line itself"),
    Measure("metrics", 60, "metrics", "all kinds of insights in use", "docs/observability.md"),
    Measure(
        "full_processor_mb", 1769, "MB", "the memory with which a function has one processor", "AWS's documentation"
    ),
    Measure("aws_log_bytes", 650, "bytes", "Lambda's own lines of a call, and the access log's", ASSUMED),
    Measure("store_ms", 5, "ms", "a round trip to DynamoDB", ASSUMED),
    Measure("queue_ms", 10, "ms", "a round trip to SQS", ASSUMED),
    Measure("insert_ms", 40, "ms", "an insert, until ClickHouse has acknowledged it", ASSUMED),
    Measure("network_ms", 3, "ms", "to ClickHouse and back", ASSUMED),
    Measure("insert_us", 60, "µs", "ClickHouse's processor time an event, with the merges of parts", ASSUMED),
    Measure("cold_share", 0.01, "of calls", "those that start an environment", ASSUMED),
    Measure("cold_ms", 800, "ms", "a start without a snapshot", "twice what `make bench BENCH=cold` sees here"),
    Measure("pollers", 5, "connections", "of Lambda to each queue, each asking every 20 s", "AWS's documentation"),
    Measure("window_s", 5, "s", "that Lambda gathers messages for `Ingest`", "template.yaml"),
    Measure("person_bytes", 900, "bytes", "a person and an id, in the policies table", ASSUMED),
    Measure("merges", 0.1, "of persons", "who had an anonymous one before", "benchmarks/events.py"),
    Measure("result_kb", 3, "kB", "a kept result, compressed, for seven days", ASSUMED),
    Measure("tick_ms", 60, "ms", "a look at what reports are due, in `Report`", ASSUMED),
    Measure(
        "report_ms", 1000, "ms", "a report with one picture, in `Deliver`", "0.1 s seen here, 0.7 s for the first one"
    ),
    Measure("report_kb", 114, "kB", "a report's picture", "a trend of 30 days, seen here"),
    Measure("squash_ms", 3000, "ms", "an hourly `Squash`", ASSUMED),
    Measure("busy", 0.5, "of its processors", "that a ClickHouse should be busy with at most, on average", ASSUMED),
)
