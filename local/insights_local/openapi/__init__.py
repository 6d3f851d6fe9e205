"""The documentation that is made from the code: openapi.json, which /docs shows, and parts of docs/api.md.

`insights openapi --write` makes it anew; a test fails where it is stale.
"""

from __future__ import annotations

import json
from pathlib import Path

from insights_local.routes import ROOT

JSON_FILE = ROOT / "layers" / "api" / "insights_api" / "openapi.json"
PAGE = ROOT / "docs" / "api.md"


def files() -> dict[Path, str]:
    """What each generated file must hold."""
    from insights_local.openapi.document import document
    from insights_local.openapi.page import with_sections

    text = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    return {JSON_FILE: text, PAGE: with_sections(PAGE.read_text("utf-8"))}


def stale() -> list[Path]:
    return [path for path, text in files().items() if not path.exists() or path.read_text("utf-8") != text]


def write() -> list[Path]:
    """The files that were changed."""
    changed = stale()
    for path, text in files().items():
        if path in changed:
            path.write_text(text, "utf-8")
    return changed
