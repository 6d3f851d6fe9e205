"""The text of a statement, read as ClickHouse reads it: nothing hides in quotes that are none."""

from __future__ import annotations

import pytest
from insights_engine.guard import GuardError, require_select, settings
from insights_engine.tables import TENANT_TABLES

# Each has what is refused where one way of quoting looks like another.
HIDDEN = [
    "SELECT $x$'$x$, file($x$/etc/hostname$x$), $x$'$x$",
    "SELECT $$'$$, file($$/etc/hostname$$), $$'$$",
    "SELECT $_1$`$_1$, file($_1$x$_1$), $_1$`$_1$",
    "SELECT '\\'', file('x'), '\\''",
    "SELECT '\\\\', file('x')",
    "SELECT '''', file('x'), ''''",
    "SELECT \"'\", file('x'), \"'\"",
    "SELECT `'`, file('x'), `'`",
    "SELECT '`', file('x'), '`'",
    "SELECT '--', file('x')",
    "SELECT '/*', file('x'), '*/'",
    "SELECT 1 AS `a``b`, file('x')",
    'SELECT 1 FROM "sys""tem", `system`.one',
    "SELECT 1 FROM `SYSTEM` . one",
    'SELECT 1 FROM "information_schema".tables',
    "SELECT 1 FROM\nsystem\n.\none",
    "SELECT FILE ('x')",
    "SELECT 1 settings readonly = 0",
    "SELECT 1 FORMAT CSV Settings x = 1",
    "SELECT '\n', 1;",
]
HARMLESS = [
    "SELECT 1",
    "  (\n(SELECT 1))",
    "with x AS (SELECT 1) SELECT * FROM x",
    "SELECT 'it''s; -- /* # // SETTINGS file(x) system.one'",
    "SELECT 'a\\'b; SETTINGS'",
    'SELECT "settings", `file`, `#`, profile(1), my.file(1), t.settings',
    "SELECT systems.one, subsystem.one, my.system.one",
    "SELECT 10 - 1, a-b, 6 / 2, 'x' || '$a$'",
    "SELECT $1, a$b",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_what_is_refused_is_found_wherever_it_hides(text: str) -> None:
    with pytest.raises(GuardError):
        require_select(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_passes(text: str) -> None:
    require_select(text)


def test_every_tenant_table_is_filtered_in_both_its_forms_and_nothing_can_be_set_afterwards() -> None:
    made = settings("db", 7, ["numbers", "merge", "s3", "view"])
    filters = made["additional_table_filters"]
    assert set(filters.values()) == {"project = 7"}
    tables = {f"db.{table}{end}" for table in TENANT_TABLES for end in ("", "_local")}
    assert filters.keys() == tables | {"_table_function.merge", "_table_function.s3"}
    assert list(made)[-1] == "readonly"
    assert (made["readonly"], made["log_comment"]) == (1, "7")


@pytest.mark.parametrize("project_id", ["7 OR 1 = 1", "x", None])
def test_a_project_is_a_number(project_id: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        settings("db", project_id, [])  # type: ignore[arg-type]
