"""A model's side of the Model Context Protocol: a server's process, and its tools called over its standard streams."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Session:
    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log, self._numbers = process, log, itertools.count(1)
        me = {"name": "tests", "version": "1"}
        self._ask("initialize", {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": me})
        self._write({"method": "notifications/initialized"})

    def tools(self) -> list[str]:
        return [tool["name"] for tool in self._ask("tools/list", {})["tools"]]

    def call(self, tool: str, /, **arguments: Any) -> Any:
        """The object that it gives; a tool that failed raises ToolError with its text."""
        answer = self._ask("tools/call", {"name": tool, "arguments": arguments})
        text = "\n".join(part.get("text", "") for part in answer["content"])
        if answer.get("isError"):
            raise ToolError(text)
        return answer.get("structuredContent") or text

    def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        number = next(self._numbers)
        self._write({"id": number, "method": method, "params": params})
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if message.get("id") == number:  # others are notes that the server makes of its own accord
                assert "result" in message, message
                return message["result"]
        raise AssertionError(self._log.read_text())

    def _write(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()


class ToolError(Exception):
    """What a tool said when it failed."""


@contextmanager
def session(command: Sequence[str | Path], environment: Mapping[str, str], home: Path) -> Iterator[Session]:
    """With that environment and nothing else; `home` takes what the program writes of its own accord."""
    log = home / "stderr"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=home,
            env={"PATH": os.environ["PATH"], "HOME": str(home), **environment},
        )
        try:
            yield Session(process, log)
        finally:
            process.kill()
            process.communicate()
