"""Where results are kept: an item a result, and an object in S3 for one that is larger than an item.

The cache makes nothing fail: what cannot be read is not there, and what cannot be written is computed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from insights_engine.errors import Overloaded
from insights_engine.results.entry import Entry
from insights_engine.store import Item, Key
from insights_engine.store.items import MAX_ITEM_BYTES

if TYPE_CHECKING:
    from insights_engine.services import Services

# Kept a little longer than any of them is fresh, to be served where a new one cannot be had. S3 forgets a day later.
KEPT = timedelta(days=7)
# What an item has beside its rows.
_ROOM = 8_000


class Look(NamedTuple):
    """`definitions` counts the changes of the project's actions and cohorts: a result from before one is not kept."""

    entry: Entry | None
    definitions: int


def key_of(project_id: int, key: str) -> Key:
    return f"RESULT#{project_id}#{key}", "RESULT"


def _definitions_key(project_id: int) -> Key:
    return f"RESULT#{project_id}", "DEFINITIONS"


@contextmanager
def changing_definitions(services: Services, project_id: int) -> Iterator[None]:
    """Around a change of an action or a cohort: results that were computed with them as they were are not served any
    more. Where that cannot be said beforehand nothing is changed: raises Overloaded.

    It is said once more afterwards, for a result whose computation began in between.
    """
    key = _definitions_key(project_id)
    try:
        services.results.add(*key, "changes", 1)
    except Exception as error:
        _report("might be of an earlier definition", project_id, "", error)
        raise Overloaded("The store of results does not answer; try again in a moment.", status=503) from error
    yield
    try:
        services.results.add(*key, "changes", 1)
    except Exception as error:
        _report("may be of an earlier definition", project_id, "", error)


class ResultsCache:
    """`key` is a question's (`naming.result_key`); every name in the store has the project's id in front of it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def look(self, project_id: int, key: str) -> Look:
        """One read."""
        try:
            found = self._services.results.get_many([key_of(project_id, key), _definitions_key(project_id)])
            definitions = found[1]["changes"] if found[1] else 0
            entry = self.entry_of(found[0])
        except Exception as error:  # whatever ails the store, the question can be computed
            _report("cannot be read", project_id, key, error)
            return Look(None, 0)
        return Look(entry if entry is not None and entry.definitions == definitions else None, definitions)

    def kept(self, project_id: int, key: str) -> Entry | None:
        """The result as it is, of whichever definitions. Raises what the store does."""
        return self.entry_of(self._services.results.get(*key_of(project_id, key)))

    def entry_of(self, item: Item | None) -> Entry | None:
        """What an item of the store holds. Raises where it is no whole result, or S3 does not give its rows."""
        if item is None or "about" not in item:
            return None
        body = item["body"] if "body" in item else self._object(item["object"])
        return Entry.unpacked(item["about"], body)

    def put(self, project_id: int, key: str, entry: Entry) -> bool:
        """Whether it is kept: a result over the limit of an item needs RESULTS_BUCKET."""
        pk, sk = key_of(project_id, key)
        about, body = entry.packed()
        item: dict[str, Any] = {"pk": pk, "sk": sk, "about": about}
        item["expires_at"] = int((entry.computed_at + KEPT).timestamp())
        try:
            if len(about.encode()) + len(body) <= MAX_ITEM_BYTES - _ROOM:
                self._services.results.put(item | {"body": body})
            elif self._bucket:
                name = f"results/{project_id}/{key}-{int(entry.computed_at.timestamp() * 1e6)}"
                self._s3.put_object(Bucket=self._bucket, Key=name, Body=body)
                self._services.results.put(item | {"object": name})
            else:
                return False
        except Exception as error:
            _report("cannot be kept", project_id, key, error)
            return False
        return True

    def _object(self, name: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=self._bucket, Key=name)["Body"].read())

    @property
    def _bucket(self) -> str:
        return self._services.settings.results_bucket

    @property
    def _s3(self) -> Any:
        from insights_engine import aws

        return aws.client("s3")


def _report(what: str, project_id: int, key: str, error: Exception) -> None:
    from insights_engine.log import logger

    logger().warning(f"a result {what}: {error}", extra={"project": project_id, "cache_key": key})
