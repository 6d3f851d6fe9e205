"""Where in the text of an expression, or of a statement, something stands: in characters, from 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from insights_engine.errors import ValidationError, attr_of


def start_of(node: Mapping[str, Any]) -> int:
    """The parser gives no place to what it adds itself."""
    at: int = (node.get("start") or {}).get("offset", 0)
    return at


def wrong(field: str, message: str, at: int) -> ValidationError:
    """`field` is where the text stands in the request."""
    return ValidationError(f"{field}: {message} (at character {at})", attr=attr_of(field))
