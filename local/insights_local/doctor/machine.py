"""This machine: what the command itself runs on."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from insights_local.doctor.findings import Check, Problem

_FREE_BYTES = 2_000_000_000


def checks(place: Path) -> Iterator[Check]:
    yield Check("Python", _python, "The functions run on Python 3.13: make .venv again with one (make clean install).")
    yield Check("time zones", _time_zones, "Install the time zone data: pip install tzdata")
    yield Check("disk", partial(_disk, place), "Check that the folder can be read.")


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] != (3, 13):
        raise Problem(version)
    return version


def _time_zones() -> str:
    winter = datetime(2024, 1, 1, tzinfo=ZoneInfo("America/New_York")).utcoffset()
    if winter != timedelta(hours=-5):
        raise Problem(f"New York is at {winter} in winter")
    return "known"


def _disk(place: Path) -> str:
    place = next(parent for parent in (place.resolve(), *place.resolve().parents) if parent.exists())
    free = shutil.disk_usage(place).free
    words = f"{free / 1e9:,.1f} GB free at {place}"
    if free < _FREE_BYTES:
        raise Problem(words, "Below 2 GB ClickHouse may stop in the middle of a merge; make room.")
    return words
