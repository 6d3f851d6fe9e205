"""A statement as a golden file has it: a line a clause, and what is bound at the end."""

from __future__ import annotations

import re

from insights_engine.sql import Sql

_CLAUSES = re.compile(r" (?=(?:FROM|WHERE|GROUP BY|HAVING|ORDER BY|LEFT ANY JOIN|UNION ALL)\b)")


def as_golden(sql: Sql) -> str:
    lines = _CLAUSES.sub("\n", sql.text)
    return lines + "\n" + "".join(f"-- {name} = {value!r}\n" for name, value in sql.params.items())
