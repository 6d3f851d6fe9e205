"""SQL expressions that users write, turned into ClickHouse SQL by an allow-list.

A parser gives the tree; the walk knows fields, functions, operators and casts by table and prints each anew, with
constants bound. What it does not know, sub-selects, table functions, settings and other tables first of all, is an
error with the place in the text.
"""

from __future__ import annotations

from insights_engine.hogql.parse import cohorts_named, count_tokens
from insights_engine.hogql.printer import aggregate, condition, text_value

__all__ = ["aggregate", "cohorts_named", "condition", "count_tokens", "text_value"]
