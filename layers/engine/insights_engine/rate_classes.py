"""How many requests a key may make, by class, and how an owner says so: RATE_LIMITS.

Empty: any number. `on`: what stands here. `query=120/1200 analytics=60/600`: requests a minute and an hour of these
classes; the others keep what stands here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal, NamedTuple, get_args

from insights_engine.errors import nearest

RateClass = Literal["default", "analytics", "query"]
CLASSES: tuple[RateClass, ...] = get_args(RateClass)


class Rate(NamedTuple):
    """Requests in any minute, and in any hour; both must hold."""

    a_minute: int
    an_hour: int


RATES: Mapping[RateClass, Rate] = {
    "default": Rate(480, 4800),
    "analytics": Rate(240, 1200),
    "query": Rate(240, 2400),
}
_ON = "on"
_ENTRY = re.compile(r"([^=]+)=([1-9][0-9]{0,8})/([1-9][0-9]{0,8})")


@cache
def rates_of(setting: str) -> Mapping[RateClass, Rate]:
    """The rate of every class, or of none where requests are not limited. Raises ValueError for a mistyped setting."""
    words = setting.split()
    if words in ([], [_ON]):
        return RATES if words else {}
    own: dict[RateClass, Rate] = {}
    for word in words:
        name, rate = _entry(word)
        if name in own:
            raise ValueError(f"RATE_LIMITS has {name} twice")
        own[name] = rate
    return {**RATES, **own}


def _entry(word: str) -> tuple[RateClass, Rate]:
    found = _ENTRY.fullmatch(word)
    if found is None:
        raise ValueError(
            f'RATE_LIMITS: "{word}" is not a rate. It is `on`, or classes with requests a minute and an hour, from 1 '
            "on, such as `query=240/2400 analytics=240/1200`; empty means no limits"
        )
    for name in CLASSES:
        if name == found[1]:
            return name, Rate(int(found[2]), int(found[3]))
    hint = nearest(found[1], CLASSES) or f"; known are: {', '.join(CLASSES)}"
    raise ValueError(f'RATE_LIMITS: "{found[1]}" is not a class of requests{hint}')
