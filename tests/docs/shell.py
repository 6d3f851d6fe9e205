"""A shell in which a page's commands are pasted one after the other: what one sets, the next ones have."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_STATUS = re.compile(r"^HTTP (\d{3})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Ran:
    """`statuses` are those of the command's HTTP requests."""

    exit_code: int
    output: str
    errors: str
    statuses: tuple[int, ...]


class Shell:
    """A variable that nothing on the page has set is an error (`set -u`), as it would be empty for a reader."""

    def __init__(self, folder: Path, home: Path, *programs: Path) -> None:
        self._folder, self._state = folder, home / "variables.sh"
        self._environment = {
            "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
            "HOME": str(home),
            "CURL_HOME": str(home),
            "LANG": "C.UTF-8",
        }
        (home / ".curlrc").write_text('silent\nshow-error\nwrite-out = "%{stderr}HTTP %{http_code}\\n"\n')
        self._state.touch()

    def run(self, command: str) -> Ran:
        kept = f"declare -f > '{self._state}'; declare -p | grep -v '^declare -[a-zA-Z-]*r' >> '{self._state}'"
        script = f". '{self._state}'\nset -u\ntrap {shlex.quote(kept)} EXIT\n{command}\n"
        return self._ran(["bash", "-c", script], self._environment)

    def python(self, interpreter: Path, text: str) -> Ran:
        """With what the page has exported."""
        return self._ran(["bash", "-c", f". '{self._state}'; exec '{interpreter}' -"], self._environment, text)

    def _ran(self, command: list[str], environment: Mapping[str, str], given: str = "") -> Ran:
        done = subprocess.run(
            command, cwd=self._folder, env=environment, input=given, capture_output=True, text=True, timeout=120
        )
        statuses = tuple(int(status) for status in _STATUS.findall(done.stderr))
        return Ran(done.returncode, done.stdout, _STATUS.sub("", done.stderr).strip(), statuses)
