"""The functions run on what the tests run on."""

from __future__ import annotations

import subprocess
import sys

from insights_local.routes import ROOT


def test_the_layer_s_requirements_are_those_of_the_lock_file() -> None:
    """After a change of dependencies: `make lock`, which runs tools/layer_requirements.py."""
    script = [sys.executable, ROOT / "tools" / "layer_requirements.py"]
    written = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert (ROOT / "layers/engine/requirements.txt").read_text("utf-8") == written


def test_only_the_engine_layer_has_third_party_code() -> None:
    files = [*ROOT.glob("functions/*/requirements.txt"), *ROOT.glob("layers/*/requirements.txt")]
    assert [path.parent.name for path in files if path.read_text()] == ["engine"]
