"""A statement whose rows go into a file: without a LIMIT of its own it has as many as an answer may have.

A file cannot say that there are more, as an answer does.
"""

from __future__ import annotations

from dataclasses import replace

from insights_engine.hogql.statements.compile import MAX_LIMIT
from insights_engine.hogql.statements.node import HogQLQuery


def widest(query: HogQLQuery) -> HogQLQuery:
    if query.tree.get("limit"):
        return query
    wider = replace(query)  # whose tree is parsed anew, so that it is its own
    wider.tree["limit"] = {"node": "Constant", "value": MAX_LIMIT}
    return wider
