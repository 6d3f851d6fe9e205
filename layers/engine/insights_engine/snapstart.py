"""What a function does around SnapStart's snapshot, from which each of its environments is made.

Before it: load what is otherwise loaded on first use, so that no environment pays for it. Only loading: a connection or
a credential in a snapshot is dead or old when an environment wakes up. After it: other random numbers in each.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from importlib import import_module

from insights_engine.kinds import MODULES

ON_FIRST_USE = (
    "aws_lambda_powertools.metrics",
    "boto3.session",
    "botocore.handlers",
    "botocore.httpsession",
    "clickhouse_connect.driver.httpclient",
    "hogql_parser_rs",
    "zstandard",
    "insights_engine.hogql",
    "insights_engine.queue.sqs",
    "insights_engine.store.dynamodb",
    *MODULES,
)


def prepare(*loaders: Callable[[], None]) -> None:
    """Registers both, where Lambda is about to make a snapshot; elsewhere everything stays as lazy as it is."""
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return
    from snapshot_restore_py import (  # type: ignore[import-untyped]
        register_after_restore,
        register_before_snapshot,
    )

    for load_more in loaders:
        register_before_snapshot(load_more)
    register_before_snapshot(load)
    register_after_restore(random.seed)


def load() -> None:
    for name in ON_FIRST_USE:
        import_module(name)
