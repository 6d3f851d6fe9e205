"""A command line program in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Program:
    path: Path
    environment: Mapping[str, str]
    home: Path

    def run(self, *arguments: str, fails: bool = False) -> str:
        """What it prints; with `fails` what it complains of, in one line."""
        found = subprocess.run(
            [str(self.path), *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            cwd=self.home,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "COLUMNS": "200", **self.environment},
        )
        assert bool(found.returncode) == fails, (found.stdout + found.stderr)[-3000:]
        return " ".join((found.stdout + found.stderr).split()) if fails else found.stdout

    def json(self, *arguments: str) -> Any:
        """With the flag that both of them have for it."""
        return json.loads(self.run("--json", *arguments))
