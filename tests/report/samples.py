"""Reports for the tests of the channels, and the settings that a delivery runs under."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from struct import pack
from typing import Any

from insights_engine import services
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_report.report import Part, Report, Table

AT = datetime(2022, 1, 3, 8, 0, tzinfo=UTC)
HOSTILE = '<img src=x onerror=alert(1)> & "quotes" <!channel> *bold* `tick` |bar|\r\nBcc: eve@evil.test'


def png(width: int = 4, height: int = 3) -> bytes:
    """A white picture."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))

    rows = zlib.compress((b"\0" + b"\xff" * width) * height)
    header = pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


TABLE = Table(("Day", "Sign-ups", "Share"), (("2 Jan", 1234, "12.5%"), ("3 Jan", 56, "7%")), left_out=3)


def part(number: int = 1, **changes: Any) -> Part:
    made = Part(
        number,
        f"Insight {number}",
        f"https://app.test/project/7/insights/{number}",
        png=png(),
        image_url=f"https://app.test/exporter/{number}.png?token=t",
        table=TABLE,
        csv=b"Day,Sign-ups\n2 Jan,1234\n",
        json=b'[{"count":1290}]',
    )
    return replace(made, **changes)


def failed(number: int, error: str = "The query took too long.") -> Part:
    return Part(number, f"Insight {number}", f"https://app.test/project/7/insights/{number}", error=error)


def report(*parts: Part, **changes: Any) -> Report:
    """Of an insight, unless it says otherwise."""
    made = Report(
        delivery_id="d-1",
        project_id=7,
        subject="insight",
        name="Sign-ups a day",
        url="https://app.test/project/7/insights/abc?tab=1#top",
        manage_url="https://app.test/api/projects/7/subscriptions/5/",
        begun_at=AT,
        at=AT,
        timezone="Europe/Paris",
        parts=parts or (part(),),
        total=max(1, len(parts)),
        summary="sent every day",
        next_at=datetime(2022, 1, 4, 8, 0, tzinfo=UTC),
    )
    return replace(made, **changes)


def dashboard(*parts: Part, **changes: Any) -> Report:
    return report(*parts, **{"subject": "dashboard", "name": "Growth", **changes})


class _Still(Services):
    def now(self) -> datetime:
        return AT


@contextmanager
def settings(**values: str) -> Iterator[Services]:
    """The channels under these settings, at a time that stands still."""
    made = _Still(Settings.read({name.upper(): value for name, value in values.items()}))
    with services.use(made):
        yield made
