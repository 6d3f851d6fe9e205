"""What a page of people behind an insight's answer is, whichever insight: its node, and its rows."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from insights_engine.clickhouse import Cost
from insights_engine.nodes import Node
from pydantic import Field


class InsightActors(Node):
    """What the node has for every insight; an insight adds the fields that choose a part of its answer."""

    kind: Literal["InsightActorsQuery"]
    source: dict[str, Any]
    include_recordings: bool | None = Field(None, alias="includeRecordings")
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


class Page(NamedTuple):
    """(person or group, what the insight says of them), those that there are no longer left out, and how many those
    were."""

    found: list[tuple[dict[str, Any], Any]]
    missing: int
    has_more: bool
    cost: Cost
