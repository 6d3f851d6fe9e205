"""Rules that hold across the repository, each with its short list of exceptions and why they are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from insights_engine.settings import SETTINGS

ROOT = Path(__file__).parent.parent
SHIPPED = [path for part in ("layers", "functions") for path in sorted((ROOT / part).rglob("*.py"))]
OURS = [
    path
    for part in ("layers", "functions", "local", "tests", "benchmarks", "tools")
    for path in ROOT.glob(f"{part}/**/*.py")
]
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))

# SQL that is put together as text: `file:function`. None of it comes from a request.
SQL_AS_TEXT = {
    "layers/engine/insights_engine/ingest/squash.py:_delete": "names of our own tables; the cluster's name is quoted",
    "layers/engine/insights_engine/ingest/squash.py:_rewrite": "names of our own tables and columns",
    "layers/engine/insights_engine/migrations.py:cluster_form": "our own files; the cluster's name is quoted",
    "layers/engine/insights_engine/queue/sqlite.py:_set_aside": "a condition that two statements share",
    "layers/engine/insights_engine/store/sqlite.py:": "a list of columns that the statements share",
    "layers/engine/insights_engine/store/sqlite.py:query": "which conditions there are; their values are bound",
}
# Where time is read: the entries, from which it is handed down, and what is about durations or leases.
CLOCKS = {
    "layers/engine/insights_engine/bus.py": "the time on an event, as EventBridge puts it there",
    "layers/engine/insights_engine/services.py": "the entry of every request",
    "layers/engine/insights_engine/store/dynamodb.py": "default of the clock that expiry is held against",
    "layers/engine/insights_engine/store/sqlite.py": "default of the clock that expiry is held against",
    "layers/engine/insights_engine/queue/sqlite.py": "default of the clock that visibility is held against",
}
# Where variables of the environment are read beside the table of settings.
ENVIRONMENT = {
    "layers/engine/insights_engine/aws.py": "the SDK's own, which its clients are told apart by",
    "layers/engine/insights_engine/log.py": "the name that Powertools reads for itself, before there are settings",
    "layers/engine/insights_engine/services.py": "where the settings are read, once",
    "layers/engine/insights_engine/snapstart.py": "Lambda's own, of how a function was started",
}
# Tables may be long.
LONG = {
    "benchmarks/questions.py": "the table of questions",
    "layers/engine/insights_engine/hogql/functions.py": "the table of functions",
}
MOST_LINES, MOST_LINES_OF_TESTS, MOST_LINES_OF_A_FUNCTION = 300, 400, 40
_STATEMENT = re.compile(r"\b(SELECT|INSERT INTO|DELETE FROM|UPDATE|ALTER TABLE|CREATE TABLE|DROP)\b")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All of a file; the first is the module."""
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"))))


def is_statement(node: ast.AST) -> bool:
    """A text, or a part of one, that has SQL in it."""
    return any(
        isinstance(part, ast.Constant) and isinstance(part.value, str) and bool(_STATEMENT.search(part.value))
        for part in ast.walk(node)
    )


def is_filled_in(node: ast.AST) -> bool:
    """`f"SELECT {x}"`, `"SELECT %s" % x`, `"SELECT {}".format(x)`, `"SELECT " + x`."""
    match node:
        case ast.JoinedStr():
            return is_statement(node)
        case ast.BinOp(left=ast.Constant() as left, op=ast.Mod()):
            return is_statement(left)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return is_statement(left) or is_statement(right)
        case ast.Call(func=ast.Attribute(value=ast.Constant() as text, attr="format")):
            return is_statement(text)
    return False


def is_clock(node: ast.AST) -> bool:
    """`datetime.now`, `date.today`, `time.time`, called or handed on."""
    return isinstance(node, ast.Attribute) and (
        (node.attr in ("now", "utcnow", "today") and ast.unparse(node.value).split(".")[-1] in ("datetime", "date"))
        or ast.unparse(node) in ("time.time", "time.time_ns")
    )


def is_environment(node: ast.AST) -> bool:
    """`os.environ`, `os.getenv`."""
    return isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv")


def most_lines(path: Path) -> int:
    return MOST_LINES_OF_TESTS if name(path).startswith("tests/") else MOST_LINES


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Without its docstring, which is a command's help and an endpoint's documentation."""
    has_docstring = ast.get_docstring(function) is not None and len(function.body) > 1
    first, last = function.body[has_docstring], function.body[-1]
    return (last.end_lineno or last.lineno) - first.lineno + 1


def filled_in(path: Path) -> set[str]:
    """`file:function` of each statement that something is put into; no function: at the module's level."""
    found = set()

    def walk(node: ast.AST, function: str) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if is_filled_in(node):
            found.add(f"{name(path)}:{function}")
        for child in ast.iter_child_nodes(node):
            walk(child, function)

    walk(nodes(path)[0], "")
    return found


# Each exception has to be needed still.


def test_values_are_bound_and_never_part_of_sql() -> None:
    assert {place for path in SHIPPED for place in filled_in(path)} == SQL_AS_TEXT.keys()


def test_time_is_passed_in() -> None:
    assert {name(path) for path in SHIPPED if any(map(is_clock, nodes(path)))} == CLOCKS.keys()


def test_the_environment_is_read_once() -> None:
    assert {name(path) for path in SHIPPED if any(map(is_environment, nodes(path)))} == ENVIRONMENT.keys()


def test_a_file_can_be_read_in_one_go() -> None:
    assert {name(path) for path in OURS if lines(path) > most_lines(path)} == LONG.keys()


def test_a_function_can_be_read_in_one_go() -> None:
    functions = [
        (name(path), node)
        for path in OURS
        if not name(path).startswith("tests/")
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [f"{where}:{one.name}" for where, one in functions if body_lines(one) > MOST_LINES_OF_A_FUNCTION] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_decides_nothing(function: str) -> None:
    """Routers, an app, a handler: what it does stands in the layers, where it is tested."""
    tree = ast.parse((ROOT / "functions" / function / "app.py").read_text("utf-8"))
    kinds = {type(node) for node in tree.body}
    assert kinds <= {ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.variable)
def test_every_setting_is_documented(setting: object) -> None:
    variable = setting.variable  # type: ignore[attr-defined]
    assert any(f"`{variable}`" in page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md"))


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    links = [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    ]
    assert [f"{name(page)} -> {target}" for page, target in links if not (page.parent / target).exists()] == []
