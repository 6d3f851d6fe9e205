"""`refresh`: whether a result may be one that is kept, and what happens where it is stale or missing. A row a value."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple


class Then(StrEnum):
    """What a request does with what it found."""

    SERVE = "serve it"
    COMPUTE = "compute it before the answer"
    QUEUE = "compute it in the background"
    QUEUE_IF_LAZY = "serve it, and compute it in the background once it is past the lazy limit"
    NOTHING = "say that there is none"


class Refresh(NamedTuple):
    """`reads`: whether a kept result is looked for; without, `fresh` and `stale` never come about. `aliases`: other
    spellings of the name."""

    name: str
    fresh: Then
    stale: Then
    miss: Then
    reads: bool = True
    aliases: tuple[str, ...] = ()


MODES = {
    mode.name: mode
    for mode in (
        Refresh("force_cache", Then.SERVE, Then.SERVE, Then.NOTHING),
        Refresh("blocking", Then.SERVE, Then.COMPUTE, Then.COMPUTE),
        Refresh("async", Then.SERVE, Then.QUEUE, Then.QUEUE),
        Refresh("lazy_async", Then.SERVE, Then.QUEUE_IF_LAZY, Then.QUEUE),
        Refresh("async_except_on_cache_miss", Then.SERVE, Then.QUEUE, Then.COMPUTE),
        Refresh(
            "force_blocking",
            Then.COMPUTE,
            Then.COMPUTE,
            Then.COMPUTE,
            reads=False,
            aliases=("true", "1", "yes", "", "force"),
        ),
        Refresh("force_async", Then.QUEUE, Then.QUEUE, Then.QUEUE, reads=False),
    )
}
_BY_SPELLING = {spelling: mode for mode in MODES.values() for spelling in (mode.name, *mode.aliases)}


def refresh_of(value: Any, default: str) -> Refresh:
    """The mode that a parameter names, or the default where it names none."""
    spelling = str(value).lower() if isinstance(value, str | bool | int) else default
    return _BY_SPELLING.get(spelling, MODES[default])


def without_background(mode: Refresh) -> Refresh:
    """The same where nothing can be computed in the background: it is computed before the answer."""
    swap = {Then.QUEUE: Then.COMPUTE, Then.QUEUE_IF_LAZY: Then.COMPUTE}
    fresh, stale, miss = (swap.get(then, then) for then in (mode.fresh, mode.stale, mode.miss))
    return mode._replace(fresh=fresh, stale=stale, miss=miss)


def never_without(mode: Refresh) -> Refresh:
    """The same where a result that is missing is computed instead of being said to be missing."""
    return mode._replace(miss=Then.COMPUTE) if mode.miss is Then.NOTHING else mode
