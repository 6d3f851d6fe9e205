"""The row of the compiled statement -> the API's edges, and what is not among them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from insights_engine.path.window import Plan


class Edge(NamedTuple):
    step: int
    source: str
    target: str
    value: int
    occurrences: int
    microseconds: int

    def row(self) -> dict[str, Any]:
        return {
            "source": f"{self.step}_{self.source}",
            "target": f"{self.step + 1}_{self.target}",
            "value": self.value,
            "average_conversion_time": self.microseconds / self.occurrences / 1000,
        }


def shape(plan: Plan, row: Sequence[Any]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The rows, weightiest first, and what the limits hid. `row` is (edges, edges, sessions and people hidden).

    Sessions and people are counted once they have one edge that is not shown. Pruning hides none further: what led to
    a pruned edge is hidden already.
    """
    found, *hidden = row
    steps = plan.steps_by_name
    edges = [Edge(steps[place - 1], *values) for place, *values in found]
    kept = list(reachable(edges)) if plan.query.is_pruned else edges
    scale = plan.query.sampling or 1
    names = ("edges", "sessions", "people")
    counted = {name: int(count) for name, count in zip(names, hidden, strict=True)}
    counted["edges"] += len(edges) - len(kept)
    for name in names[1:]:
        counted[name] = round(counted[name] / scale)
    return [edge.row() for edge in kept], counted


def reachable(edges: Sequence[Edge]) -> Iterable[Edge]:
    """Those whose source can be reached from a first step, in the order given."""
    reached = {(edge.step, edge.source) for edge in edges if edge.step == 1}
    for edge in sorted(edges, key=lambda edge: edge.step):
        if (edge.step, edge.source) in reached:
            reached.add((edge.step + 1, edge.target))
    return (edge for edge in edges if (edge.step, edge.source) in reached)
