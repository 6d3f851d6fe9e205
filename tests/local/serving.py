"""`insights serve` as a process, for the tests that stop and kill it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

Eventually = Callable[[Callable[[], Any]], Any]
COMMAND = Path(sys.executable).parent / "insights"


class Server:
    """One run of the command; `ready` waits for what it prints at the end of its start."""

    def __init__(self, folder: Path, log: Path, eventually: Eventually, *arguments: str) -> None:
        self.eventually = eventually
        self.out, self.err = log.with_suffix(".out"), log.with_suffix(".err")
        command = [str(COMMAND), "serve", "--data-dir", str(folder), "--port", "0", *arguments]
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=environment()
            )

    def ready(self) -> str:
        def printed() -> str | None:
            assert self.process.poll() is None, self.err.read_text()
            text = self.out.read_text()
            return text if "Ctrl-C stops." in text else None

        text: str = self.eventually(printed)
        self.url = re.findall(r"http://127\.0\.0\.1:\d+", text)[0]
        self.token, self.key = re.findall(r"phc_\w+", text)[0], re.findall(r"phx_\w+", text)[0]
        return text

    def stop(self, by: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(by)
        return self.process.wait(60)

    def total(self, event: str) -> int:
        answer = httpx.get(
            f"{self.url}/api/projects/1/insights/trend/",
            params={"events": json.dumps([{"id": event}]), "date_from": "all", "refresh": "true"},
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return int(answer.json()["result"][0]["count"])


def environment() -> dict[str, str]:
    hidden = ("CLICKHOUSE_", "POLICIES_", "RESULTS_", "EVENTS_", "QUERIES_", "RATE_", "AWS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
