"""Which nodes ask for the people behind an answer.

What answers them knows the engine of every insight that has such people, so it is loaded by the first of them.
"""

from __future__ import annotations

from typing import Any

from insights_acl.access import Access

# The nodes that say of which insight, and of what in its answer.
INNER_KINDS = ("InsightActorsQuery", "FunnelsActorsQuery")
KINDS = ("ActorsQuery", *INNER_KINDS)


def is_actors(node: Any) -> bool:
    return isinstance(node, dict) and node.get("kind") in KINDS


def answer_actors(node: dict[str, Any], access: Access, field: str = "query") -> dict[str, Any]:
    """What the query endpoint answers: rows of the selected columns, and whether there are more."""
    from insights_api import actor_queries

    return actor_queries.answer(node, access, field)
