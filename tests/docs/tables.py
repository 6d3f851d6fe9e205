"""What stands in the pages and is not on the machine that runs the tests."""

from __future__ import annotations

import re
from typing import NamedTuple


class Excepted(NamedTuple):
    """A command that is not run here. That the names in it exist is looked at all the same."""

    command: str
    reason: str


EXCEPTED = (
    Excepted(r"make run", "ends when somebody stops it; the tests start the same server themselves"),
    Excepted(r"make test", "the tests are what is running"),
    Excepted(r"make deploy", "needs an AWS account"),
    Excepted(r"make sam-local", "needs Docker, and ends when somebody stops it"),
    Excepted(r"aws (?!cloudformation describe-stacks)", "needs an AWS account"),
    Excepted(r"\.venv/bin/insights doctor$", "asks a deployment in AWS"),
    Excepted(r"curl .*xoxb-…", "needs a workspace of Slack"),
    Excepted(r"ask https://us\.posthog\.com", "needs a project of PostHog"),
    Excepted(r"pip install ", "installs somebody else's program"),
    Excepted(r"(posthog|piglet) ", "somebody else's program; tests/clients runs it where it is installed"),
)


# Pages whose answers are to other events than the demo's, which they say.
OTHER_VALUES = ("docs/api.md",)


def reason(command: str) -> str | None:
    return next((row.reason for row in EXCEPTED if re.match(row.command, command, re.DOTALL)), None)
