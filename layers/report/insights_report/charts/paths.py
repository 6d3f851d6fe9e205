"""Paths as columns of steps, joined by ribbons as wide as many went along them. Pure.

The places are found here and drawn by Vega as they are: columns from left to right, in each the weightiest nodes first,
but close to where most came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from insights_report.charts.text import cut, more, written
from insights_report.charts.theme import (
    CONFIG,
    FONT,
    INK,
    INSIDE,
    MAIN,
    MARGIN,
    MUTED,
    PAPER,
    VEGA,
    Spec,
    nothing,
    titled,
)
from insights_report.path_rows import Edge, edges_of, short_names

MOST_STEPS, MOST_EDGES, MOST_NODES = 6, 50, 9
_NODE_WIDTH, _GAP, _LABEL = 9.0, 26.0, 13.0
# Nodes are high enough to be seen, and for their two lines of text.
_LEAST = 4.0

Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Node:
    step: int
    name: str
    weight: float
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Ribbon:
    """`path` is its outline, as SVG writes one."""

    source: Place
    target: Place
    path: str


@dataclass(frozen=True, slots=True)
class Layout:
    nodes: tuple[Node, ...]
    ribbons: tuple[Ribbon, ...]
    height: float


def spec(name: str, rows: Sequence[dict[str, Any]]) -> Spec:
    found = edges_of(rows)
    kept = shown(found)
    if not kept:
        return nothing(name)
    drawn = layout(kept)
    title = titled(name, [more(len(found) - len(kept), "link")])
    return {
        "$schema": VEGA,
        "width": INSIDE,
        "height": drawn.height,
        "padding": {"left": MARGIN, "right": MARGIN, "top": 62 if "subtitle" in title else 42, "bottom": MARGIN},
        "autosize": "none",
        "background": PAPER,
        "config": {"title": CONFIG["title"], "text": CONFIG["text"]},
        "title": title,
        "data": [
            {"name": "ribbons", "values": [{"path": ribbon.path} for ribbon in drawn.ribbons]},
            {"name": "nodes", "values": [_node_row(node) for node in drawn.nodes]},
            {"name": "labels", "values": _labels(drawn.nodes, short_names(found))},
        ],
        "marks": _MARKS,
    }


def shown(found: Sequence[Edge]) -> list[Edge]:
    """Of the first steps and of each step's largest nodes the weightiest, no more than can be told apart."""
    early = [edge for edge in found if edge.step <= MOST_STEPS]
    early.sort(key=lambda edge: -edge.value)
    sizes = _weights(early)
    largest = set[Place]()
    for step in {step for step, _ in sizes}:
        names = sorted((place for place in sizes if place[0] == step), key=lambda place: (-sizes[place], place))
        largest |= set(names[:MOST_NODES])
    return [edge for edge in early if edge.source in largest and edge.target in largest][:MOST_EDGES]


def layout(edges: Sequence[Edge]) -> Layout:
    """Each column begins at the top; the column that needs most sets the scale."""
    weights = _weights(edges)
    columns: dict[int, list[Place]] = {}
    for place in sorted(weights):
        columns.setdefault(place[0], []).append(place)
    most = max(map(len, columns.values()))
    height = max(220.0, 60.0 + 44.0 * most)
    total = max(sum(weights[place] for place in places) for places in columns.values())
    scale = (height - _GAP * most) / total if total else 0.0
    width = INSIDE / len(columns)
    nodes: dict[Place, Node] = {}
    for column, step in enumerate(sorted(columns)):
        y = 0.0
        for place in sorted(columns[step], key=lambda place: (_pull(place, edges, nodes), -weights[place], place[1])):
            tall = max(_LEAST, weights[place] * scale)
            nodes[place] = Node(
                place[0], place[1], weights[place], round(column * width, 2), round(y, 2), round(tall, 2)
            )
            y += tall + _GAP
    end = max(node.y + node.height for node in nodes.values())
    return Layout(tuple(nodes.values()), _ribbons(edges, nodes), round(end + _GAP + 4, 2))


def _weights(edges: Sequence[Edge]) -> dict[Place, float]:
    """What comes in or what goes out, whichever is more: some begin and some end at a node."""
    came: dict[Place, float] = {}
    went: dict[Place, float] = {}
    for edge in edges:
        went[edge.source] = went.get(edge.source, 0.0) + edge.value
        came[edge.target] = came.get(edge.target, 0.0) + edge.value
    return {place: max(came.get(place, 0.0), went.get(place, 0.0)) for place in {**came, **went}}


def _pull(place: Place, edges: Sequence[Edge], nodes: dict[Place, Node]) -> float:
    """The mean height of where its people came from; the first column has none."""
    came = [(nodes[edge.source], edge.value) for edge in edges if edge.target == place and edge.source in nodes]
    weight = sum(value for _, value in came)
    return round(sum((node.y + node.height / 2) * value for node, value in came) / weight, 3) if weight else 0.0


def _ribbons(edges: Sequence[Edge], nodes: dict[Place, Node]) -> tuple[Ribbon, ...]:
    """Ribbons leave and reach a node in the order of their other ends, so that they cross as little as they can."""
    left, right = _offsets(edges, nodes, True), _offsets(edges, nodes, False)
    made = []
    for edge in edges:
        source, target = nodes[edge.source], nodes[edge.target]
        wide = (_thickness(edge, source), _thickness(edge, target))
        made.append(
            Ribbon(
                edge.source,
                edge.target,
                _outline(source.x + _NODE_WIDTH, left[edge], wide[0], target.x, right[edge], wide[1]),
            )
        )
    return tuple(made)


def _offsets(edges: Sequence[Edge], nodes: dict[Place, Node], leaving: bool) -> dict[Edge, float]:
    taken: dict[Place, float] = {}
    made = {}
    for edge in sorted(
        edges, key=lambda e: (nodes[e.target].y, nodes[e.source].y) if leaving else (nodes[e.source].y,)
    ):
        node = nodes[edge.source if leaving else edge.target]
        at = taken.get((node.step, node.name), 0.0)
        made[edge] = node.y + at
        taken[(node.step, node.name)] = at + _thickness(edge, node)
    return made


def _thickness(edge: Edge, node: Node) -> float:
    return node.height * edge.value / node.weight if node.weight else 0.0


def _outline(x0: float, y0: float, wide0: float, x1: float, y1: float, wide1: float) -> str:
    middle = (x0 + x1) / 2
    there = f"M{x0:.2f},{y0:.2f}C{middle:.2f},{y0:.2f} {middle:.2f},{y1:.2f} {x1:.2f},{y1:.2f}"
    low0, low1 = y0 + wide0, y1 + wide1
    return f"{there}L{x1:.2f},{low1:.2f}C{middle:.2f},{low1:.2f} {middle:.2f},{low0:.2f} {x0:.2f},{low0:.2f}Z"


def _node_row(node: Node) -> Spec:
    return {"x": node.x, "y": node.y, "height": node.height}


def _labels(nodes: Sequence[Node], names: dict[str, str]) -> list[Spec]:
    """Two short lines beside each node, in its column: the name, and how many, those whose links are not shown too."""
    width = INSIDE / len({node.step for node in nodes}) - _NODE_WIDTH - 10
    made = []
    for node in nodes:
        place = {"x": node.x + _NODE_WIDTH + 4, "limit": round(width, 1)}
        made.append(
            {**place, "y": round(node.y + 9, 2), "text": cut(names[node.name], 60), "tone": INK, "weight": "bold"}
        )
        made.append(
            {
                **place,
                "y": round(node.y + 9 + _LABEL, 2),
                "text": written(node.weight),
                "tone": MUTED,
                "weight": "normal",
            }
        )
    return made


def _fields(**fields: str) -> Spec:
    return {name: {"field": field} for name, field in fields.items()}


_MARKS: list[Spec] = [
    {
        "type": "path",
        "from": {"data": "ribbons"},
        "encode": {"enter": {**_fields(path="path"), "fill": {"value": MAIN}, "fillOpacity": {"value": 0.2}}},
    },
    {
        "type": "rect",
        "from": {"data": "nodes"},
        "encode": {
            "enter": {
                **_fields(x="x", y="y", height="height"),
                "width": {"value": _NODE_WIDTH},
                "fill": {"value": MAIN},
                "cornerRadius": {"value": 2},
            }
        },
    },
    {
        "type": "text",
        "from": {"data": "labels"},
        "encode": {
            "enter": {
                **_fields(x="x", y="y", text="text", fill="tone", fontWeight="weight", limit="limit"),
                "font": {"value": FONT},
                "fontSize": {"value": 11},
                "baseline": {"value": "middle"},
            }
        },
    },
]
