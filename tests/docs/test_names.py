"""What the pages name exists: targets of make, commands and options of `insights`, calls of AWS and their options.

It holds for the blocks, those too that cannot run here, and for the commands within the text.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

import click
import pytest
from insights_local.cli import main
from insights_local.routes import ROOT

from tests.docs import pages

ALL = (*pages.PAGES, "events/README.md", *(path.name for path in ROOT.glob("*.md") if path.name not in pages.PAGES))
# The command line's own, beside services' calls and the members of their input.
OWN_CALLS = ("configure", "sso login")
GLOBAL = {"--query", "--output", "--region", "--profile", "--cli-binary-format", "--cli-read-timeout", "--no-cli-pager"}
# At the place of a command: of a line, a pipe, a substitution, behind variables, with or without its folder.
_PLACE = r"(?:^\s*|[|;&(`]\s*|\b[A-Z_]+=\S+ +)(?:\.venv/bin/)?"
_CALL = re.compile(_PLACE + r"(make|insights|aws) ([^`|)\n]*)", re.MULTILINE)
_CODE = re.compile(r"(?<!`)`((?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?(?:make|insights|aws) [^`]+)`")


def texts(page: str) -> Iterator[str]:
    """Blocks for a shell, the help of `insights`, and code within the text."""
    for block in pages.blocks(page):
        if block.language in pages.SHELL:
            yield from pages.commands(block)
        elif page == "docs/cli.md":
            yield from (line for line in block.text.splitlines() if re.match(r" +insights [a-z]", line))
    yield from _CODE.findall((ROOT / page).read_text("utf-8"))


def calls(page: str, program: str) -> Iterator[list[str]]:
    for text in texts(page):
        for name, rest in _CALL.findall(re.sub(r"\\\n|\s#.*", " ", text)):
            if name == program:
                yield _words(rest)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # the end of a word in quotes is behind a pipe
        return text.split()


def wrong_target(words: list[str]) -> str | None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = [word for word in words if "=" not in word]
    return next((word for word in named if word not in targets), None)


def wrong_command(words: list[str]) -> str | None:
    """The first word that is no command, or the first option that the command does not have."""
    command: click.Command = main
    options = {"--help", "--version"}
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-") and not word.isupper():
            if word not in command.commands:
                return word
            command = command.commands[word]
            options = {"--help", *(name for one in command.params for name in (*one.opts, *one.secondary_opts))}
        elif word.startswith("--") and word.partition("=")[0] not in options:
            return word
    return None


def wrong_call(words: list[str]) -> str | None:
    from botocore import xform_name

    if " ".join(words).startswith(OWN_CALLS):
        return None
    service, operation, *rest = words
    model = _service(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        return operation
    shape = model.operation_model(names[operation]).input_shape
    members = {f"--{xform_name(name, '-')}" for name in (shape.members if shape else ())}
    return next((word for word in rest if word.startswith("--") and word not in members | GLOBAL), None)


@cache
def _service(name: str) -> Any:
    from botocore.session import get_session

    return get_session().get_service_model(name)


CHECKS = {"make": wrong_target, "insights": wrong_command, "aws": wrong_call}


@pytest.mark.parametrize("program", CHECKS)
def test_what_is_named_exists(program: str) -> None:
    found = [(page, words) for page in ALL for words in calls(page, program)]
    wrong = [(page, words, CHECKS[program](words)) for page, words in found]
    assert [one for one in wrong if one[2]] == []
    assert len(found) > 5


@pytest.mark.parametrize("page", pages.PAGES)
def test_a_block_has_commands_alone(page: str) -> None:
    """Pasted into an interactive zsh, a comment is a command that is not found, and a bare `?` a file that is not."""
    for block in pages.blocks(page):
        if block.language in pages.SHELL:
            assert not re.search(r"(^|\s)#", block.text, re.MULTILINE), f"{page}:{block.line}"
            unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "", block.text)
            assert not re.search(r"\S[?\[]", unquoted), f"{page}:{block.line}"


@pytest.mark.parametrize("page", pages.PAGES)
def test_commands_stand_in_blocks_that_name_their_language(page: str) -> None:
    """What is merely indented is neither coloured nor pasted by these tests."""
    text = re.sub(r"^( *)```.*?^ *```$", "", (ROOT / page).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^(?: {4}|\t) *(?:(?:\.venv/bin/)?insights|make|curl|aws|export) .*", text, re.MULTILINE) == []
