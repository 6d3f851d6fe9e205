"""A PostHog project behind a real HTTP server: pages of lists in upstream's shape, and the answers of a bad day."""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "phx_of_the_source"
Row = dict[str, Any]
BY = {"id": 1, "uuid": "0190a1b2-0000-7000-8000-000000000000", "first_name": "Ann", "email": "ann@example.com"}


def leaf(**more: Any) -> Row:
    return {"key": "plan", "type": "person", "value": ["pro"], "operator": "exact", "negation": False, **more}


def question(*series: Row, **more: Any) -> Row:
    source = {"kind": "TrendsQuery", "series": list(series), "dateRange": {"date_from": "-30d"}, **more}
    return {"kind": "InsightVizNode", "source": source, "full": True}


def event_node(**more: Any) -> Row:
    return {"kind": "EventsNode", "event": "$pageview", "name": "$pageview", "math": "dau", **more}


def cohort(number: int, name: str, *leaves: Row, **more: Any) -> Row:
    filters = {"properties": {"type": "OR", "values": [{"type": "AND", "values": list(leaves)}]}}
    return {
        **{
            "id": number,
            "name": name,
            "description": "",
            "groups": [],
            "deleted": False,
            "filters": filters,
            "query": None,
        },
        **{
            "is_calculating": False,
            "created_by": BY,
            "created_at": "2024-05-01T00:00:00Z",
            "count": 3,
            "is_static": False,
        },
        **more,
    }


def action(number: int, name: str, **more: Any) -> Row:
    step = {"event": "$pageview", "url": "/pricing", "url_matching": "contains", "properties": [], "selector": None}
    return {
        **{"id": number, "name": name, "description": "", "tags": [], "post_to_slack": False, "steps": [step]},
        **{
            "created_at": "2024-05-01T00:00:00Z",
            "created_by": BY,
            "deleted": False,
            "bytecode_error": None,
            "team_id": 2,
        },
        **more,
    }


def insight(number: int, name: str | None, query: Row | None, **more: Any) -> Row:
    return {
        **{
            "id": number,
            "short_id": f"short{number:03}",
            "name": name,
            "derived_name": None,
            "filters": {},
            "query": query,
        },
        **{"dashboards": [], "dashboard_tiles": [], "description": "", "tags": [], "favorited": False, "saved": True},
        **{
            "created_by": BY,
            "created_at": "2024-05-01T00:00:00Z",
            "deleted": False,
            "last_refresh": None,
            "order": None,
        },
        **more,
    }


def dashboard(number: int, name: str, *tiles: Row, **more: Any) -> Row:
    return {
        **{"id": number, "name": name, "description": "", "pinned": False, "tags": [], "filters": {}, "deleted": False},
        **{"created_at": "2024-05-01T00:00:00Z", "created_by": BY, "is_shared": False, "tiles": list(tiles)},
        **more,
    }


class PostHog:
    """`lists` by route; `problems` are answered first, one a request: (status, headers)."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Row]] = {route: [] for route in ("cohorts", "actions", "dashboards", "insights")}
        self.people: dict[int, list[Row]] = {}
        self.problems: deque[tuple[int, dict[str, str]]] = deque()
        self.asked: list[str] = []
        self.most = 100
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str, key: str | None) -> tuple[int, dict[str, str], Any]:
        self.asked.append(path)
        if self.problems:
            status, headers = self.problems.popleft()
            return status, headers, {"type": "server_error", "detail": f"Not now, {key}."}
        if key != f"Bearer {KEY}":
            return 401, {}, {"type": "authentication_error", "detail": f"Personal API key {key} is invalid."}
        url = urlsplit(path)
        parts = url.path.strip("/").split("/")
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        match parts:
            case ["api", "projects", "2", "cohorts", number, "persons"]:
                return 200, {}, self._page(url.path, self.people.get(int(number), []), asked, counts=False)
            case ["api", "projects", "2", "dashboards", number]:
                return 200, {}, next(row for row in self.lists["dashboards"] if row["id"] == int(number))
            case ["api", "projects", "2", "actions"]:
                return 200, {}, {"results": self.lists["actions"]}
            case ["api", "projects", "2", route] if route in self.lists:
                brief = [{k: v for k, v in row.items() if k != "tiles"} for row in self.lists[route]]
                return 200, {}, self._page(url.path, brief, asked)
        return 404, {}, {"type": "invalid_request", "detail": "Not found."}

    def _page(self, path: str, rows: list[Row], asked: dict[str, str], *, counts: bool = True) -> Row:
        """`next` names the public address, which is another one than the server's own behind a proxy."""
        limit, offset = min(int(asked.get("limit", 100)), self.most), int(asked.get("offset", 0))
        further = f"https://posthog.example.com{path}?limit={limit}&offset={offset + limit}"
        page = {
            "next": further if offset + limit < len(rows) else None,
            "previous": None,
            "results": rows[offset : offset + limit],
        }
        return {"count": len(rows), **page} if counts else page

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        posthog = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, headers, body = posthog.answer(self.path, self.headers.get("Authorization"))
                content = json.dumps(body).encode()
                head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
                further = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                self.wfile.write((head + further + "\r\n").encode() + content)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        return Handler
