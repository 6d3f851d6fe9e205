"""A check, what it found, and how checks are made: each by itself, for so long and no longer, whatever others found."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from insights_local.advice import advice_on
from insights_local.doctor.denials import denied

Level = Literal["ok", "skipped", "warning", "problem"]
# What the command's exit status says: the worst of all.
EXIT_STATUS: dict[Level, int] = {"ok": 0, "skipped": 0, "warning": 1, "problem": 2}
SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice` is what mends it: a command, where there is one."""

    subject: str
    level: Level
    words: str
    advice: str = ""


class Problem(Exception):
    """Something does not work. Without advice, that of the check holds."""

    level: Level = "problem"

    def __init__(self, words: str, advice: str = "") -> None:
        super().__init__(words)
        self.advice = advice


class Warned(Problem):
    """It works, and somebody should do something about it."""

    level: Level = "warning"


class Skipped(Problem):
    """There is nothing to look at."""

    level: Level = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """`look` gives back words when all is well, else it raises. `needs`: where one of these found a problem, this one
    could only find the same."""

    subject: str
    look: Callable[[], str]
    advice: str = ""
    needs: tuple[str, ...] = ()


def made(checks: Iterable[Check], seconds: float = SECONDS) -> Iterator[Finding]:
    """The findings, one by one as they are there."""
    bad: set[str] = set()
    for check in checks:
        if missing := [need for need in check.needs if need in bad]:
            bad.add(check.subject)
            yield Finding(check.subject, "skipped", f"not looked at, because of {missing[0]}")
            continue
        found = _within(check, seconds)
        if found.level == "problem":
            bad.add(check.subject)
        yield found


def worst(findings: Iterable[Finding]) -> Level:
    return max((finding.level for finding in findings), key=EXIT_STATUS.__getitem__, default="ok")


def _within(check: Check, seconds: float) -> Finding:
    """In a thread that is left behind when it takes too long: what it waits for cannot always be told to stop."""
    found: list[Finding] = []
    thread = threading.Thread(target=lambda: found.append(_made(check)), daemon=True, name=f"doctor-{check.subject}")
    started = time.monotonic()
    thread.start()
    thread.join(seconds)
    if found:
        return found[0]
    return Finding(check.subject, "problem", f"no answer in {time.monotonic() - started:.0f} s", check.advice)


def _made(check: Check) -> Finding:
    try:
        return Finding(check.subject, "ok", check.look())
    except Problem as problem:
        advice = problem.advice or ("" if isinstance(problem, Skipped) else check.advice)
        return Finding(check.subject, problem.level, str(problem), advice)
    except Exception as error:
        # Whatever a client library raises is the finding: the other checks still have to be made.
        if refused := denied(error):
            return Finding(check.subject, "problem", *refused)
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Finding(check.subject, "problem", first_line[:300], advice_on(error) or check.advice)
