"""docs/architecture.md: what it names is there, and a request goes the way that it says."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from insights_engine.kinds import KINDS
from insights_local.stack import Stack

from tests.api.world import Api
from tests.local.counting_store import CountingStore

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
HOMES = ("layers/engine", "layers/acl", "layers/api", "layers/report", "local", "")
NAMES = sorted(set(re.findall(r"`((?:insights_|layers/|local/|functions/)[\w/.]+|[\w-]+\.(?:yaml|toml))`", PAGE)))
STEPS = re.findall(r"^\| (\d+) \| `([\w/.]+)` \|", PAGE, re.M)
_TOOL = sys.monitoring.PROFILER_ID


def place(name: str) -> Path | None:
    return next((path for home in HOMES if (path := ROOT / home / name).exists()), None)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_page_names_is_there(name: str) -> None:
    packages = ("insights_engine", "insights_acl", "insights_api", "insights_report")
    assert name in packages or place(name) is not None


def test_every_kind_of_question_has_its_row() -> None:
    rows = re.findall(r"^\| (\w+) \| `insights_engine/([\w/]+)` \| `", PAGE, re.M)
    assert dict(rows) == {kind: row.package.replace(".", "/") for kind, row in KINDS.items()}


def test_the_page_has_every_layer() -> None:
    layers = {path.name for path in (ROOT / "layers").iterdir() if path.is_dir()}
    assert layers == {name.partition("/")[2] for name in NAMES if name.startswith("layers/")}


@contextmanager
def entered() -> Iterator[list[str]]:
    """The files of ours that a function of this stack enters meanwhile, each once, in the order of the first time."""
    seen: dict[str, None] = {}

    def begin(code: CodeType, _: int) -> Any:
        if not code.co_filename.startswith(str(ROOT / "layers")):
            return sys.monitoring.DISABLE
        if threading.current_thread().name.startswith("insights-function"):
            seen[Path(code.co_filename).relative_to(ROOT / "layers").as_posix().partition("/")[2]] = None
        return None

    found: list[str] = []
    sys.monitoring.use_tool_id(_TOOL, "architecture")
    sys.monitoring.register_callback(_TOOL, sys.monitoring.events.PY_START, begin)
    sys.monitoring.set_events(_TOOL, sys.monitoring.events.PY_START)
    try:
        yield found
    finally:
        sys.monitoring.set_events(_TOOL, 0)
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.PY_START, None)
        sys.monitoring.free_tool_id(_TOOL)
        found += seen


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


@pytest.fixture
def api(stack: Stack) -> Api:
    return Api(stack, stack.admin_key, stack.project_id)


def test_a_request_enters_the_modules_of_the_way_in_their_order(api: Api) -> None:
    question = {"events": '[{"id": "$pageview"}]'}
    api("GET", "insights/trend", params=question | {"interval": "hour"})  # so that everything is loaded
    with entered() as files:
        answer = api("GET", "insights/trend", params=question)
    assert answer.status_code == 200
    way = [name for _, name in STEPS]
    steps = [next((name for name in way if file == name or file.startswith(f"{name}/")), None) for file in files]
    assert [number for number, _ in STEPS] == [str(number) for number in range(1, len(STEPS) + 1)]
    assert list(dict.fromkeys(filter(None, steps))) == way


def test_a_kept_result_of_a_saved_insight_takes_four_round_trips_and_a_fifth_for_its_rules(
    stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "$pageview"}]}
    path = f"insights/{api('POST', 'insights', json={'query': query}).json()['id']}"
    member = Api(stack, stack.create_user("member@example.com")["personal_api_key"], stack.project_id)
    assert api("GET", path).json()["result"] is not None
    member("GET", path)  # that the key was used is noted once
    stores = [CountingStore(stack.services.policies), CountingStore(stack.services.results)]
    for name, store in zip(("policies", "results"), stores, strict=True):
        monkeypatch.setitem(vars(stack.services), name, store)
    taken = []
    for reader in (api, member):
        assert reader("GET", path).json()["is_cached"]
        taken.append(sum(store.units.take()[2] for store in stores))
    assert taken == [4, 5]
