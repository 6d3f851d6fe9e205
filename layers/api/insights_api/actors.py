"""Which nodes ask for the people behind an answer.

What answers them knows the engine of every insight that has such people, so it is loaded by the first of them.
"""

from __future__ import annotations

from typing import Any

from insights_acl.access import Access

# The nodes that say of which insight, and of what in its answer.
INNER_KINDS = ("InsightActorsQuery", "FunnelsActorsQuery", "StickinessActorsQuery")
KINDS = ("ActorsQuery", *INNER_KINDS)
# What shows actors, and is taken off.
TABLES = ("DataTableNode", "DataVisualizationNode", "InsightVizNode")


def is_actors(node: Any) -> bool:
    """Also inside of the nodes that wrap one."""
    found, _ = _unwrapped(node, "")
    return isinstance(found, dict) and found.get("kind") in KINDS


def answer_actors(node: dict[str, Any], access: Access, field: str = "query") -> dict[str, Any]:
    """What the query endpoint answers: rows of the selected columns, and whether there are more."""
    from insights_api import actor_queries

    actors, place = _unwrapped(node, field)
    return actor_queries.answer(actors, access, place)


def _unwrapped(node: Any, field: str) -> tuple[Any, str]:
    if isinstance(node, dict) and node.get("kind") in TABLES:
        return node.get("source"), f"{field}.source"
    return node, field
