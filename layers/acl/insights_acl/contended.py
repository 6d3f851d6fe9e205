"""Changes to an item that many environments change at once: nobody's change is lost, and nothing is read for it."""

from __future__ import annotations

import time
from collections.abc import Callable

from insights_engine.retries import Backoff, pauses
from insights_engine.store import ConflictError, Item, Key, Store

# What the item shall hold, but for its key and version, in place of what it holds; None leaves it as it is.
Step = Callable[[Item | None], Item | None]

# Together about two seconds: where hundreds come at once, those without luck get to know of all who had some.
_BACKOFF = Backoff(attempts=40, first=0.002, most=0.1)


def change(store: Store, key: Key, known: Item | None, step: Step, first_version: int) -> Item | None:
    """What the store holds now. Raises ConflictError after two seconds of others' changes, and what `step` raises.

    `known` is what the item was when last seen: where it still is that, this is one write. Otherwise the refusal says
    what it is now. `first_version` of an item that is made here must be one that no earlier item of the key had, so
    that nobody takes this item for one that they knew: the time does it.
    """
    for pause in pauses(_BACKOFF):
        fields = step(known)
        if fields is None:
            return known
        item = {**fields, "pk": key[0], "sk": key[1], "version": known["version"] + 1 if known else first_version}
        try:
            store.put(item, known["version"] if known else "absent")
            return item
        except ConflictError as error:
            if pause is None:
                raise
            known = error.item
        time.sleep(pause)
    raise AssertionError("unreachable")
