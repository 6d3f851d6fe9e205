"""What the commands say: while they work a bar on a terminal, plain lines elsewhere, both on standard error; and
commands that can be pasted.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int, int], None]

_COMMAND = re.compile(
    r"(?<![\w/.])insights (?=(?:demo|doctor|import|keys|migrate|projects|roles|serve|squash|users)\b)"
)


@contextmanager
def progress(title: str, unit: str) -> Iterator[Advance]:
    """Gives `advance(done, total)`; a total of 0 is one that is not known."""
    if sys.stderr.isatty():
        with _bar(title, unit) as advance:
            yield advance
    else:
        yield _lines(title, unit)


@contextmanager
def _bar(title: str, unit: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} " + unit),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


def _lines(title: str, unit: str) -> Advance:
    """A line at every tenth of the way, so that a log stays short."""
    said = -1

    def advance(done: int, total: int) -> None:
        nonlocal said
        tenth = done * 10 // total if total else done // 100_000
        if tenth > said:
            said = tenth
            of = f" of {total:,} {unit} ({done / total:.0%})" if total else f" {unit}"
            print(f"{title}: {done:,}{of}", file=sys.stderr, flush=True)

    return advance


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def pasteable(text: str) -> str:
    """With the commands in it as this one was called: `.venv/bin/insights migrate`, where `insights` is not on PATH."""
    called = sys.argv[0]
    if not called.endswith("/insights") or shutil.which("insights"):
        return text
    return _COMMAND.sub(f"{called} ", text)
