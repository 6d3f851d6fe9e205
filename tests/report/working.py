"""A process that works on reports until somebody stops it: `python -m tests.report.working FOLDER SECONDS RECIPIENTS`.

Its clock is SECONDS ahead. With RECIPIENTS it is the first one: it makes three subscriptions, and so three deliveries
that are due at once.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
from insights_local.stack import Stack

from tests.api.boards import QUERY, made
from tests.api.world import Api


def main(folder: Path, ahead: timedelta, recipients: int) -> None:
    with time_machine.travel(datetime.now(UTC) + ahead, tick=True), Stack(folder) as stack:
        if recipients:
            _subscribe(Api(stack, stack.admin_key, stack.project_id), recipients)
        print("ready", flush=True)
        while True:
            stack.tick()
            time.sleep(0.2)


def _subscribe(api: Api, recipients: int) -> None:
    insight = made(api("POST", "insights", json={"name": "Views", "query": QUERY}))
    for number in range(3):
        addresses = ",".join(f"r{number}-{one}@example.com" for one in range(recipients))
        rule = {"frequency": "yearly", "start_date": "2030-01-01T00:00:00Z"}
        target = {"target_type": "email", "target_value": addresses}
        made(api("POST", "subscriptions", json={"insight": insight["id"], **rule, **target}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), timedelta(seconds=float(sys.argv[2])), int(sys.argv[3]))
