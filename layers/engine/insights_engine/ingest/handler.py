"""The consumer behind a Lambda function: an SQS event in, the messages to deliver again out."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from insights_engine.ingest.pipeline import Ingest, Message
from insights_engine.services import Services, current

_consumers: WeakKeyDictionary[Services, Ingest] = WeakKeyDictionary()
_lock = threading.Lock()


def handle_sqs(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """`batchItemFailures` names each message that failed; the others are done."""
    messages = [
        Message(
            record["messageId"], record["body"], int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
        )
        for record in event["Records"]
    ]
    outcome = _consumer(current()).batch(messages)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in outcome.failed]}


def _consumer(services: Services) -> Ingest:
    """One for each environment: it keeps what it learned between calls."""
    with _lock:
        if services not in _consumers:
            _consumers[services] = Ingest(services)
        return _consumers[services]
