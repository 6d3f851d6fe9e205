"""Pages of docs/ that are made from the code: settings, commands, cost; and lists of other pages.

`make docs` writes them, a test compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click
from insights_engine.settings import SETTINGS

from insights_local.cli import main
from insights_local.cost_page import cost_page
from insights_local.hogql_page import LISTS as HOGQL_LISTS
from insights_local.kind_lists import LISTS as KIND_LISTS
from insights_local.routes import ROOT

_MADE = "<!-- Made by `make docs`; change the code that it is made from. -->\n"
_LIST = re.compile(r"(<!-- (?P<name>[a-z ]+) -->\n).*?(<!-- /(?P=name) -->)", re.DOTALL)

_CLI = """`make run` and `make install` put it at `.venv/bin/insights`; `. .venv/bin/activate` lets a shell find it as
`insights`. Each command says this itself: `insights COMMAND --help`.
"""


def settings_page() -> str:
    rows = "".join(f"| `{s.variable}` | {f'`{s.default}`' if s.default else ''} | {s.help} |\n" for s in SETTINGS)
    return (
        f"# Settings\n\n{_MADE}\n"
        "The environment variables that the functions and the `insights` command read "
        "([`insights_engine.settings`](../layers/engine/insights_engine/settings.py)). The template sets those that it "
        "knows; `insights serve` sets its own.\n\n"
        f"| variable | default | meaning |\n| --- | --- | --- |\n{rows}"
    )


def cli_page() -> str:
    parts = [f"# The `insights` command\n\n{_MADE}\n{_CLI}"]
    for path, command in _commands("insights", main):
        context = click.Context(command, info_name=path, terminal_width=100, **main.context_settings)
        parts.append(f"## `{path}`\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def _commands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, further in command.commands.items():
            yield from _commands(f"{path} {name}", further)


def with_lists(page: str, lists: Mapping[str, Callable[[], str]]) -> str:
    """The page with each list between `<!-- name -->` and `<!-- /name -->`. Raises KeyError for one nobody makes."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    return _LIST.sub(lambda found: found[1] + lists[found["name"]]().strip("\n") + "\n" + found[3], text)


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "cli.md": cli_page,
    "cost.md": lambda: cost_page(_MADE),
    "hogql.md": lambda: with_lists("hogql.md", HOGQL_LISTS),
    "access.md": lambda: with_lists("access.md", KIND_LISTS),
    "identity.md": lambda: with_lists("identity.md", KIND_LISTS),
}


def write(directory: Path) -> None:
    for name, page in PAGES.items():
        (directory / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
