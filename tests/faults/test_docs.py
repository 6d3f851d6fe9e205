"""docs/failure.md names every fault that the code knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from insights_engine import faults
from insights_engine.retries import Backoff

PAGE = (Path(__file__).parents[2] / "docs" / "failure.md").read_text("utf-8")
ROWS = [row for row in PAGE.splitlines() if row.startswith("| ")]


@pytest.mark.parametrize("code", [*faults.CODES, *sorted(faults.CANCELLED), *sorted(faults.REFUSED)])
def test_every_code_of_clickhouse_has_a_row(code: int) -> None:
    assert any(re.search(rf"\| [\d, ]*\b{code}\b[\d, ]* \|", row) for row in ROWS)


@pytest.mark.parametrize(("code", "row"), faults.CODES.items())
def test_the_row_says_the_status_and_the_first_words(code: int, row: tuple[int, str, object]) -> None:
    status, words, _ = row
    found = next(line for line in ROWS if re.search(rf"\| [\d, ]*\b{code}\b[\d, ]* \|", line))
    assert str(status) in found or "the same" in found
    first = re.match(r"[^.;]*", words)
    assert first is not None
    assert f"`{first[0]}`" in PAGE or any(name in first[0] for name in re.findall(r"`([^`]+)`", found))


@pytest.mark.parametrize(
    ("backoff", "longest"), [(faults.ASLEEP, "0.2, 0.4, 0.8, 1.6, 2 s"), (faults.DEAD, "0.05, 0.1 s"),
                             (faults.BUSY, "0.1, 0.2, 0.4, 0.8, 1.6 s")],
)  # fmt: skip
def test_attempts_and_pauses(backoff: Backoff, longest: str) -> None:
    pauses = [min(backoff.most, backoff.first * 2**n) for n in range(backoff.attempts - 1)]
    assert f"{', '.join(f'{pause:g}' for pause in pauses)} s" == longest
    assert f"| {backoff.attempts} | {longest} |" in PAGE
