"""Other people's programs, unmodified, each in an environment of its own: `make clients` installs them.

Their dependencies are none of the product's and contradict one another, so each has a lock file in `locks/`, and a
folder in `.clients/` at the root of the repository. `--lock` writes the lock files anew, with uv.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
INSTALLED = ROOT / ".clients"
# What each is installed from. A second requirement is one that the package should have made itself.
PYTHON = {
    "engageable": ("engageable==0.6.0", "mcp<2"),
    "arcade-posthog": ("arcade-posthog==1.0.0",),
    "phog-cli": ("phog-cli==0.1.0",),
    "cased-piglet": ("cased-piglet==0.1.0",),
    "airbyte-source-posthog": ("airbyte-source-posthog==1.1.28",),
    "mcparmory-posthog": ("mcparmory-posthog==1.0.5",),
}
# All of node/package.json, as one folder.
NODE = "node"


def folder(name: str) -> Path:
    return INSTALLED / name


def program(name: str, command: str) -> Path:
    """An entry point of a Python package."""
    return folder(name) / "bin" / command


def missing(name: str) -> str:
    """Why it cannot be run; empty where it can."""
    if name == NODE and not shutil.which("node"):
        return "Node.js is not installed"
    mark = folder(name) / ".installed"
    if not mark.exists():
        return f"{name} is not installed: `make clients` does it"
    if mark.read_text() != _state_of(name):
        return f"{name} is installed in another version: `make clients` installs this one"
    return ""


def install(name: str) -> None:
    """Nothing is done where the lock file's state is there already."""
    if not missing(name):
        return
    shutil.rmtree(folder(name), ignore_errors=True)
    print(f"Installing {name}", flush=True)
    if name == NODE:
        folder(name).mkdir(parents=True)
        for file in _files_of(name):
            shutil.copy(file, folder(name))
        _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", at=folder(name))
    else:
        _run(sys.executable, "-m", "venv", str(folder(name)))
        pip = (str(program(name, "python")), "-m", "pip", "--disable-pip-version-check", "--quiet")
        _run(*pip, "install", "-r", *map(str, _files_of(name)))
    (folder(name) / ".installed").write_text(_state_of(name))


def lock(name: str) -> None:
    uv = [str(ROOT / ".lock" / "bin" / "uv"), "pip", "compile", "-", "--universal", "--python-version", "3.13"]
    quiet = ["--quiet", "--no-emit-index-url", "--upgrade", "--custom-compile-command", "make lock-clients"]
    (target,) = _files_of(name)
    subprocess.run([*uv, *quiet, "-o", str(target)], input="\n".join(PYTHON[name]), text=True, check=True)


def main(arguments: list[str]) -> None:
    if arguments == ["--lock"]:
        for name in PYTHON:
            lock(name)
        return
    for name in PYTHON:
        install(name)
    if shutil.which("npm"):
        install(NODE)
    else:
        print("npm is not installed, so the programs for Node.js are left out")


def _files_of(name: str) -> list[Path]:
    if name == NODE:
        return [HERE / "node" / "package.json", HERE / "node" / "package-lock.json"]
    return [HERE / "locks" / f"{name}.txt"]


def _state_of(name: str) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in _files_of(name))).hexdigest()


def _run(*command: str, at: Path | None = None) -> None:
    subprocess.run(command, cwd=at, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
