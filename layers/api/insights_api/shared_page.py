"""A shared insight or dashboard as one page: its numbers as tables. Pure; nothing in it runs or is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

MAX_ROWS, MAX_COLUMNS = 200, 120
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#222}"
    "section{margin:2rem 0}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-bottom:.3rem}"
    "div{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{border:1px solid #ddd;padding:.25rem .6rem;text-align:left;white-space:nowrap}"
    "td.n{text-align:right}th{background:#f6f6f6}p.note{color:#777}pre{white-space:pre-wrap;font:inherit}"
)
_WORDS = {401: "This page asks for a password", 404: "There is nothing here", 429: "Too many attempts"}


class Table(NamedTuple):
    head: Sequence[str]
    rows: Sequence[Sequence[Any]]


def page(found: Mapping[str, Any]) -> str:
    settings, dashboard, insight = found["settings"], found.get("dashboard"), found.get("insight")
    shown = dashboard or insight or {}
    title = _name(shown)
    head = "" if settings.get("noHeader") else f"<h1>{escape(title)}</h1>{_description(shown)}"
    parts = [_section(tile) for tile in dashboard["tiles"]] if dashboard else [_result(shown)]
    return _document(title, head + "".join(parts))


def refused(status: int, detail: str) -> str:
    """Why there is nothing to see, and the form where a password would help."""
    title = _WORDS.get(status, "This page cannot be shown")
    said = f"<h1>{escape(title)}</h1><p>{escape(detail)}</p>"
    form = (
        '<form method="post"><label>Password <input type="password" name="password" required autofocus></label> '
        "<button>Open</button></form>"
    )
    return _document(title, said + (form if status == 401 else ""))


def table_of(result: Any, columns: Sequence[str] = ()) -> Table | None:
    """The numbers of any insight: series over time, cohorts of a retention, steps, edges, bins; null for none.

    `columns` are those of a statement's rows.
    """
    if columns and result:
        return Table(columns, result)
    if isinstance(result, Mapping):
        listed = [(name, value) for name, value in result.items() if isinstance(value, list) and value]
        inner = table_of(listed[0][1]) if listed else None
        return inner or _of_records([result])
    if not isinstance(result, list) or not result:
        return None
    if all(isinstance(one, Mapping) for one in result):
        return _of_series(result) or _of_values(result) or _of_records(result)
    if all(isinstance(one, list) and one and isinstance(one[0], Mapping) for one in result):
        return _of_records([record for one in result for record in one])
    if all(isinstance(one, list) for one in result):
        return Table((), result)
    return Table((), [[one] for one in result])


def _of_series(result: Sequence[Mapping[str, Any]]) -> Table | None:
    if not all(isinstance(one.get("data"), list) for one in result):
        return None
    labels = max((list(one.get("labels") or ()) for one in result), key=len)
    if not labels:
        return Table(
            ("Series", "Value"), [(_label(one), one.get("aggregated_value", one.get("count"))) for one in result]
        )
    return Table(("Series", *map(str, labels)), [(_label(one), *one["data"]) for one in result])


def _of_values(result: Sequence[Mapping[str, Any]]) -> Table | None:
    if not all(isinstance(one.get("values"), list) for one in result):
        return None
    longest = max(len(one["values"]) for one in result)
    counts = [
        [value.get("count") if isinstance(value, Mapping) else value for value in one["values"]] for one in result
    ]
    rows = [(_label(one), *values) for one, values in zip(result, counts, strict=True)]
    return Table(("Cohort", *map(str, range(longest))), rows)


def _of_records(result: Sequence[Mapping[str, Any]]) -> Table:
    names = [name for name, value in result[0].items() if value is None or isinstance(value, str | int | float)]
    names = [name for name in names if any(one.get(name) is not None for one in result)]
    return Table(names, [[one.get(name) for name in names] for one in result])


def _label(one: Mapping[str, Any]) -> str:
    value = one.get("breakdown_value")
    label = str(one.get("label") or one.get("date") or "")
    return f"{label} · {value}" if value not in (None, "", label) else label


def _section(tile: Mapping[str, Any]) -> str:
    insight = tile["insight"]
    if tile["text"]:
        return f"<section><pre>{escape(str(tile['text']['body']))}</pre></section>"
    if not insight or "name" not in insight:
        return ""
    return f"<section><h2>{escape(_name(insight))}</h2>{_description(insight)}{_result(insight)}</section>"


def _result(insight: Mapping[str, Any]) -> str:
    status = insight.get("query_status") or {}
    if status.get("error"):
        return f'<p class="note">{escape(str(status.get("error_message")))}</p>'
    table = table_of(insight.get("result"), insight.get("columns") or ())
    if table is None:
        return '<p class="note">No results.</p>'
    is_cut = insight.get("columns") and insight.get("hasMore")
    return _table(table) + ('<p class="note">There are more rows behind the LIMIT.</p>' if is_cut else "")


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(str(name))}</th>" for name in table.head[:MAX_COLUMNS])
    rows = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in table.rows[:MAX_ROWS])
    widest = max((len(row) for row in table.rows), default=0)
    cut = len(table.rows) > MAX_ROWS or widest > MAX_COLUMNS
    note = f'<p class="note">The first {MAX_ROWS} rows and {MAX_COLUMNS} columns.</p>' if cut else ""
    return f"<div><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}"


def _cells(row: Sequence[Any]) -> Iterator[str]:
    for value in row[:MAX_COLUMNS]:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        yield (
            f'<td class="n">{value:,.10g}</td>'
            if is_number
            else f"<td>{escape('' if value is None else str(value))}</td>"
        )


def _name(shown: Mapping[str, Any]) -> str:
    return str(shown.get("name") or shown.get("derived_name") or "Untitled")


def _description(shown: Mapping[str, Any]) -> str:
    return f"<p>{escape(str(shown['description']))}</p>" if shown.get("description") else ""


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )
