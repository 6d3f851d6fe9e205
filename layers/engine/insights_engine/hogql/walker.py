"""What a call and an operator know of the walk that they are met on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from insights_engine.errors import ValidationError
from insights_engine.hogql.functions import Function
from insights_engine.hogql.kinds import Typed
from insights_engine.scan import Scan


class Walker(Protocol):
    """`aggregates` says whether they are allowed, the rest where the walk stands."""

    functions: ClassVar[Mapping[str, Function]]

    scan: Scan
    aggregates: bool
    has_aggregate: bool
    inside_aggregate: bool

    def print(self, node: dict[str, Any]) -> Typed: ...

    def coerce(self, node: dict[str, Any], typed: Typed, kind: str) -> Typed: ...

    def lambda_over(self, node: dict[str, Any], members: list[Typed]) -> Typed: ...

    def error(self, node: dict[str, Any], message: str) -> ValidationError: ...
