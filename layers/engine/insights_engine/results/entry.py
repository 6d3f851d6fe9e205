"""What is kept of an answer: its rows as ready JSON, and what is said about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from insights_engine.answer import AS_SHOWN, Answer
from insights_engine.clickhouse import Cost
from insights_engine.results.freshness import Freshness, freshness, target_age

# Below this, packing costs more than the bytes it saves.
_PACKED_FROM = 2_000
_LEVEL = 3
NO_COST = Cost()
# How the dates of a question move on: those that are written out do not.
Moves = Literal["never", "daily", "always"]


@dataclass(frozen=True, slots=True)
class Entry:
    """`result` is JSON with `rows` rows; `started_at` is when its computation began, so that its events are in it."""

    result: bytes
    rows: int
    has_more: bool
    mean: list[float] | None
    additions: dict[str, Any]
    resolved_date_range: dict[str, str]
    cost: Cost
    interval: str | None
    started_at: datetime
    computed_at: datetime
    definitions: int
    moves: Moves = "never"

    @classmethod
    def of(
        cls,
        answer: Answer,
        *,
        interval: str | None,
        started_at: datetime,
        computed_at: datetime,
        definitions: int,
        moves: Moves = "never",
    ) -> Entry:
        result = orjson.dumps(answer.result, option=AS_SHOWN)
        rows = len(answer.result) if isinstance(answer.result, list) else 1
        return cls(
            result,
            rows,
            answer.has_more,
            answer.mean,
            answer.additions,
            answer.resolved_date_range,
            answer.total_cost,
            interval,
            started_at,
            computed_at,
            definitions,
            moves,
        )

    def freshness(self, now: datetime) -> Freshness:
        end = self._range_end
        return freshness(self.interval, self.computed_at, None if end and self._has_moved(end, now) else end, now)

    @property
    def target_age(self) -> datetime | None:
        return target_age(self.interval, self.computed_at)

    @property
    def _range_end(self) -> datetime | None:
        text = self.resolved_date_range.get("date_to")
        try:
            end = datetime.fromisoformat(text) if text else None
        except ValueError:
            return None
        return end if end is None or end.tzinfo else end.replace(tzinfo=UTC)

    def _has_moved(self, end: datetime, now: datetime) -> bool:
        """Whether the question is about other dates by now; days are those of the project."""
        if self.moves == "daily":
            return self.computed_at.astimezone(end.tzinfo).date() != now.astimezone(end.tzinfo).date()
        return self.moves == "always"

    def packed(self) -> tuple[str, bytes]:
        """What is said about the rows, as JSON, and the rows; `unpacked` takes both."""
        is_packed = len(self.result) >= _PACKED_FROM
        about = {
            "rows": self.rows,
            "has_more": self.has_more,
            "mean": self.mean,
            "additions": self.additions,
            "resolved_date_range": self.resolved_date_range,
            "cost": [self.cost.rows_read, self.cost.bytes_read, self.cost.milliseconds],
            "interval": self.interval,
            "started_at": self.started_at.timestamp(),
            "computed_at": self.computed_at.timestamp(),
            "definitions": self.definitions,
            "moves": self.moves,
            "is_packed": is_packed,
        }
        text = orjson.dumps(about, option=orjson.OPT_NON_STR_KEYS).decode()
        return text, _compressed(self.result) if is_packed else self.result

    @classmethod
    def unpacked(cls, text: str, body: bytes) -> Entry:
        """Raises for what `packed` did not make."""
        about = orjson.loads(text)
        return cls(
            _decompressed(body) if about["is_packed"] else body,
            about["rows"],
            about["has_more"],
            about["mean"],
            about["additions"],
            about["resolved_date_range"],
            Cost(*about["cost"]),
            about["interval"],
            datetime.fromtimestamp(about["started_at"], UTC),
            datetime.fromtimestamp(about["computed_at"], UTC),
            about["definitions"],
            about["moves"],
        )


def _compressed(body: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(level=_LEVEL).compress(body)


def _decompressed(body: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdDecompressor().decompress(body)
