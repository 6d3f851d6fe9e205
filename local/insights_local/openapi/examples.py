"""Requests with their answers, as tests/cases/examples.json has them and a test verifies them."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from insights_local.routes import ROOT

FILE = ROOT / "tests" / "cases" / "examples.json"
SITE = "http://127.0.0.1:8000"
# What stands for the caller's own in bodies and answers.
TOKEN = "phc_your_project_token"  # noqa: S105 - nobody has it
ALL = ("*",)


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """`scopes` of the key that it is sent with; null for none. `answer` is JSON, or text where `kind` is another."""

    name: str
    title: str
    method: str
    path: str
    scopes: tuple[str, ...] | None
    query: dict[str, Any]
    body: Any
    status: int
    kind: str
    answer: Any = field(repr=False)

    @property
    def parameters(self) -> dict[str, str]:
        """As they stand in the query string, before they are quoted."""
        return {name: v if isinstance(v, str) else _compact(v) for name, v in self.query.items()}

    @property
    def curl(self) -> str:
        """To be pasted into a shell that has `KEY` and `TOKEN`."""
        verb = f"-X {self.method} " if self.method == "PATCH" else "-G " if self.query else ""
        lines = [f"curl {verb}{SITE}{self.path}"]
        lines += [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in self.parameters.items()]
        if self.scopes is not None:
            lines.append(f'-H "Authorization: Bearer ${"KEY" if self.scopes == ALL else "OTHER_KEY"}"')
        if self.body is not None:
            body = shlex.quote(_compact(self.body)).replace(TOKEN, "'\"$TOKEN\"'")
            lines += ['-H "Content-Type: application/json"', f"-d {body}"]
        return self._other_key + " \\\n  ".join(lines)

    @property
    def _other_key(self) -> str:
        """The line that makes a key of these scopes alone, where `KEY` has others."""
        if self.scopes is None or self.scopes == ALL:
            return ""
        scopes = " ".join(f"--scope {scope}" for scope in self.scopes)
        return f"OTHER_KEY=$(.venv/bin/insights keys add owner@example.com {scopes} --data-dir .data)\n"


@cache
def examples() -> tuple[Example, ...]:
    return tuple(of_case(case) for case in json.loads(FILE.read_text("utf-8"))["examples"])


def of_case(case: dict[str, Any]) -> Example:
    """`as` names the scopes; absent is a key with all of them, null none."""
    key = case.get("as", {"scopes": ALL})
    return Example(
        name=case["name"],
        title=case["title"],
        method=case["method"],
        path=case["path"],
        scopes=None if key is None else tuple(key["scopes"]),
        query=case.get("query", {}),
        body=case.get("json"),
        status=case.get("status", 0),
        kind=case.get("kind", ""),
        answer=case.get("answer"),
    )


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
