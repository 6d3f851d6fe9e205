"""The one type that SQL is made of: text with bound values and spliced fragments.

    Sql("event = {name:String}", name="sign up")             a value travels as a query parameter
    Sql("countIf({cond})", cond=Sql("day = {d:Date}", d=…))   a fragment is spliced
    Sql.join(" AND ", fragments)

`{name:Type}` binds, `{name}` splices. Nothing a user wrote is ever part of the text: values are bound, and names of
properties, which ClickHouse cannot bind, pass through `identifier`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

_HOLE = re.compile(r"\{(\w+)(?::([^{}]+))?\}")


@dataclass(frozen=True, slots=True)
class Param:
    """A value and the ClickHouse type it is bound as."""

    value: Any
    type: str


@dataclass(frozen=True, slots=True)
class Written:
    """Marks, without any text, where SQL stands that a user wrote; `field` is its place in the request."""

    field: str


class Sql:
    """An immutable piece of SQL. `text` and `params` are what the client sends."""

    def __init__(self, template: str, **holes: Any) -> None:
        self.parts: tuple[str | Param | Written, ...] = tuple(_parse(template, holes))

    @classmethod
    def of(cls, parts: Iterable[str | Param | Written]) -> Sql:
        made = cls("")
        made.parts = tuple(parts)
        return made

    @classmethod
    def join(cls, separator: str, fragments: Iterable[Sql]) -> Sql:
        parts: list[str | Param | Written] = []
        for index, fragment in enumerate(fragments):
            if index:
                parts.append(separator)
            parts.extend(fragment.parts)
        return cls.of(parts)

    @cached_property
    def _rendered(self) -> tuple[str, dict[str, Any]]:
        names: dict[tuple[str, str], str] = {}
        params: dict[str, Any] = {}
        text: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                text.append(part)
                continue
            if isinstance(part, Written):
                continue
            key = (part.type, repr(part.value))
            name = names.setdefault(key, f"p{len(names)}")
            params[name] = part.value
            text.append(f"{{{name}:{part.type}}}")
        return "".join(text), params

    @property
    def text(self) -> str:
        return self._rendered[0]

    @property
    def params(self) -> dict[str, Any]:
        """Equal values of one type share a parameter."""
        return self._rendered[1]

    @property
    def written(self) -> list[str]:
        """The fields of the request whose SQL expressions are part of this."""
        return list(dict.fromkeys(part.field for part in self.parts if isinstance(part, Written)))

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sql) and self._rendered == other._rendered

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Sql({self.text!r}, {self.params!r})"


@lru_cache(maxsize=4096)
def _pieces(template: str) -> tuple[tuple[str, str, str | None], ...]:
    """The text before each hole, its name and its type; and last what is after them, with no name. Kept, since
    templates are few and statements are made of hundreds of them."""
    found, at = [], 0
    for hole in _HOLE.finditer(template):
        found.append((template[at : hole.start()], hole[1], hole[2]))
        at = hole.end()
    return (*found, (template[at:], "", None))


def _parse(template: str, holes: dict[str, Any]) -> Iterable[str | Param | Written]:
    for text, name, kind in _pieces(template):
        if text:
            yield text
        if not name:
            return
        value = holes[name]
        if kind is not None:
            yield Param(value, kind)
        elif isinstance(value, Sql):
            yield from value.parts
        else:
            raise TypeError(f"{{{name}}} has no type, so it must be Sql, not {type(value).__name__}")


TRUE = Sql("true")
FALSE = Sql("false")


def both(*conditions: Sql) -> Sql:
    """AND of the conditions; TRUE when there is none."""
    kept = [c for c in conditions if c != TRUE]
    if not kept:
        return TRUE
    return kept[0] if len(kept) == 1 else Sql.join(" AND ", (Sql("({c})", c=c) for c in kept))


def either(*conditions: Sql) -> Sql:
    """OR of the conditions; FALSE when there is none."""
    if TRUE in conditions:
        return TRUE
    if not conditions:
        return FALSE
    return conditions[0] if len(conditions) == 1 else Sql.join(" OR ", (Sql("({c})", c=c) for c in conditions))


def negate(condition: Sql) -> Sql:
    if condition == TRUE:
        return FALSE
    return TRUE if condition == FALSE else Sql("NOT ({c})", c=condition)


def number(text: Sql) -> Sql:
    """The number that a text is, NULL for every other text; `nan` and `inf` would make sums of everything else."""
    parsed = Sql("toFloat64OrNull({t})", t=text)
    return Sql("if(isFinite({n}), {n}, NULL)", n=parsed)


def identifier(name: str) -> Sql:
    """A quoted identifier that can only be a name, whatever characters it has."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`").replace("\0", "")
    return Sql.of((f"`{escaped}`",))
