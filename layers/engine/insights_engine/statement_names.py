"""The name that statements run under, by which those that still run are found and stopped.

It travels as a setting that means nothing to a SELECT. Not as `query_id`, which an embedded engine ignores and of which
a server wants each once only; not as a comment, which is gone from the text of a statement with bound values; and
`log_comment` says the project.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SETTING = "insert_deduplication_token"
KILL = "KILL QUERY WHERE Settings['insert_deduplication_token'] = {name:String} ASYNC"
_NAME = re.compile(r"[\w.-]+", re.ASCII)

_name: ContextVar[str] = ContextVar("name", default="")


@contextmanager
def named(name: str) -> Iterator[None]:
    """What is read meanwhile can be killed by this name; a server's query_log has it among the settings."""
    token = _name.set(check(name))
    try:
        yield
    finally:
        _name.reset(token)


def settings() -> dict[str, str]:
    """Of a statement that is about to run."""
    name = _name.get()
    return {SETTING: name} if name else {}


def check(name: str) -> str:
    """Raises ValueError for what is no name: the empty one would be everything that runs."""
    if not _NAME.fullmatch(name):
        raise ValueError("A name of statements is made of letters, digits and . - _")
    return name
