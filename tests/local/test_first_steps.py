"""`make` on a machine that is not ready: which Python it takes, what it says where it has none, what it makes anew.

The Makefile and its tools work in a folder of the test's own, with Pythons that are scripts around the one that runs
this, and with a pip that only says what it was told.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PIP = """
import os, sys
print("pip", *sys.argv[1:])
sys.exit(os.environ.get("PIP_FAILS"))
"""
# A Python as the test wants it: of a version, without a module, whose environments have the pip above.
PYTHON = """#!{real}
import subprocess, sys
sys.executable = __file__
sys.version_info = ({version}, 0, "final", 0)
sys.modules |= dict.fromkeys({without})
if sys.argv[1] == "-c":
    exec(sys.argv[2])
else:
    folder = sys.argv[3]
    subprocess.run([{real!r}, "-m", "venv", "--without-pip", folder], check=True)
    packages = f"{{folder}}/lib/python3.13/site-packages/pip"
    subprocess.run(["mkdir", "-p", packages], check=True)
    open(f"{{packages}}/__init__.py", "w").close()
    with open(f"{{packages}}/__main__.py", "w") as file:
        file.write({pip!r})
"""


class Machine:
    """A folder with the repository's Makefile, and a PATH with the programs of every machine and the test's Pythons."""

    def __init__(self, folder: Path) -> None:
        self.programs, self.checkout = folder / "bin", folder / "checkout"
        for made in (self.programs, self.checkout):
            made.mkdir()
        for program in ("sh", "make", "awk", "cat", "dirname", "grep", "mkdir", "rm", "sed", "touch", "uname"):
            (self.programs / program).symlink_to(str(shutil.which(program)))
        shutil.copytree(REPOSITORY / "tools", self.checkout / "tools")
        for name in ("Makefile", "requirements.lock", "pyproject.toml"):
            shutil.copy(REPOSITORY / name, self.checkout)

    def add_python(self, name: str = "python3.13", version: str = "3, 13", without: tuple[str, ...] = ()) -> Path:
        path = self.programs / name
        path.write_text(PYTHON.format(real=sys.executable, version=version, without=without, pip=PIP))
        path.chmod(0o755)
        return path

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.programs), "HOME": str(self.checkout), **variables}
        return subprocess.run(
            ["make", *arguments], cwd=self.checkout, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


ANEW = ".venv is not whole, or of another Python, or was moved here: it is made anew."


@pytest.mark.parametrize("goal", ["run", "test"])
def test_without_a_python_it_says_how_to_get_one(machine: Machine, goal: str) -> None:
    done = machine.make(goal)
    assert done.returncode == 2
    first, *rest = done.stderr.splitlines()
    assert first == "No Python 3.13 was found: on PATH, in pyenv, or in uv."
    assert "  with pyenv:  pyenv install 3.13" in rest
    assert any("uv python install 3.13" in line for line in rest)
    assert not (machine.checkout / ".venv").exists()


@pytest.mark.parametrize(
    ("version", "without", "words"),
    [
        ("3, 12", (), "is no Python 3.13 that can be used: it is Python 3.12."),
        (
            "3, 13",
            ("ensurepip",),
            "it has no module ensurepip.\nDebian and Ubuntu have venv and ensurepip in a package",
        ),
        ("3, 13", ("sqlite3",), "it has no module sqlite3.\n"),
    ],
)
def test_a_python_that_is_named_and_does_not_do(
    machine: Machine, version: str, without: tuple[str, ...], words: str
) -> None:
    python = machine.add_python("python", version, without)
    done = machine.make("install", f"PYTHON={python}")
    assert done.returncode == 2
    assert done.stderr.startswith(f"PYTHON={python} is no Python 3.13 that can be used: ")
    assert words in done.stderr
    assert "cannot be run." in machine.make("install", "PYTHON=/nowhere/python").stderr


def test_one_that_lacks_something_is_passed_over_for_one_that_does_not(machine: Machine) -> None:
    machine.add_python(without=("venv",))
    done = machine.make("install")
    assert done.stderr.startswith("python3.13 cannot be used: it has no module venv.\nDebian and Ubuntu")
    whole = machine.checkout / ".pyenv" / "versions" / "3.13.9" / "bin"
    whole.mkdir(parents=True)
    machine.add_python("whole").rename(whole / "python3.13")
    assert machine.make("install").returncode == 0


def test_it_installs_once(machine: Machine) -> None:
    machine.add_python()
    done = machine.make("install", CI="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Installing into .venv. It takes a minute or two, once.",
        "pip install --disable-pip-version-check --quiet -r requirements.lock",
        "pip install --disable-pip-version-check --quiet --no-deps -e .",
    ]
    assert machine.make("install").stdout == "make: Nothing to be done for 'install'.\n"


def test_an_install_that_fails_says_so_and_goes_on_the_next_time(machine: Machine) -> None:
    machine.add_python()
    done = machine.make("run", PIP_FAILS="No matching distribution found")
    assert done.returncode == 2
    _, *rest = done.stderr.splitlines()
    assert rest[0].startswith("pip could not install into .venv; why stands above")
    assert rest[2].startswith("Then run make again")
    again = machine.make("install")
    assert (again.returncode, ANEW in again.stdout) == (0, False)


def moved(machine: Machine) -> None:
    machine.checkout = machine.checkout.rename(machine.checkout.with_name("elsewhere"))


def python_is_gone(machine: Machine) -> None:
    (machine.checkout / ".venv" / "bin" / "python").unlink()


def half_made(machine: Machine) -> None:
    (machine.checkout / ".venv" / ".installed").unlink()
    shutil.rmtree(machine.checkout / ".venv" / "lib" / "python3.13" / "site-packages" / "pip")


def of_another_program(machine: Machine) -> None:
    shutil.rmtree(machine.checkout / ".venv")
    (machine.checkout / ".venv").mkdir()


@pytest.mark.parametrize("what", [moved, python_is_gone, half_made, of_another_program])
def test_an_environment_that_does_not_work_is_made_anew(machine: Machine, what: Callable[[Machine], None]) -> None:
    machine.add_python()
    assert machine.make("install").returncode == 0
    what(machine)
    done = machine.make("install")
    assert (done.returncode, ANEW in done.stdout) == (0, True), done.stderr
    assert machine.make("install").stdout == "make: Nothing to be done for 'install'.\n"
    config = (machine.checkout / ".venv" / "pyvenv.cfg").read_text()
    assert str(Path(os.path.realpath(machine.checkout)) / ".venv") in config
