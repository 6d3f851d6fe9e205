"""Every command of README.md and docs/*.md runs as it is pasted, and answers what the page shows.

A page's blocks are pasted in their order into one shell, beside a server as `insights serve` starts it; where a page
says to stop it, it is stopped. What stands in a page for the reader's own is replaced (`Reader`), and what cannot run
here is listed (`EXCEPTED`).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.docs import pages, tables
from tests.docs.matching import Matching
from tests.docs.reader import LOCAL, Reader
from tests.docs.site import Site
from tests.local.from_posthog.server import PostHog
from tests.local.serving import Eventually

WITH_STEPS = tuple(page for page in pages.PAGES if any(True for _ in pages.steps(page)))
# As the demo leaves them: a page may change a setting, and none shall depend on which was pasted before it.
SETTINGS = {"timezone": "UTC", "week_start_day": 0, "test_account_filters": []}


@pytest.fixture
def reader(site: Site, posthog: PostHog, tmp_path: Path, patience: Eventually) -> Reader:
    site.start()
    header = {"Authorization": f"Bearer {site.key}"}
    httpx.patch(f"{site.url}/api/projects/1/", json=SETTINGS, headers=header, timeout=30).raise_for_status()
    return Reader(site, posthog, tmp_path, patience)


@pytest.mark.parametrize("page", WITH_STEPS)
def test_a_page_can_be_pasted(page: str, reader: Reader) -> None:
    found = list(pages.steps(page))
    if any(re.search(r"\bjq ", step.block.text) for step in found) and not shutil.which("jq"):
        pytest.skip("jq is not installed")
    problems = [problem for step in found for problem in reader.paste(step)]
    assert not problems, "\n".join(problems)


def test_the_start_is_what_the_readme_shows(site: Site) -> None:
    shown = next(block.text for block in pages.blocks("README.md") if "Ctrl-C stops." in block.text)
    printed = site.errors + site.welcome.replace(site.url, LOCAL)
    lines = [line for line in shown.splitlines() if not line.startswith("Demo data")]  # a bar is for terminals
    assert not list(Matching(values=True).differences("text", "\n".join(lines).replace(".data/", "…"), printed))


def test_the_first_line_that_is_printed_answers_what_the_readme_shows(site: Site) -> None:
    site.start()
    line = next(line for line in site.welcome.splitlines() if line.startswith("curl "))
    anew = f"{line} -d refresh=force_blocking"  # another test may have asked it before
    answer = subprocess.run(["sh", "-c", anew], capture_output=True, text=True, check=True).stdout
    shown = next(block.text for block in pages.blocks("README.md") if block.language == "json")
    assert not list(Matching(values=True).differences("json", shown, answer))
    assert json.loads(answer)["result"][0]["label"] == "$pageview"


def test_what_is_excepted_is_somewhere() -> None:
    commands = [command for page in WITH_STEPS for step in pages.steps(page) for command in pages.commands(step.block)]
    unused = [
        row.command for row in tables.EXCEPTED if not any(re.match(row.command, one, re.DOTALL) for one in commands)
    ]
    assert not unused
