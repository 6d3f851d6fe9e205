"""How much a test tries of what is random: in `make test` what it has time for, in `make thorough` much more."""

from __future__ import annotations

import os

IS_THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def examples(usual: int, thorough: int) -> int:
    return thorough if IS_THOROUGH else usual
