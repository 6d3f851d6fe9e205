"""The unmodified `posthog-node` package, by both of its protocols. Needs Node.js, and npm's registry once."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from tests.clients.conftest import Server

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def packages(pytestconfig: pytest.Config) -> Path:
    """What package-lock.json names, installed once for each state of it."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("Node.js is not installed")
    assert pytestconfig.cache is not None
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    target = pytestconfig.cache.mkdir("posthog-node") / lock
    if not target.exists():
        draft = target.with_name(f"{lock}-{uuid4().hex}")
        draft.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, draft)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=draft, check=True, capture_output=True)
        try:
            draft.rename(target)
        except OSError:  # another worker was faster
            shutil.rmtree(draft)
    return target / "node_modules"


@pytest.mark.parametrize("way", ["v0", "v1"])
def test_events_arrive(server: Server, packages: Path, way: str) -> None:
    prefix = f"node-{way}"
    sent = subprocess.run(
        ["node", str(HERE / "send.cjs"), server.url, server.token, prefix],
        env={**os.environ, "NODE_PATH": str(packages), "POSTHOG_CAPTURE_MODE": way},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert sent.returncode == 0, sent.stderr
    assert (server.trend(f"{prefix} seen"), server.trend(f"{prefix} seen", math="dau")) == (3, 2)
    persons = server.persons_of(prefix)
    assert persons["anon"] == persons["user"] == persons["alias"] != persons["other"]
    found = server.rows("properties.email::String", "persons FINAL", "person = {n:UInt32}", n=persons["user"])
    assert found == [("a@b.c",)]
    found = server.rows("toFloat64(properties.price)", "events", "distinct_id = {d:String}", d=f"{prefix}-other")
    assert found == [(9.5,)]
