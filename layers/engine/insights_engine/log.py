"""Structured logs, by Powertools. Never a key, a token or a body."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


@cache
def logger() -> Logger:
    from aws_lambda_powertools import Logger

    return Logger(service="insights")
