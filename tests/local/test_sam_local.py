"""`make sam-local` but for its containers: what is asked of Docker, and what stands around the functions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from insights_local import docker

from tests.local.serving import environment

# In a process of its own: the SDK finds moto by this process's variables, and nothing else, from then on.
SESSION = """
import asyncio, json, time
import httpx
from insights_local.routes import ROOT, load_template
from insights_local.sam_local import surroundings

async def asked(app, key, method, path, **options):
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://api.test") as client:
        return await client.request(method, path, headers={"Authorization": f"Bearer {key}"}, **options)

with surroundings(load_template(), ROOT, "127.0.0.1", "http://127.0.0.1:3000") as (aws, stack, dsn):
    def ask(method, path, **options):
        return asyncio.run(asked(stack.app, stack.admin_key, method, path, **options))

    def until(found):
        end = time.monotonic() + 30
        while not (answer := found()):
            assert time.monotonic() < end
            time.sleep(0.05)
        return answer

    project = f"/api/projects/{stack.project_id}"
    event = {"api_key": stack.project_token, "event": "paid", "distinct_id": "ada"}
    captured = ask("POST", "/capture/", json=event).status_code
    paid = {"events": '[{"id": "paid"}]', "date_from": "-1d", "refresh": "true"}
    trend = lambda: ask("GET", f"{project}/insights/trend/", params=paid).json()["result"][0]["count"]
    stored = until(trend)
    series = [{"kind": "EventsNode", "event": "paid"}]
    node = {"kind": "TrendsQuery", "series": series, "dateRange": {"date_from": "-2d"}}
    job = ask("POST", f"{project}/query/", json={"query": node, "refresh": "force_async"}).json()["query_status"]
    status = lambda: ask("GET", f"{project}/query/{job['id']}/").json()["query_status"]
    computed = until(lambda: (found := status())["complete"] and found)["results"]["results"][0]["count"]
    bus = aws.physical_ids["EventBus"]
    print(json.dumps({
        "captured": captured, "stored": stored, "computed": computed, "bus": bus,
        "variables": aws.variables_of("Report"), "environment": sorted(aws.environment),
    }))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", SESSION], env=environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_queues_are_consumed(told: dict[str, object]) -> None:
    assert (told["captured"], told["stored"], told["computed"]) == (200, 1, 1)


def test_every_resource_of_the_template_is_there_by_its_name(told: dict[str, object]) -> None:
    variables = told["variables"]
    assert isinstance(variables, dict)
    assert (variables["POLICIES_TABLE"], variables["REPORTS_BUCKET"]) == ("PoliciesTable", "reportsbucket")
    assert variables["REPORTS_QUEUE"].endswith("/ReportsQueue")
    assert "SITE_URL" not in variables, "a parameter is sam's to fill in"
    assert "AWS_ENDPOINT_URL" in str(told["environment"])


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only `docker` there is: a script that a test writes."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "docker"


def write(fake: Path, *lines: str) -> None:
    fake.write_text("\n".join(("#!/bin/sh", *lines)))
    fake.chmod(0o755)


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        ([{"Subnet": "127.0.0.0/8", "Gateway": "127.0.0.1"}], docker.Host("127.0.0.1", "127.0.0.1")),
        ([{"Subnet": "127.0.0.0/8"}], docker.Host("127.0.0.1", "127.0.0.1")),
        ([{"Subnet": "192.0.2.0/24", "Gateway": "192.0.2.1"}], docker.Host("127.0.0.1", "host.docker.internal")),
        (None, docker.Host("127.0.0.1", "host.docker.internal")),
    ],
)
def test_where_containers_reach_this_machine(fake: Path, networks: object, expected: docker.Host) -> None:
    write(fake, f"[ $1 = version ] && echo 28.0 || echo '{json.dumps(networks)}'")
    assert docker.host() == expected


def test_a_docker_that_is_not_running_is_said_in_a_line(fake: Path) -> None:
    write(fake, "echo 'Cannot connect to the Docker daemon.' >&2", "exit 1")
    with pytest.raises(click.ClickException) as caught:
        docker.host()
    assert caught.value.message.startswith("Docker does not answer: Cannot connect to the Docker daemon. ")
    assert "https://docs.docker.com/get-docker/" in caught.value.message
    assert "\n" not in caught.value.message


def test_without_docker_nothing_is_started(fake: Path) -> None:
    """As the command says it."""
    command = [sys.executable, "-m", "insights_local.sam_local"]
    variables = {**environment(), "PATH": str(fake.parent)}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
