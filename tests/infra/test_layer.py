"""The functions run on what the tests run on."""

from __future__ import annotations

import subprocess
import sys

from insights_local.routes import ROOT


def test_the_layers_requirements_are_those_of_the_lock_file() -> None:
    """After a change of dependencies: `make lock`, which runs tools/layer_requirements.py."""
    script = [sys.executable, ROOT / "tools" / "layer_requirements.py"]
    compared = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (compared.returncode, compared.stderr) == (0, "")


def test_only_two_layers_have_third_party_code() -> None:
    """A function and its layers may have 250 MB unpacked, so what draws pictures is not with what everybody needs."""
    files = [*ROOT.glob("functions/*/requirements.txt"), *ROOT.glob("layers/*/requirements.txt")]
    assert sorted(path.parent.name for path in files if path.read_text()) == ["engine", "report"]
