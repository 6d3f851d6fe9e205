"""How many requests pass: the setting, the state in either store, raced for, and the page about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insights_acl import rate_limits
from insights_acl.access import Access
from insights_acl.models import PersonalKey, User
from insights_acl.permissions import PERMISSIONS, permission_of
from insights_acl.rate_windows import Used
from insights_engine import keys
from insights_engine.errors import Throttled
from insights_engine.rate_classes import CLASSES, RATES, Rate, RateClass, rates_of
from insights_engine.services import Services
from insights_engine.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "limits.md"
STEPS = st.one_of(st.just(0.0), st.floats(0, 12), st.floats(0, 90), st.floats(3000, 4500))

# The setting.


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("", {}),
        ("  ", {}),
        ("on", RATES),
        (" on ", RATES),
        ("query=1/2", {**RATES, "query": Rate(1, 2)}),
        ("query=1/2  analytics=60/600\n", {**RATES, "query": Rate(1, 2), "analytics": Rate(60, 600)}),
    ],
)
def test_a_setting(text: str, rates: dict[RateClass, Rate]) -> None:
    assert rates_of(text) == rates


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("off", 'RATE_LIMITS: "off" is not a rate. It is `on`, or'),
        ("on query=1/2", '"on" is not a rate'),
        ("query", '"query" is not a rate'),
        ("query=120", '"query=120" is not a rate'),
        ("query=120/", '"query=120/" is not a rate'),
        ("query=0/10", '"query=0/10" is not a rate'),
        ("query=-1/10", '"query=-1/10" is not a rate'),
        ("query=1.5/10", '"query=1.5/10" is not a rate'),
        ("query=1/10,analytics=2/3", "is not a rate"),
        ("querry=1/10", '"querry" is not a class of requests; did you mean "query"?'),
        ("x=1/10", '"x" is not a class of requests; known are: default, analytics, query'),
        ("query=1/10 query=2/20", "RATE_LIMITS has query twice"),
    ],
)
def test_a_mistyped_setting_is_said_at_the_start(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        Settings.read({"RATE_LIMITS": text})


# The state in a store.

Environments = Callable[[str], Services]


@pytest.fixture(params=["sqlite", "dynamodb"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Environments:
    """`environment("query=1/2")`: one more environment of the same installation."""
    url = f"sqlite://{tmp_path}/results.db"
    if request.param == "dynamodb":
        url = request.getfixturevalue("dynamo_table")("results")
    return lambda rates: Services(Settings.read({"RATE_LIMITS": rates, "RESULTS_TABLE": url}))


def request_of(services: Services, key: str = "key", at: datetime | None = None, path: str = "/api/projects") -> Access:
    """As `authorize` gives it, by the real clock: a store takes what has expired by it for gone."""
    user, personal_key = User("u", 1, "", is_active=True), PersonalKey(key, "", "u", "", "", ("*",))
    return Access(user, personal_key, None, None, None, services, at or services.now(), permission_of("GET", path))


def passes(services: Services, key: str = "key", name: RateClass = "query", at: datetime | None = None) -> bool:
    try:
        rate_limits.take(request_of(services, key, at), name)
    except Throttled:
        return False
    return True


def test_the_rate_is_that_of_a_key_and_class_over_all_environments(environment: Environments) -> None:
    first, second = environment("query=5/100"), environment("query=5/100")
    at = first.now()
    assert [passes(one, at=at) for one in (first, second, second, first, second, first, second)] == [True] * 5 + [
        False
    ] * 2
    assert passes(first, key="another", at=at)
    assert passes(first, name="analytics", at=at)


def test_what_was_used_comes_back(environment: Environments) -> None:
    services = environment("query=2/3")
    at = services.now()
    assert [passes(services, at=at) for _ in range(3)] == [True, True, False]
    later = at + timedelta(seconds=71)
    assert [passes(services, at=later) for _ in range(2)] == [True, False]
    assert passes(services, at=later + timedelta(seconds=3901))


def test_a_refusal_says_when_to_come_again(environment: Environments) -> None:
    services = environment("query=1/100")
    at = services.now()
    at = at.replace(second=at.second // 10 * 10, microsecond=0)
    rate_limits.take(request_of(services, at=at), "query")
    with pytest.raises(Throttled) as refused:
        rate_limits.take(request_of(services, at=at + timedelta(seconds=28)), "query")
    assert refused.value.body() == {
        "type": "throttled_error",
        "code": "throttled",
        "detail": "Request was throttled. Expected available in 42 seconds.",
        "attr": None,
    }
    assert refused.value.headers == {"Retry-After": "42"}
    with pytest.raises(Throttled, match="available in 1 second\\."):
        rate_limits.take(request_of(services, at=at + timedelta(seconds=69)), "query")


def test_a_request_counts_once_in_a_class(environment: Environments) -> None:
    services = environment("query=2/100")
    access = request_of(services)
    for _ in range(5):
        rate_limits.take(access, "query")
    assert access.counted == {"query": 1}


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ("/api/projects", {"default"}),
        ("/api/projects/{project_id}/dashboards/{dashboard_id}", {"default"}),
        ("/api/projects/{project_id}/insights", {"analytics"}),
        ("/api/projects/{project_id}/insights/trend", set()),
        ("/api/projects/{project_id}/persons/funnel", {"analytics"}),
    ],
)
def test_what_counts_on_entry_and_when_something_is_computed(tmp_path: Path, path: str, counted: set[str]) -> None:
    services = Services(Settings.read({"RATE_LIMITS": "on", "RESULTS_TABLE": f"sqlite://{tmp_path}/results.db"}))
    access = request_of(services, path=path)
    rate_limits.take_on_entry(access)
    assert access.counted.keys() == counted
    rate_limits.take_to_compute(access)
    assert access.counted.keys() == counted | {"analytics"}


def test_sixteen_environments_at_once_let_no_more_pass(environment: Environments) -> None:
    at = environment("").now()

    def ask(_: int) -> int:
        services = environment("query=50/1000")
        return sum(passes(services, at=at) for _ in range(8))

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(ask, range(16))) == 50


def test_threads_of_one_environment_let_no_more_pass(environment: Environments) -> None:
    services = environment("query=20/1000")
    at = services.now()
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(lambda _: passes(services, at=at), range(64))) == 20


@given(st.lists(st.tuples(st.integers(0, 2), STEPS), max_size=25), st.integers(1, 5), st.integers(1, 8))
@settings(max_examples=25, deadline=None)
def test_several_environments_are_as_one(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, float]], minute: int, hour: int
) -> None:
    rate, used, url = Rate(minute, hour), Used(), f"sqlite://{tmp_path_factory.mktemp('rates')}/results.db"
    several = [Services(Settings.read({"RATE_LIMITS": f"query={minute}/{hour}", "RESULTS_TABLE": url})) for _ in "abc"]
    at = several[0].now()
    for which, step in asked:
        at += timedelta(seconds=step)
        is_free = used.wait(rate, at.timestamp()) == 0
        assert passes(several[which], at=at) is is_free
        if is_free:
            used = used.and_one(at.timestamp())


def test_a_state_that_is_gone_is_begun_anew(environment: Environments) -> None:
    services, other = environment("query=3/100"), environment("query=3/100")
    at = services.now()
    assert [passes(services, at=at) for _ in range(2)] == [True, True]
    services.results.delete(*keys.rate("key", "query"))
    assert [passes(other, at=at) for _ in range(2)] == [True, True]  # as many versions as before
    assert [passes(services, at=at) for _ in range(2)] == [True, False]  # and not taken for the state before


def test_the_state_expires_when_nothing_of_it_counts(environment: Environments) -> None:
    services = environment("query=3/100")
    assert passes(services)
    item = services.results.get(*keys.rate("key", "query"))
    assert item is not None
    assert 3600 <= item["expires_at"] - services.now().timestamp() <= 3900


@contextmanager
def requests_seen(services: Services) -> Iterator[list[str]]:
    """The operations that DynamoDB is asked for."""
    seen: list[str] = []

    def note(model: Any, **_: Any) -> None:
        seen.append(model.name)

    events = services.results._client.meta.events  # type: ignore[attr-defined]
    events.register("before-call.dynamodb", note)
    try:
        yield seen
    finally:
        events.unregister("before-call.dynamodb", note)


def test_a_request_is_one_write_and_a_refused_one_none(dynamo_table: Callable[[str], str]) -> None:
    table = dynamo_table("results")
    first, second = (Services(Settings.read({"RATE_LIMITS": "query=6/100", "RESULTS_TABLE": table})) for _ in range(2))
    at = first.now()
    with requests_seen(first) as seen:
        assert [passes(first, at=at) for _ in range(4)] == [True] * 4
        assert seen == ["PutItem"] * 4
        seen.clear()
        assert passes(second, at=at)  # knows nothing: one that fails, and tells
        assert passes(second, at=at)
        assert seen == ["PutItem"] * 3
        seen.clear()
        assert not passes(second, at=at)
        assert seen == []
        assert not passes(first, at=at)  # learns of it
        assert not passes(first, at=at)
        assert seen == ["PutItem"]


def test_without_the_setting_nothing_is_asked(tmp_path: Path) -> None:
    services = Services(Settings.read({"RESULTS_TABLE": f"sqlite://{tmp_path}/none/results.db"}))
    assert all(passes(services) for _ in range(3))
    assert not (tmp_path / "none").exists()


def test_where_the_store_fails_requests_pass_and_are_counted_elsewhere(
    moto_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    services = Services(Settings.read({"RATE_LIMITS": "query=1/1", "RESULTS_TABLE": "no-such-table"}))
    assert all(passes(services) for _ in range(3))
    assert capsys.readouterr().out.count('"RateLimitUnknown":[1') == 3


# The page.


def table(heading: str) -> list[tuple[str, ...]]:
    """The rows of the table whose first column is called so, without the marks of code."""
    found = re.search(rf"^\| {heading} \|.*\n\| ---.*\n((?:\|.*\n)+)", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return [tuple(cell.strip().strip("`") for cell in row.strip("|").split("|")) for row in found[1].splitlines()]


def test_the_page_has_the_rates() -> None:
    assert table("class") == [(name, str(RATES[name].a_minute), str(RATES[name].an_hour)) for name in CLASSES]


def test_the_page_has_the_routes_that_count_elsewhere() -> None:
    found = [
        (f"{one.methods} {one.path}", one.limit, "always" if one.counted == "always" else "when computed")
        for one in PERMISSIONS
        if one.limit != "default"
    ]
    assert table("route") == sorted(found, key=lambda row: (row[2], row[0]))
