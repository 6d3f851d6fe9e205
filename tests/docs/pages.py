"""The fenced blocks of README.md and docs/*.md, and the commands in them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest

from insights_local.routes import ROOT

PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
SHELL, ANSWERS = ("sh", "bash", "console"), ("json", "text", "csv")
HEADING = "#"
_FENCE = re.compile(r"^( *)```(\w*)$")
_EXIT = re.compile(r"\bends with (\d+)\b")
_STATUS = re.compile(r"^(\d{3})\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """`words` is what stands between the block before it, or the heading, and this one."""

    page: str
    line: int
    language: str
    text: str
    words: str


@dataclass(frozen=True, slots=True)
class Step:
    """A block that is pasted, and what the page shows as its answer: a block right after it, if there is one."""

    block: Block
    answer: Block | None

    @property
    def status(self) -> int | None:
        """Of the answer, where the text before it begins with it: "404:"."""
        found = _STATUS.search(self.answer.words) if self.answer else None
        return int(found[1]) if found else None

    @property
    def exit_code(self) -> int:
        """Of the last command, where the text before the answer has another than 0."""
        found = _EXIT.search(self.answer.words) if self.answer else None
        return int(found[1]) if found else 0


@cache
def blocks(page: str) -> tuple[Block, ...]:
    found: list[Block] = []
    words: list[str] = []
    inside: list[str] | None = None
    start, indent, language = 0, 0, ""
    for number, line in enumerate((ROOT / page).read_text("utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if inside is None and fence:
            inside, start, indent, language = [], number, len(fence[1]), fence[2]
        elif inside is not None and fence:
            found.append(Block(page, start, language, "\n".join(inside), "\n".join(words).strip()))
            inside, words = None, []
        elif inside is not None:
            inside.append(line[indent:])
        else:
            words = [HEADING] if line.startswith("#") else [*words, line]
    return tuple(found)


def steps(page: str) -> Iterator[Step]:
    found = blocks(page)
    for block, after in zip_longest(found, found[1:]):
        if block.language in SHELL or is_client(block):
            is_answer = after and after.language in ANSWERS and not after.words.startswith(HEADING)
            yield Step(block, after if is_answer else None)


def is_client(block: Block) -> bool:
    """Python that speaks to a server; other Python is of the code here, or a function to copy."""
    return block.language == "python" and "Posthog(" in block.text


def commands(block: Block) -> Iterator[str]:
    """What a shell takes in one go: lines are put together until they are whole. Python is one."""
    if block.language == "python":
        yield block.text
        return
    lines: list[str] = []
    for line in block.text.splitlines():
        lines.append(line)
        text = "\n".join(lines)
        if line.endswith("\\") or not _is_whole(text):
            continue
        if any(one and not one.startswith("#") for one in lines):
            yield text.strip()
        lines = []
    assert not lines, f"{block.page}:{block.line} ends in the middle of a command"


@cache
def _is_whole(text: str) -> bool:
    """Of a document that does not end, the shell only warns."""
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True)
    return done.returncode == 0 and not done.stderr
