"""The event source mapping between the embedded queue and the ingest function, as a thread.

1. Messages are taken in batches; while the function works on them nobody else sees them.
2. `batchItemFailures` names the messages that stay in the queue; the others are deleted. A function that raises keeps
   the whole batch.
3. What stays is tried again after a pause that doubles with each delivery, so that it does not spin. Other messages do
   not wait for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from insights_engine.queue import MAX_RECEIVES

from insights_local.turns import Turns

if TYPE_CHECKING:
    from insights_engine.queue import Message
    from insights_engine.queue.sqlite import SqliteQueue

QUEUE_ARN = "arn:aws:sqs:local:000000000000:events"
_VISIBILITY_SECONDS = 360  # the deployed queue's
_IDLE_SECONDS = 0.25  # how long `stop` may have to wait
_PAUSE_SECONDS = 0.5

log = logging.getLogger("insights.consumer")


class Consumer(Turns):
    """`invoke` calls the function with an SQS event and gives back its answer.

    `pause`: the seconds until what failed for the first time is tried again.
    """

    def __init__(
        self,
        events: SqliteQueue,
        invoke: Callable[[dict[str, Any]], Any],
        *,
        batch_size: int,
        pause: float = _PAUSE_SECONDS,
    ) -> None:
        super().__init__("consumer", pause=_PAUSE_SECONDS)
        self._events = events
        self._invoke = invoke
        self._batch_size = batch_size
        self._pause = pause

    def turn(self) -> None:
        if self._events.wait(_IDLE_SECONDS):
            self.move()

    def move(self) -> set[str]:
        """One batch; gives back the ids of the messages that stay."""
        batch = self._events.receive(self._batch_size, _VISIBILITY_SECONDS)
        if not batch:
            return set()
        stay = self._failed(batch)
        self._events.delete([message.id for message in batch if str(message.id) not in stay])
        for count in {message.receive_count for message in batch if str(message.id) in stay}:
            self._events.release(
                [message.id for message in batch if str(message.id) in stay and message.receive_count == count],
                0 if count == MAX_RECEIVES else self._pause * 2 ** (count - 1),
            )
        return stay

    def _failed(self, batch: Sequence[Message]) -> set[str]:
        everything = {str(message.id) for message in batch}
        try:
            answer = self._invoke(sqs_event(batch))
        except Exception:
            log.exception("the function failed on a batch of %d", len(batch))
            return everything
        return failures_of(answer, everything)


def failures_of(answer: Any, everything: set[str]) -> set[str]:
    """As AWS reads it: an empty list is success; an entry that names no message of the batch fails them all."""
    if not isinstance(answer, dict) or not answer.get("batchItemFailures"):
        return set()
    named = {entry.get("itemIdentifier") for entry in answer["batchItemFailures"]}
    return named if named <= everything else everything


def sqs_event(batch: Sequence[Message]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": str(message.id),
                "receiptHandle": str(message.id),
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": str(message.receive_count)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": QUEUE_ARN,
                "awsRegion": "local",
            }
            for message in batch
        ]
    }
