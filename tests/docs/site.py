"""A server as `insights serve` starts it, the folder of its reader, and what the reader brings along."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from insights_local.routes import load_template

from tests.local.from_posthog.exports import ANN, BOB, parquet_of_text
from tests.local.from_posthog.server import PostHog, action, cohort, dashboard, event_node, insight, leaf, question
from tests.local.serving import Eventually, Server

# Few, so that the start is quick, and enough for every example to find something.
PERSONS = "120"
# What `aws cloudformation describe-stacks --query … --output text` prints of a deployment.
_AWS = """#!/bin/sh
[ "$1 $2" = "cloudformation describe-stacks" ] || exit 1
cat <<'END'
{outputs}
END
"""


class Site:
    """`folder` is like that of the repository. `programs` has what a reader has and this machine may not have."""

    def __init__(self, home: Path, eventually: Eventually) -> None:
        self.folder, self.programs = home / "repository", home / "programs"
        self._home, self._eventually = home, eventually
        self.folder.mkdir()
        (self.folder / ".venv").symlink_to(Path(sys.prefix))
        self._server = self._started("--port", "0")
        try:
            self.welcome = self._server.ready()
        except BaseException:
            self.close()
            raise
        self.errors = self._server.err.read_text()
        self.url, self.key, self.token = self._server.url, self._server.key, self._server.token
        self._is_running = True
        self._bring_aws()

    def start(self) -> None:
        """Where it was, if it is not running."""
        if not self._is_running:
            self._server = self._started("--port", str(urlsplit(self.url).port))
            self._server.ready()
            self._is_running = True

    def stop(self) -> None:
        if self._is_running:
            self._server.stop()
            self._is_running = False

    def close(self) -> None:
        self._server.process.kill()
        self._server.process.wait()

    def _bring_aws(self) -> None:
        """One whose only deployment is this server."""
        local = {"Url": self.url, "PoliciesTable": f"sqlite://{self.folder}/.data/policies.db"}
        outputs = "\n".join(f"{name}\t{local.get(name, name)}" for name in load_template()["Outputs"])
        self.programs.mkdir()
        (self.programs / "aws").write_text(_AWS.format(outputs=outputs))
        (self.programs / "aws").chmod(0o700)

    def _started(self, *options: str) -> Server:
        log = self._home / "server"
        return Server(self.folder / ".data", log, self._eventually, "--persons", PERSONS, *options)


def bring_exports(folder: Path) -> None:
    """What PostHog's batch exports leave behind."""
    (folder / "events").mkdir(exist_ok=True)
    (folder / "persons").mkdir(exist_ok=True)
    parquet_of_text(folder / "events" / "1.parquet")
    persons = [
        {
            "person_id": person,
            "distinct_id": name,
            "properties": '{"plan": "pro"}',
            "created_at": "2024-01-01T00:00:00Z",
        }
        for person, name in ((ANN, "ann"), (BOB, "bob"))
    ]
    pq.write_table(pa.Table.from_pylist(persons), folder / "persons" / "1.parquet")


def posthog_project() -> PostHog:
    """Number 2 there: one of each, and one that cannot be moved."""
    posthog = PostHog()
    posthog.lists = {
        "cohorts": [cohort(11, "Paying", leaf())],
        "actions": [action(21, "Saw the prices")],
        "dashboards": [dashboard(31, "Board")],
        "insights": [
            insight(41, "Everything", question(event_node())),
            insight(44, "Web", {"kind": "InsightVizNode", "source": {"kind": "WebOverviewQuery"}}),
        ],
    }
    return posthog
