"""What the commands say while they work: a bar on a terminal, plain lines elsewhere. Both on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int, int], None]


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
