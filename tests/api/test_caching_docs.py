"""docs/caching.md: its tables are those of the code, its numbers too, and its example is answered so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from insights_engine.intervals import INTERVALS
from insights_engine.project import Project
from insights_engine.results.cache import KEPT
from insights_engine.results.freshness import LIMITS, NEXT_REFRESH
from insights_engine.results.modes import MODES, Refresh
from insights_engine.results.naming import result_key
from insights_engine.settings import SETTINGS
from insights_engine.store.items import MAX_ITEM_BYTES

from tests.api.world import Api

PAGE = Path(__file__).parents[2] / "docs" / "caching.md"


def text() -> str:
    return PAGE.read_text("utf-8")


def duration(of: timedelta) -> str:
    """The largest unit that it is a whole number of."""
    for seconds, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        number, rest = divmod(int(of.total_seconds()), seconds)
        if number and not rest:
            return f"{number} {unit}{'' if number == 1 else 's'}"
    raise ValueError(of)


def spelled(mode: Refresh) -> str:
    return ", ".join(f"`{text}`" if text else "no value" for text in (mode.name, *mode.aliases))


def modes() -> str:
    """A mode that looks for nothing does the same whatever there is."""
    rows = "".join(
        f"| {spelled(mode)} | {' | '.join((mode.fresh, mode.stale, mode.miss) if mode.reads else (mode.miss,) * 3)} |\n"
        for mode in MODES.values()
    )
    return f"\n| `refresh` | a fresh result | a stale one | none |\n| --- | --- | --- | --- |\n{rows}"


def freshness() -> str:
    rows = "".join(f"| {name} | {duration(one.default)} | {duration(one.lazy)} |\n" for name, one in LIMITS.items())
    head = "\n| width | fresh for | fresh enough for `lazy_async` |\n| --- | --- | --- |\n"
    others = ", ".join(name for name in INTERVALS if name not in LIMITS)
    return f"{head}{rows}| {others} | for ever | for ever |\n"


MADE: dict[str, Callable[[], str]] = {"modes": modes, "freshness": freshness}


@pytest.mark.parametrize("name", MADE)
def test_a_table_is_that_of_the_code(request: pytest.FixtureRequest, name: str) -> None:
    """`--overwrite-golden` writes it."""
    marker = f"<!-- {name} -->"
    before, found, after = text().split(marker)
    if request.config.getoption("--overwrite-golden"):
        PAGE.write_text(before + marker + MADE[name]() + marker + after, "utf-8")
        return
    assert found == MADE[name]()


def test_numbers_are_those_of_the_code() -> None:
    (job_seconds,) = (one.default for one in SETTINGS if one.variable == "JOB_SECONDS")
    assert f"`JOB_SECONDS` ({job_seconds})" in text()
    assert (duration(KEPT), duration(NEXT_REFRESH)) == ("7 days", "1 minute")
    said = ("kept for seven days", "a minute after `last_refresh`", f"({MAX_ITEM_BYTES:,} bytes)")
    assert [words for words in said if words not in text()] == []


@pytest.mark.parametrize(
    "change",
    [
        {"timezone": "Asia/Tokyo"},
        {"week_start_day": 1},
        {"test_account_filters": ({"key": "email", "value": "@x", "operator": "icontains"},)},
        {"path_cleaning_filters": ({"regex": "a", "alias": "b"},)},
        {"human_friendly_comparison_periods": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_settings_that_are_said_to_be_in_the_key_are(change: dict[str, Any]) -> None:
    (name,) = change
    assert f"`{name}`" in text()
    project = Project(1, name="a", timezone="UTC")
    assert result_key("TrendsQuery", "q", project) != result_key("TrendsQuery", "q", replace(project, **change))


def test_the_example_in_the_background(api: Api, eventually: Any) -> None:
    (asked,) = re.findall(r"-d '(\{.*\})'", text())
    (shown,) = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text(), re.DOTALL))
    answer = api("POST", "query/", json=json.loads(asked))
    assert answer.status_code == 202, answer.text
    assert alike(answer.json()) == alike(shown)
    address = f"query/{answer.json()['query_status']['id']}/"

    def done() -> Any:
        found = api("GET", address)
        assert found.status_code == (200 if found.json()["query_status"]["complete"] else 202)
        return found.status_code == 200 and found.json()["query_status"]

    status = eventually(done)
    assert (status["error"], set(status)) == (False, set(shown["query_status"]))
    assert status["results"].keys() >= {"results", "resolved_date_range", "cache_key"}
    assert api("POST", "query/", json=json.loads(asked)).json()["is_cached"]
    assert api("DELETE", address).status_code == 204


KEPT_FOR = {
    "after 7 days": timedelta(days=7),
    "after 15 minutes": timedelta(minutes=15),
    "after a day": timedelta(days=1),
}


def test_the_items_of_the_results_store_are_those_of_its_table(api: Api, eventually: Any) -> None:
    """But for the lock, which is there for seconds, and what belongs to other pages."""
    assert api("POST", "actions", json={"name": "A", "steps": []}).status_code == 201
    asked = {"query": {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "e"}]}, "refresh": "async"}
    status = api("POST", "query", json=asked).json()["query_status"]
    eventually(lambda: api("GET", f"query/{status['id']}").json()["query_status"]["results"])
    places = {"project": api.project_id, "key": status["cache_key"], "query id": status["id"]}
    rows = documented_items()
    assert [sk for _, sk, _ in rows] == ["RESULT", "DEFINITIONS", "LOCK", "JOB", "STATUS"]
    for pk, sk, expires in rows:
        if sk == "LOCK":
            continue
        key = re.sub(r"\{([\w ]+)\}", lambda found: str(places[found[1]]), pk), sk
        item = api.stack.services.results.get(*key)
        assert item is not None, key
        left = item["expires_at"] - api.stack.services.now().timestamp() if "expires_at" in item else None
        assert (expires in KEPT_FOR) == (left is not None)
        assert left is None or abs(left - KEPT_FOR[expires].total_seconds()) < 60


def documented_items() -> list[tuple[str, str, str]]:
    """Key and time of expiry, of docs/data.md."""
    page = PAGE.with_name("data.md").read_text("utf-8")
    section = page.partition("### Results store\n")[2].partition("\n### ")[0]
    return re.findall(r"^\| `([^`]+)` \| `([A-Z]+)` \| .+? \| (.+?) \| ", section, re.MULTILINE)


def alike(answer: dict[str, Any]) -> dict[str, Any]:
    """But for what is different each time."""
    each = {"id", "team_id", "cache_key", "start_time", "expiration_time"}
    return {
        name: alike(value) if isinstance(value, dict) else type(value).__name__ if name in each else value
        for name, value in answer.items()
    }
