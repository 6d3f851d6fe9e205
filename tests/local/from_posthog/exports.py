"""The same four events in every form in which PostHog gives them away."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

ANN, BOB = (f"0190a1b2-0000-7000-8000-00000000000{number}" for number in (1, 2))
UUIDS = [f"0190a1b2-0000-7000-8000-1000000000{number:02}" for number in range(4)]
AT = [f"2024-01-0{1 + number}T10:00:00.000000Z" for number in range(4)]
# Of Ann an anonymous id and the one of her sign-up, which no event here links: the export alone says so.
EVENTS: list[dict[str, Any]] = [
    {
        "uuid": UUIDS[number],
        "event": event,
        "timestamp": AT[number],
        "created_at": AT[number],
        "distinct_id": distinct_id,
        "properties": properties,
        "person_id": person,
        "person_properties": {"plan": plan, "seats": 3},
        "elements_chain": 'a:href="/"' if number == 0 else "",
        "team_id": 2,
    }
    for number, (event, distinct_id, properties, person, plan) in enumerate(
        [
            ("$autocapture", "anonymous-1", {"$browser": "Firefox", "price": 1.5, "tags": ["a", "b"]}, ANN, "free"),
            ("paid", "ann", {"price": 2, "is_first": True, "inner": {"deep": 7}}, ANN, "pro"),
            ("paid", "bob", {"price": 3}, BOB, "free"),
            ("left", "bob", {}, BOB, "free"),
        ]
    )
]
COLUMNS = ["*", "event", "person", "timestamp"]


def as_text(row: dict[str, Any]) -> dict[str, Any]:
    return {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()}


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def json_lines(path: Path) -> Path:
    path.write_bytes(lines(EVENTS))
    return path


def lines_of_a_warehouse(path: Path) -> Path:
    """Times and JSON as text."""
    times = [datetime.fromisoformat(row["timestamp"]).strftime("%Y-%m-%d %H:%M:%S.%f UTC") for row in EVENTS]
    path.write_bytes(lines([{**as_text(row), "timestamp": at} for row, at in zip(EVENTS, times, strict=True)]))
    return path


def packed_by_gzip(path: Path) -> Path:
    path.write_bytes(gzip.compress(lines([as_text(row) for row in EVENTS])))
    return path


def packed_by_zstandard(path: Path) -> Path:
    """Several frames, as from a writer that flushes."""
    parts = [zstandard.ZstdCompressor().compress(lines([row])) for row in EVENTS]
    path.write_bytes(b"".join(parts))
    return path


def packed_by_brotli(path: Path) -> Path:
    brotli = pytest.importorskip("brotli")
    path.write_bytes(brotli.compress(lines(EVENTS)))
    return path.rename(path.with_suffix(".jsonl.br"))


def parquet_of_text(path: Path) -> Path:
    rows = [{**as_text(row), "timestamp": datetime.fromisoformat(row["timestamp"])} for row in EVENTS]
    pq.write_table(pa.Table.from_pylist(rows), path, compression="zstd")
    return path


def parquet_of_structs(path: Path) -> Path:
    """A struct has every field in every row, and a uuid is sixteen bytes."""
    properties = pa.struct(
        [
            ("$browser", pa.string()),
            ("price", pa.float64()),
            ("tags", pa.list_(pa.string())),
            ("is_first", pa.bool_()),
            ("inner", pa.struct([("deep", pa.int64())])),
        ]
    )
    columns = {
        "uuid": pa.array([UUID(row["uuid"]).bytes for row in EVENTS], pa.binary(16)),
        "event": [row["event"] for row in EVENTS],
        "timestamp": [datetime.fromisoformat(row["timestamp"]).astimezone(UTC) for row in EVENTS],
        "distinct_id": [row["distinct_id"] for row in EVENTS],
        "properties": pa.Table.from_pylist(
            [{"p": row["properties"]} for row in EVENTS], schema=pa.schema([("p", properties)])
        )["p"],
        "person_id": pa.array([UUID(row["person_id"]).bytes for row in EVENTS], pa.binary(16)),
        "person_properties": [row["person_properties"] for row in EVENTS],
        "elements_chain": [row["elements_chain"] for row in EVENTS],
    }
    pq.write_table(pa.table(columns), path)
    return path


def flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Cells of the table's export: nested objects and lists as columns with dots."""
    if isinstance(value, dict | list) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from flat(inner, f"{name}.{key}")
    elif not isinstance(value, dict | list):
        yield name, value


def table_cells(path: Path) -> Path:
    rows = []
    for event in EVENTS:
        whole = {name: value for name, value in event.items() if not name.startswith("person_")}
        person = {
            "distinct_id": event["distinct_id"],
            "uuid": event["person_id"],
            "properties": event["person_properties"],
        }
        rows.append({**dict(flat(whole, "*")), "event": event["event"], **dict(flat(person, "person"))})
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path.rename(path.with_suffix(".csv"))


def cells_of_json(path: Path) -> Path:
    """A query over the batch export's columns, saved as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(EVENTS[0]))
        writer.writeheader()
        writer.writerows(as_text(row) for row in EVENTS)
    return path.rename(path.with_suffix(".csv"))


def answer_of_the_api(path: Path) -> Path:
    results = [
        {
            **{name: value for name, value in row.items() if not name.startswith("person_") and name != "uuid"},
            "id": row["uuid"],
            "person": {"id": row["person_id"], "properties": row["person_properties"]},
            "elements": [],
        }
        for row in EVENTS
    ]
    path.write_text(json.dumps({"next": None, "results": results}))
    return path.rename(path.with_suffix(".json"))


def answer_of_a_query(path: Path) -> Path:
    rows = [[row, row["event"], {"distinct_id": row["distinct_id"]}, row["timestamp"]] for row in EVENTS]
    path.write_text(json.dumps({"columns": COLUMNS, "results": rows, "hasMore": False}))
    return path.rename(path.with_suffix(".json"))


def list_of_objects(path: Path) -> Path:
    path.write_text(json.dumps(EVENTS, indent=2))
    return path.rename(path.with_suffix(".json"))


def lines_named_json(path: Path) -> Path:
    return json_lines(path).rename(path.with_suffix(".json"))


FORMS: list[Callable[[Path], Path]] = [
    json_lines,
    lines_of_a_warehouse,
    packed_by_gzip,
    packed_by_zstandard,
    packed_by_brotli,
    parquet_of_text,
    parquet_of_structs,
    table_cells,
    cells_of_json,
    answer_of_the_api,
    answer_of_a_query,
    list_of_objects,
    lines_named_json,
]
