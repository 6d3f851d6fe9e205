"""Subscriptions to statements: their rows arrive, as many as a reader takes in, whatever stands in them."""

from __future__ import annotations

import csv
import io
from typing import Any

from insights_report.charts.grids import MOST_ROWS

from tests.report.post import Post
from tests.report.receiving import Receiver

COUNTS = "SELECT distinct_id, count() AS n, max(timestamp) AS last FROM events WHERE {filters} GROUP BY distinct_id"
LONG = (
    "SELECT concat('row ', toString(arrayJoin(range(2500)))) AS `a \"name\"`, 1 AS b, null AS c, [1, 2] AS d LIMIT 2500"
)


def insight(post: Post, query: str, **body: Any) -> dict[str, Any]:
    source = {"kind": "HogQLQuery", "query": query}
    return post.office.insight("Statement", query={"kind": "DataVisualizationNode", "source": source}, **body)


def test_a_webhook_has_the_rows_with_their_columns(post: Post, hook: Receiver) -> None:
    post.office.load()
    shown = insight(post, f"{COUNTS} ORDER BY distinct_id")
    post.subscribe(shown, target_type="webhook", target_value=f"{hook.url}/in")
    post.deliver()
    ((part,),) = (one.json()["data"]["insights"] for one in hook.received)
    assert part["error"] is None
    rows = [["ada", 2, "2026-03-02T10:00:00Z"], ["bob", 2, "2026-03-04T10:00:00Z"]]
    assert part["table"] == {"columns": ["distinct_id", "n", "last"], "rows": rows, "left_out": 0}
    assert part["result"] == {"columns": ["distinct_id", "n", "last"], "results": rows, "hasMore": False}


def test_a_mail_has_the_first_rows_and_says_how_many_there_are(post: Post) -> None:
    post.subscribe(insight(post, LONG), attach_csv=True)
    post.deliver()
    (mail,) = post.mails()
    parts = {part.get_content_type(): part for part in mail.walk()}
    text = parts["text/plain"].get_content()
    assert "row 0 " in text
    assert f"row {MOST_ROWS}" not in text
    assert f"{2500 - MOST_ROWS:,} more rows are not shown." in text
    assert "[1, 2]" in text
    assert "LIMIT" not in text
    attached = list(csv.reader(io.StringIO(parts["text/csv"].get_content())))
    assert (attached[0], len(attached)) == (['a "name"', "b", "c", "d"], 2501)
    assert "image/png" in parts


def test_a_limit_that_ended_the_rows_is_said(post: Post) -> None:
    shown = insight(post, LONG.removesuffix(" LIMIT 2500"))
    post.subscribe(shown, attach_csv=True)
    post.deliver()
    (mail,) = post.mails()
    parts = {part.get_content_type(): part for part in mail.walk()}
    text = " ".join(parts["text/plain"].get_content().split())
    assert f"{100 - MOST_ROWS} more rows are not shown. There are more rows behind the LIMIT." in text
    assert "Its rows up to the LIMIT are attached as 1-statement.csv." in text
    assert len(parts["text/csv"].get_content().splitlines()) == 101


def test_an_empty_answer_and_one_that_fails_arrive_as_that(post: Post, hook: Receiver) -> None:
    board = post.office.dashboard(filters={"date_from": "2026-03-02", "date_to": "2026-03-02"})
    queries = (f"{COUNTS} HAVING n > 100", "SELECT nothing FROM events", COUNTS + " ORDER BY distinct_id")
    post.office.load()
    numbers = [insight(post, query, dashboards=[board["id"]])["id"] for query in queries]
    about = {"dashboard": board["id"], "dashboard_export_insights": numbers}
    post.subscribe(None, target_type="webhook", target_value=f"{hook.url}/in", **about)
    post.deliver()
    ((empty, failed, filtered),) = (one.json()["data"]["insights"] for one in hook.received)
    assert (empty["error"], empty["table"]["rows"]) == (None, [])
    assert failed["error"] == "query: the field nothing is not known (at character 7)"
    assert [row[:2] for row in filtered["table"]["rows"]] == [["ada", 1], ["bob", 1]]
