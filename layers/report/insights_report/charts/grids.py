"""Rows of values under the names of their columns, as a statement answers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from insights_report.charts.text import columns, cut, more
from insights_report.charts.theme import INK, INSIDE, MUTED, PAPER, TRACK, Spec, frame, nothing
from insights_report.charts.values import CUT, ValueRows, said

MOST_ROWS, _MOST_COLUMNS = 20, 6
_ROW, _GAP, _LETTER = 26, 10, 6.2
_NARROWEST, _WIDEST = 4, 28


def table(name: str, found: ValueRows) -> Spec:
    """As many columns as can be read beside each other; numbers stand to the right."""
    heads, rows, is_cut = found
    notes = [CUT] if is_cut else []
    notes += [more(len(rows) - MOST_ROWS, "row"), more(len(heads) - _MOST_COLUMNS, "column")]
    if not rows:
        return nothing(name)
    kept = [row[:_MOST_COLUMNS] for row in rows[:MOST_ROWS]]
    lines = [[str(head) for head in heads[:_MOST_COLUMNS]], *([said(value) for value in row] for row in kept)]
    cells, left = [], 0.0
    for place, width in enumerate(_widths(lines)):
        is_number = all(value is None or _is_number(value) for value in (row[place] for row in kept))
        at = left + width - _GAP if is_number else left + _GAP
        room = int((width - 2 * _GAP) / _LETTER)
        cells += [
            {"line": number, "at": at, "said": cut(line[place], room), "side": "right" if is_number else "left"}
            for number, line in enumerate(lines)
        ]
        left += width
    return frame(name, _drawn(cells, len(lines)), height=75 + _ROW * len(lines), notes=notes)


def _widths(lines: Sequence[Sequence[str]]) -> list[float]:
    """Of the columns, by their longest texts."""
    wanted = [
        max(_NARROWEST, *(min(_WIDEST, columns(cut(line[place], _WIDEST))) for line in lines)) * _LETTER + 2 * _GAP
        for place in range(len(lines[0]))
    ]
    return [INSIDE * width / sum(wanted) for width in wanted]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _drawn(cells: list[dict[str, Any]], count: int) -> Spec:
    y = {"field": "line", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0}}
    grounds = [{"line": line, "ground": TRACK if line % 2 == 0 else PAPER} for line in range(count)]
    text = {
        **{"type": "text", "align": {"expr": "datum.side"}, "fontWeight": {"expr": "datum.line ? 'normal' : 'bold'"}},
        "color": {"expr": f"datum.line ? '{INK}' : '{MUTED}'"},
    }
    return {
        "encoding": {"y": y},
        "layer": [
            {
                "data": {"values": grounds},
                "mark": {"type": "bar", "x": 0, "x2": "width"},
                "encoding": {"color": {"field": "ground", "type": "nominal", "scale": None}},
            },
            {
                "data": {"values": cells},
                "mark": text,
                "encoding": {
                    "x": {"field": "at", "type": "quantitative", "scale": None, "axis": None},
                    "text": {"field": "said", "type": "nominal"},
                },
            },
        ],
    }
