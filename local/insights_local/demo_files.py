"""The demo data as files that `insights import` reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from insights_local.demo import Advance, Demo


def write_demo(directory: Path, *, now: datetime, persons: int, on_progress: Advance) -> int:
    """Gives back the number of events."""
    demo, count = Demo(now, persons=persons), 0
    directory.mkdir(parents=True, exist_ok=True)
    for name, rows in (("persons", demo.persons()), ("groups", demo.groups())):
        with (directory / f"{name}.jsonl").open("wb") as file:
            _write(file, rows)
    with (directory / "events.jsonl").open("wb") as file:
        for batch in demo.batches():
            _write(file, batch.events)
            count += len(batch.events)
            on_progress(batch.visits_after, demo.visits)
    return count


def _write(file: BinaryIO, rows: Iterable[dict[str, Any]]) -> None:
    file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
