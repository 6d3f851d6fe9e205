"""Statements that nobody would write, made of those that are answered: for whoever wants to see a neighbour's rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tests.api.mutations import NASTY
from tests.api.vocabulary import ATTACKS, FUNCTIONS, JUNK, NAMES, WORDS, WRAPPED

FOLDER = Path(__file__).parent.parent / "cases" / "hogql"
_TOKEN = re.compile(r"'(?:\\.|''|[^'\\])*'|`(?:\\.|[^`\\])*`|\"(?:\\.|[^\"\\])*\"|\w+|\s+|[<>=!~:?|-]+|\S", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$]\w*")
_ALIKE = (_NAME, re.compile(r"\d+"), re.compile(r"'.*'", re.DOTALL), re.compile(r"[<>=!+*/%-]+"))
_REFUSED_SHARE = 0.1


@cache
def cases() -> tuple[dict[str, Any], ...]:
    """All statements with known answers, and all that are refused; `file` and `place` say which."""
    return tuple(
        {**case, "file": path.stem, "place": place}
        for path in sorted(FOLDER.glob("*.json"))
        for place, case in enumerate(json.loads(path.read_text("utf-8")))
    )


@cache
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(text))


class Mutator:
    """The same numbers make the same statements."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.seeds = [case for case in cases() if case["file"] != "refused"]
        self.refused = [case for case in cases() if case["file"] == "refused" and case["query"]]

    def next(self) -> dict[str, Any]:
        """A query node that may be anything but what it was."""
        seed = self.random.choice(self.refused if self.random.random() < _REFUSED_SHARE else self.seeds)
        node: dict[str, Any] = {"kind": "HogQLQuery"}
        node |= {key: seed[key] for key in ("query", "values", "filters") if key in seed}
        for _ in range(self.random.choice((1, 1, 1, 2, 2, 3, 5))):
            node["query"] = self.random.choice(_RULES)(self, node["query"])[:60_000]
        if self.random.random() < 0.15:
            node = self._otherwise(node)
        return node

    def _otherwise(self, node: dict[str, Any]) -> dict[str, Any]:
        """Values, filters and the node's other fields of the wrong kind."""
        pick, nasty = self.random.choice, self.random.choice(NASTY)
        change: dict[str, Any] = pick(
            (
                {"values": nasty},
                {"filters": nasty},
                {"values": {"x": nasty, "name": nasty, "n": nasty, "list": [nasty, nasty]}},
                {"values": {"x": {"x": nasty}}, "query": "SELECT {values.x}, {values.x.x}, {x}"},
                {"filters": {"dateRange": {"date_from": nasty, "date_to": pick(NASTY)}}},
                {
                    "filters": {
                        "properties": [{"key": nasty, "type": "event", "value": pick(NASTY), "operator": "exact"}]
                    }
                },
                {"filters": {"properties": [{"key": self._query(), "type": "hogql"}]}},
                {"filters": {"properties": [{"key": f"1 = 1) OR ({pick(NAMES)}", "type": "hogql"}]}},
                {"filters": {"properties": [{"key": "id", "type": "cohort", "value": "$theirs$"}]}},
                {"filters": {"properties": nasty, "filterTestAccounts": nasty}},
                {"query": nasty},
                {"variables": nasty, "modifiers": nasty, "limit": nasty, "offset": nasty, "name": nasty},
                {"kind": pick(("HogQLQuery", "DataVisualizationNode")), "source": {**node}},
            )
        )
        return {**node, **change}

    def _query(self) -> str:
        text: str = self.random.choice(self.seeds)["query"]
        return text

    # Rules: each changes the text in one way

    def _tokenwise(self, text: str) -> str:
        tokens = list(_tokens(text)) or [""]
        at, to = self.random.randrange(len(tokens)), self.random.randrange(len(tokens))
        match self.random.randrange(5):
            case 0:
                del tokens[at]
            case 1:
                tokens.insert(to, " " + tokens[at] + " ")
            case 2:
                tokens[at], tokens[to] = tokens[to], tokens[at]
            case 3:
                tokens[at] = self.random.choice(_tokens(self._query()) or ("",))
            case _:
                del tokens[min(at, to) : max(at, to)]
        return "".join(tokens)

    def _alike(self, text: str) -> str:
        """A name, number, text or operator becomes one of another statement, or of this: often there is an answer."""
        tokens = list(_tokens(text))
        other = self._query() if self.random.random() < 0.5 else text
        kind = self.random.choice(_ALIKE)
        places = [i for i, token in enumerate(tokens) if kind.fullmatch(token) and token.upper() not in WORDS]
        others = [token for token in _tokens(other) if kind.fullmatch(token) and token.upper() not in WORDS]
        if places and others:
            tokens[self.random.choice(places)] = self.random.choice(others)
        return "".join(tokens)

    def _spliced(self, text: str) -> str:
        """A part in parentheses, or a name, becomes one of another statement, or all of that."""
        mine, theirs = _brackets(text), _brackets(other := self._query())
        put = self.random.choice([other[a:b] for a, b in theirs] or [f"({other})"])
        if self.random.random() < 0.2:
            put = f"({other})"
        if not mine or self.random.random() < 0.3:
            return self._at_a_name(text, put)
        start, end = self.random.choice(mine)
        return text[:start] + put + text[end:]

    def _named(self, text: str) -> str:
        return self._at_a_name(text, self.random.choice(NAMES))

    def _called(self, text: str) -> str:
        calls = list(re.finditer(r"(\w+)\(", text))
        if not calls:
            return self._at_a_name(text, f"{self.random.choice(FUNCTIONS)}({self.random.choice(NAMES)})")
        found = self.random.choice(calls)
        return text[: found.start(1)] + self.random.choice(FUNCTIONS) + text[found.end(1) :]

    def _at_a_name(self, text: str, put: str) -> str:
        tokens = list(_tokens(text))
        names = [i for i, token in enumerate(tokens) if _NAME.fullmatch(token)]
        if names:
            tokens[self.random.choice(names)] = put
        return "".join(tokens)

    def _injected(self, text: str) -> str:
        at = self.random.randrange(len(text) + 1)
        if self.random.random() < 0.5:
            at = len("".join(_tokens(text)[: self.random.randrange(len(_tokens(text)) + 1)]))
        return text[:at] + self.random.choice(JUNK) + text[at:]

    def _by_character(self, text: str) -> str:
        at = self.random.randrange(len(text) + 1)
        put = self.random.choice(("", "", chr(self.random.randrange(1, 127)), chr(self.random.randrange(1, 0xD7FF))))
        return text[:at] + put + text[at + self.random.randrange(2) :]

    def _wrapped(self, text: str) -> str:
        return self.random.choice(WRAPPED).replace("{q}", text)

    def _attacked(self, text: str) -> str:
        attack = self.random.choice(ATTACKS)
        return attack if self.random.random() < 0.5 else self._spliced(f"{attack} UNION ALL {text}")

    def _nested(self, text: str) -> str:
        """Deep, or long: parentheses, calls, sub-selects, lists, operators, a hundred columns or sources."""
        levels = self.random.choice((3, 10, 15, 30, 60, 200, 1000))
        fold: Callable[[str, str, str], str] = lambda left, inner, right: left * levels + inner + right * levels  # noqa: E731
        name = self.random.choice(("event", "1", "properties.price", "'x'", "timestamp", "null"))
        value = self.random.choice(
            (
                fold("(", name, ")"),
                fold("abs(", name, ")"),
                fold("concat('a', ", name, ")"),
                fold("[", name, "]"),
                fold("NOT ", name, ""),
                fold("- ", name, ""),
                fold("if(1, ", name, ", 2)"),
                fold("CASE WHEN 1 THEN ", name, " END"),
                fold("(SELECT ", name, ")"),
                fold("arrayMap(x -> ", name, ", [1, 2])"),
                fold("replaceAll(", name, ", 'a', 'bbbbbbbbbb')"),
                fold("f'{", name, "}'"),
                fold(f"{name} + ", name, ""),
                fold(f"{name} OR ", name, ""),
                fold(f"{name}, ", name, ""),
            )
        )
        match self.random.randrange(5):
            case 0:
                return fold("SELECT * FROM (", text, ")")
            case 1:
                names = [f"w{i} AS (SELECT * FROM w{i - 1} AS a, w{i - 1} AS b)" for i in range(1, min(levels, 40))]
                return ", ".join([f"WITH w0 AS ({text})", *names]) + f" SELECT count() FROM w{len(names)}"
            case 2:
                return " UNION ALL ".join([text] * min(levels, 60))
            case 3:
                return f"SELECT {value} FROM events"
            case _:
                return self._at_a_name(text, value)


_RULES: tuple[Callable[[Mutator, str], str], ...] = (
    *(Mutator._alike for _ in range(8)),
    *(Mutator._tokenwise, Mutator._tokenwise, Mutator._tokenwise, Mutator._spliced, Mutator._spliced, Mutator._named),
    *(Mutator._named, Mutator._called, Mutator._injected, Mutator._injected, Mutator._by_character, Mutator._wrapped),
    *(Mutator._attacked, Mutator._nested),
)


def _brackets(text: str) -> list[tuple[int, int]]:
    """From and to of what stands in parentheses."""
    open_at, found = list[int](), list[tuple[int, int]]()
    for i, character in enumerate(text):
        if character == "(":
            open_at.append(i)
        elif character == ")" and open_at:
            found.append((open_at.pop(), i + 1))
    return found
