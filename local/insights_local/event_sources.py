"""What calls a function beside HTTP, as template.yaml names it: queues, rules of a bus, schedules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from insights_local.routes import ROOT, Function, functions_of


@dataclass(frozen=True, slots=True)
class EventSource:
    """`properties` are those of the event in the template."""

    function: Function
    name: str
    properties: Mapping[str, Any]


def event_sources_of(template: Mapping[str, Any], kind: str, root: Path = ROOT) -> list[EventSource]:
    """Of one `Type`: "SQS", "EventBridgeRule", "Schedule", "ScheduleV2"."""
    return [
        EventSource(function, name, event.get("Properties", {}))
        for logical_name, function in functions_of(template, root).items()
        for name, event in template["Resources"][logical_name]["Properties"].get("Events", {}).items()
        if event["Type"] == kind
    ]
