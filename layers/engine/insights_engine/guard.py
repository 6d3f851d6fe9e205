"""What holds a statement to one project's rows, below whatever made the statement.

1. `settings`: ClickHouse itself filters every tenant table by the project, wherever in the statement it is read:
   joins, sub-selects, CTEs, IN, views, and the table functions that read tables. `readonly = 1` goes with it, so that
   the statement can neither change that filter nor anything else.
2. `require_select`: what those settings do not reach is refused by its text. Our own statements never contain it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from insights_engine.tables import TENANT_TABLES

# Table functions that make their rows themselves or hold a SELECT, which is filtered in its place. All others that
# `readonly = 1` lets through read tables, and are filtered by the project like these.
_HARMLESS = frozenset(
    {
        "generateRandom",
        "generateSeries",
        "generate_series",
        "null",
        "numbers",
        "numbers_mt",
        "primes",
        "values",
        "view",
        "zeros",
        "zeros_mt",
    }
)
TABLE_FUNCTIONS = "SELECT name FROM system.table_functions WHERE allow_readonly"

# To its end, or to the end of the statement where it has none: then the last group is empty.
_QUOTED = re.compile(r"(['`\"])(?:(?!\1)[^\\]|\\.?)*+(\1|\Z)", re.DOTALL)
_SYSTEM = re.compile(r"[`\"](system|information_schema)[`\"]", re.IGNORECASE)
_SELECT = re.compile(r"[\s(]*(SELECT|WITH)\b", re.IGNORECASE)
_REFUSED = re.compile(
    r"(?<![.\w])(?:SETTINGS|OUTFILE|file\s*\(|(?:system|information_schema)\s*\.)|;|--|/\*|//|#|\$\w*\$|['\"`]",
    re.IGNORECASE,
)


class GuardError(RuntimeError):
    """A statement that no compiler of ours makes. A fault of ours, or someone got past a compiler."""


def settings(database: str, project_id: int, table_functions: Iterable[str]) -> dict[str, Any]:
    """Sent with a statement, or set in a session, in this order: after `readonly` nothing can be set any more."""
    mine = f"project = {int(project_id)}"
    guarded = {f"{database}.{name}": mine for table in TENANT_TABLES for name in (table, f"{table}_local")}
    guarded |= {f"_table_function.{name}": mine for name in sorted(table_functions) if name not in _HARMLESS}
    # Row policies of a server can read the project here, and the server's query log shows it.
    return {"log_comment": str(int(project_id)), "additional_table_filters": guarded, "readonly": 1}


def require_select(text: str) -> None:
    """Raises GuardError unless the text is one SELECT without comments, settings, files and system tables."""
    if not _SELECT.match(text):
        raise GuardError("Only a SELECT can be read for a project")
    if found := _REFUSED.search(_QUOTED.sub(_unquoted, text)):
        raise GuardError(f"A statement read for a project must not contain {found[0].strip()!r}")


def _unquoted(quoted: re.Match[str]) -> str:
    """A quoted name or text is none of the statement's words, but a quoted database is still that database."""
    mark, end = quoted.groups()
    if not end:
        return mark
    return quoted[0][1:-1] if _SYSTEM.fullmatch(quoted[0]) else "_"
