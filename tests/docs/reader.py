"""Somebody who pastes a page from its beginning to its end, and does what it says in between."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.docs import pages, tables
from tests.docs.matching import Matching
from tests.docs.pages import Step
from tests.docs.shell import Ran, Shell
from tests.docs.site import Site, bring_exports
from tests.local.from_posthog.server import KEY, PostHog
from tests.local.serving import Eventually

LOCAL = "http://127.0.0.1:8000"


class Reader:
    def __init__(self, site: Site, posthog: PostHog, home: Path, eventually: Eventually) -> None:
        self._site, self._eventually = site, eventually
        self._shell = Shell(site.folder, home, site.programs)
        # What stands in a page for the reader's own.
        self._own = {
            LOCAL: site.url,
            "https://insights.example.com": site.url,
            "https://us.posthog.com": posthog.url,
            "--from-project 12345": "--from-project 2",
            "POSTHOG_API_KEY=phx_… INSIGHTS_API_KEY=": f"POSTHOG_API_KEY={KEY} INSIGHTS_API_KEY=",
            "phx_…": site.key,
            "phc_…": site.token,
        }

    def paste(self, step: Step) -> Iterator[str]:
        """What is wrong with a block, if anything is."""
        self._prepare(step.block.words)
        ran: Ran | None = None
        commands = list(pages.commands(step.block))
        for command in commands:
            if tables.reason(command):
                ran = None
                continue
            ran = self._run(step, command)
            expected = step.exit_code if command is commands[-1] else 0
            if problem := _problem(ran, expected, step.status):
                yield f"{step.block.page}:{step.block.line}: {command}\n  {problem}"
        if step.answer and ran:
            found = ran.output.replace(self._site.url, LOCAL)
            is_error = step.status is not None and step.status >= 400
            matching = Matching(values=is_error or step.block.page not in tables.OTHER_VALUES)
            for difference in matching.differences(step.answer.language, step.answer.text, found):
                yield f"{step.answer.page}:{step.answer.line}: {difference}"

    def _prepare(self, words: str) -> None:
        if re.search(r"\bstop the server\b", words, re.IGNORECASE):
            self._site.stop()
        if re.search(r"\bstart the server again\b", words, re.IGNORECASE):
            self._site.start()
        if "batch export" in words:
            bring_exports(self._site.folder)

    def _run(self, step: Step, command: str) -> Ran:
        for shown, own in self._own.items():
            command = command.replace(shown, own)
        if step.block.language == "python":
            return self._shell.python(Path(sys.executable), command)
        ran = self._shell.run(command)
        if ran.exit_code and "few seconds later" in step.block.words:
            self._eventually(lambda: self._shell.run(command).exit_code == 0)
            return self._shell.run(command)
        return ran


def _problem(ran: Ran, exit_code: int, status: int | None) -> str:
    if ran.exit_code != exit_code:
        return f"ended with {ran.exit_code}: {ran.errors or ran.output}"
    for found in ran.statuses:
        if found != status if status else not 200 <= found < 300:
            return f"was answered with {found}: {ran.output}"
    return ""
