"""SELECT statements that users write, over a project's view of its tables.

    text --parse--> tree --fill--> tree without placeholders --printed--> Printed(sql, columns) --limited--> Sql

A table that is named becomes a sub-select of expressions over one project's rows (`sources`), so a statement never
holds a table's name, a column's or an alias's that a user wrote: those are t0, c0 and r0. Expressions are those of the
walk over expressions, with more that may stand in them (`walk`).
"""

from __future__ import annotations

from insights_engine.hogql.statements.compile import Compiled, compile_statement
from insights_engine.hogql.statements.parse import parse_statement

__all__ = ["Compiled", "compile_statement", "parse_statement"]
