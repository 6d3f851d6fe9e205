"""`insights move-in` over HTTP: pages, bad moments, wrong keys; and the command itself."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from insights_local.posthog.api import TRIES, Api, ApiFailure
from insights_local.posthog.moving import Move
from insights_local.stack import Stack

from tests.local.conftest import Run
from tests.local.from_posthog.conftest import ALL, Here, Pauses, move, source_of
from tests.local.from_posthog.server import KEY, PostHog, action, cohort, leaf
from tests.local.serving import COMMAND, environment


def test_all_pages_are_read_on_the_host_that_was_named(posthog: PostHog, here: Here) -> None:
    posthog.most = 2
    posthog.lists["cohorts"] = [cohort(number, f"C{number}", leaf()) for number in range(1, 8)]
    posthog.lists["cohorts"].append(cohort(9, "Gone", leaf(), deleted=True))
    assert len(move(posthog, here, "cohorts")) == 7
    assert len(posthog.asked) == 4


@pytest.mark.parametrize(
    ("status", "headers", "waited"),
    [(429, {"Retry-After": "7"}, [7.0]), (503, {}, [1.0]), (500, {}, [1.0]), (429, {"Retry-After": "999"}, [60.0])],
)
def test_a_bad_moment_is_waited_out(
    posthog: PostHog, here: Here, status: int, headers: dict[str, str], waited: list[float]
) -> None:
    posthog.lists["cohorts"] = [cohort(1, "C", leaf())]
    posthog.problems.append((status, headers))
    pauses = Pauses()
    outcomes = list(Move(source_of(posthog, pause=pauses), here.api).run(("cohorts",)))
    assert ([one.status for one in outcomes], pauses) == (["created"], waited)


def test_a_bad_day_ends_it(posthog: PostHog, here: Here) -> None:
    posthog.problems.extend([(503, {})] * TRIES)
    with pytest.raises(ApiFailure, match=r"answered 503 to GET /api/projects/2/cohorts/: Not now, Bearer …\."):
        move(posthog, here)


@pytest.mark.parametrize(
    ("url", "key", "project", "words"),
    [
        ("{url}", "phx_wrong", "2", "answered 401"),
        ("{url}", KEY, "3", "answered 404"),
        ("http://127.0.0.1:9", KEY, "2", "cannot be reached"),
        ("us.posthog.com", KEY, "2", "is no address"),
    ],
)
def test_what_is_wrong_with_the_source_is_said_without_the_key(
    posthog: PostHog, here: Here, url: str, key: str, project: str, words: str
) -> None:
    with pytest.raises(ApiFailure, match=words) as caught:
        list(Move(Api(url.format(url=posthog.url), key, project, pause=Pauses()), here.api).run(ALL))
    assert key not in str(caught.value)
    assert key not in repr(source_of(posthog, key=key))


@pytest.fixture(scope="module")
def served(stack: Stack) -> Iterator[str]:
    running = uvicorn.Server(uvicorn.Config(stack.app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive(), "the web server did not start"
        thread.join(0.01)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    running.should_exit = True
    thread.join()


def test_the_command(run: Run, shop: PostHog, stack: Stack, here: Here, served: str) -> None:
    """To a deployment, which is reached over HTTP."""
    arguments = ("move-in", "--from", shop.url, "--from-project", "2", "--project", str(here.id), "--to", served)
    keys = {"POSTHOG_API_KEY": KEY, "INSIGHTS_API_KEY": stack.admin_key}
    dry = run(*arguments, "--dry-run", **keys)
    assert (dry.exit_code, list(here.api.rows("cohorts"))) == (1, [])
    assert dry.stdout.splitlines()[0] == 'cohort 11 "Paying": would be created'
    assert dry.stdout.splitlines()[-1] == "Dry run: nothing was written. 7 created, 0 updated, 0 there, 1 cannot"
    found = run(*arguments, "--what", "cohorts, actions", **keys)
    paying = here.rows("cohorts")["Paying"]["id"]
    assert (found.exit_code, found.stdout.splitlines()[0]) == (0, f'cohort 11 "Paying": created as {paying}')
    again = run(*arguments, "--what", "actions,insights", **keys)
    assert 'insight 44 "Web": cannot (query.source.kind "WebOverviewQuery" is not known' in again.stdout
    assert again.stdout.splitlines()[-1] == "3 created, 0 updated, 1 there, 1 cannot"
    assert KEY not in dry.output + found.output + again.output


def test_the_command_into_local_data(posthog: PostHog, tmp_path: Path) -> None:
    """In a process of its own, which opens the embedded ClickHouse; twice, into what the first one made."""
    posthog.lists["actions"] = [action(1, "Saw")]
    arguments = ("--from", posthog.url, "--from-project", "2", "--project", "1", "--data-dir", str(tmp_path / "data"))
    for status in ("created as 1", "there as 1"):
        found = subprocess.run(
            [COMMAND, "move-in", *arguments],
            env={**environment(), "POSTHOG_API_KEY": KEY},
            capture_output=True,
            text=True,
        )
        assert (found.returncode, found.stdout.splitlines()[0]) == (0, f'action 1 "Saw": {status}'), found.stderr
        assert len(found.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "http://127.0.0.1:9"), "Give the key of the deployment"),
        (("--to", "http://127.0.0.1:9", "--to-key", "phx_here"), "cannot be reached"),
        ((), "Give one of --to URL and --data-dir DIR."),
        (("--to", "http://127.0.0.1:9", "--what", "flags"), "flags is not known; known are: cohorts, actions,"),
    ],
)
def test_what_is_wrong_with_the_command_is_one_line(
    run: Run, posthog: PostHog, arguments: tuple[str, ...], words: str
) -> None:
    found = run("move-in", "--from", posthog.url, "--api-key", KEY, "--from-project", "2", "--project", "1", *arguments)
    assert found.exit_code in (1, 2)
    assert words in found.stderr
    assert KEY not in found.output
