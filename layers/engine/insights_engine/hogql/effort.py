"""The parser, and how long it may take.

What brackets and CASE hold is read again when it cannot be what was thought first, so the time may grow by a factor
with each level, and the parser cannot be stopped. So what is more than a few calls is parsed in a process of its own,
which can be. It is started by the first such text and kept; a text that takes too long ends it.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import orjson

from insights_engine.errors import ValidationError, attr_of

TOKEN = re.compile(r"\w+|\S")
QUOTED = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`|(?:--|#|//)[^\n]*|/\*.*?\*/", re.DOTALL
)
# Wherever they stand: what is quoted or a comment for the parser is not known before it is asked.
_OPENS = re.compile(r"[(\[{]|\bCASE\b", re.IGNORECASE)
# A level may be read four times. So many words and signs in all take a few milliseconds.
_TIMES, _FEW = 4, 20_000
# Of tables joined, each word or comma a table, the time grows with the fourth power.
_JOINS, _FEW_JOINS = re.compile(r",|\bJOIN\b", re.IGNORECASE), 40
_SECONDS, _MEGABYTES = 4.0, 512
_PROGRAM = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
import hogql_parser_rs
for line in sys.stdin:
    name, text = json.loads(line)
    try:
        answer = getattr(hogql_parser_rs, name)(text)
    except Exception:
        answer = "null"
    sys.stdout.write(answer.replace(chr(10), " ") + chr(10))
    sys.stdout.flush()
"""

Grammar = Literal["parse_expr_json", "parse_select_json"]


def bare(text: str) -> str:
    """The text with blanks for what is quoted and for comments, so that places stay."""
    return QUOTED.sub(lambda found: " " * len(found[0]), text)


def parsed(grammar: Grammar, text: str, field: str) -> dict[str, Any]:
    """The tree, or an object with `error`. Raises ValidationError for what takes too long or is no text."""
    what = "expression" if grammar == "parse_expr_json" else "statement"
    try:
        words = sum(1 for _ in TOKEN.finditer(text))
        if len(_JOINS.findall(text)) <= _FEW_JOINS and _TIMES ** len(_OPENS.findall(text)) * words <= _FEW:
            import hogql_parser_rs

            tree: dict[str, Any] = orjson.loads(getattr(hogql_parser_rs, grammar)(text))
        else:
            tree = orjson.loads(_APART.parsed(orjson.dumps([grammar, text])))
            if tree is None:
                raise ValueError(text)
        return tree
    except _TooLongError:
        said = f"the {what} takes too long to read; nest it less deep"
    except (ValueError, TypeError, OSError):
        said = f"the {what} cannot be read"
    raise ValidationError(f"{field}: {said}", attr=attr_of(field)) from None


class _TooLongError(Exception):
    pass


class _Apart:
    """The process, for one text at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def parsed(self, request: bytes) -> str:
        with self._lock:
            process = self._started()
            assert process.stdin is not None
            try:
                process.stdin.write(request + b"\n")
                process.stdin.flush()
                return self._answer(process)
            except (OSError, _TooLongError):
                process.kill()
                process.wait()
                raise

    def _started(self) -> subprocess.Popen[bytes]:
        """A process that was forked from this one's has no child of its own."""
        if self._process is None or self._process.poll() is not None or self._owner != os.getpid():
            spec = find_spec("hogql_parser_rs")
            assert spec is not None
            assert spec.origin is not None
            place, most = str(Path(spec.origin).parent.parent), str(_MEGABYTES * 2**20)
            self._process = subprocess.Popen(  # noqa: S603  # our own program; the text goes in by its input
                [sys.executable, "-I", "-S", "-c", _PROGRAM, place, most],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
            self._owner = os.getpid()
        return self._process

    def _answer(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None
        until, pieces = time.monotonic() + _SECONDS, list[bytes]()
        while not (pieces and pieces[-1].endswith(b"\n")):
            left = until - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise _TooLongError
            piece = os.read(process.stdout.fileno(), 1 << 16)
            if not piece:
                raise OSError("the parser's process has ended")
            pieces.append(piece)
        return b"".join(pieces).decode()


_APART = _Apart()
