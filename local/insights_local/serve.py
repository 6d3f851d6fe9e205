"""`insights serve`: the local stack behind a web server, with demo data on the first start.

The port is taken before anything else happens, so that a port in use is said at once. A start that was killed, in the
middle of the demo data too, is taken up by the next one.
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from insights_local import data_dir as folder
from insights_local.terminal import progress, say

if TYPE_CHECKING:
    from insights_local.stack import Stack

_INTERRUPTED = 130
_LAST_PORT = 65535
_HIGH_PORT = "Ports below 1024 are the administrator's. Choose another: insights serve --port 8000"
_OTHER_PORT = 'Choose another: insights serve --port {0}, or make run ARGS="--port {0}"'


@dataclass(frozen=True, slots=True)
class Serving:
    host: str
    port: int
    data_dir: Path
    clickhouse: str | None
    # Size of the demo data; 0: none.
    demo_persons: int
    access_log: bool

    def run(self) -> int:
        """Gives back the exit code, when somebody stops the server."""
        from insights_local.stack import Stack

        with self._listening() as listener, folder.held(self.data_dir, url := self._url(listener)):
            _prepare()
            try:
                with Stack(self.data_dir, clickhouse=self.clickhouse, site_url=url, ticks=True) as stack:
                    self._load_demo(stack)
                    print(welcome(url, stack, f"{self.data_dir}/"), flush=True)
                    self._serve(stack, listener)
            except KeyboardInterrupt:
                say("Stopped; the next start goes on from here.")
                return _INTERRUPTED
        say("Stopped.")
        return 0

    def _listening(self) -> socket.socket:
        try:
            family, _, _, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
            listener = socket.create_server(address[:2], family=family, backlog=256)
        except OSError as error:
            raise click.ClickException(self._no_listener(error)) from error
        # For every connection that it takes: asyncio sets it on sockets of its own making alone, and without it an
        # answer's body waits until the client has acknowledged the headers, which takes 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener

    def _url(self, listener: socket.socket) -> str:
        return f"http://{_printable(self.host)}:{listener.getsockname()[1]}"

    def _no_listener(self, error: OSError) -> str:
        # The error's own words repeat the address.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        what = f"Cannot listen on {self.host}:{self.port}: {reason}."
        if error.errno != errno.EADDRINUSE:
            own = "Listen on an address of this machine: --host 127.0.0.1"
            return f"{what}\n{_HIGH_PORT if error.errno == errno.EACCES else own}"
        if used := folder.in_use(self.data_dir):
            return f"{what}\n{used}"
        return f"{what}\n{_OTHER_PORT.format(self.port + 1 if self.port < _LAST_PORT else 8000)}"

    def _load_demo(self, stack: Stack) -> None:
        from insights_local.demo import is_loaded, load_demo
        from insights_local.demo_objects import create_objects

        services = stack.services
        if not self.demo_persons or is_loaded(services, stack.project_id):
            return
        say("Making demo data: 90 days of a small planning tool. It happens once.")
        with progress("Demo data", "visits") as advance:
            load_demo(
                services,
                stack.project_id,
                now=services.now(),
                persons=self.demo_persons,
                on_progress=advance,
                and_then=lambda: create_objects(stack),
            )

    def _serve(self, stack: Stack, listener: socket.socket) -> None:
        import uvicorn

        config = uvicorn.Config(
            stack.app, lifespan="off", log_level="info" if self.access_log else "warning", access_log=self.access_log
        )
        server = uvicorn.Server(config)
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            if not server.started:
                raise


def _prepare() -> None:
    # The terminal is for people: figures and a line a request are for CloudWatch. LOG_LEVEL=INFO shows the lines.
    os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    # Said outright: a shell starts what it puts in the background with interrupts ignored.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)


def welcome(url: str, stack: Stack, kept: str) -> str:
    """Where it is, what opens it, where the events are kept, and three requests to paste."""
    trend = f"{url}/api/projects/{stack.project_id}/insights/trend/"
    key = f"Authorization: Bearer {stack.admin_key}"
    node = {
        "series": [{"kind": "EventsNode", "event": "task_completed", "math": "total"}],
        "breakdownFilter": {"breakdown": "$browser", "breakdown_type": "event"},
        "dateRange": {"date_from": "-30d"},
        "interval": "week",
        "kind": "TrendsQuery",
    }
    event = {
        "api_key": stack.project_token,
        "event": "signed_up",
        "distinct_id": "you",
        "properties": {"method": "curl"},
    }
    curls = (
        ("Visitors a day, of the last week", _curl_get(trend, key)),
        ("The same by POST, as a query node: tasks completed a week, by browser", _curl_post(trend, node, key)),
        ("Send an event", _curl_post(f"{url}/capture/", event)),
    )
    lines = [
        "",
        f"Serverless Insights   {url}",
        "",
        f"  project id     {stack.project_id}",
        f"  project token  {stack.project_token}   sends events",
        f"  personal key   {stack.admin_key}   reads answers",
        f"  data           {kept}",
        "",
    ]
    for title, command in curls:
        lines += [f"# {title}", command, ""]
    return "\n".join([*lines, "Ctrl-C stops."])


def _curl_get(url: str, key: str) -> str:
    events = shlex.quote("events=" + json.dumps([{"id": "$pageview", "math": "dau"}]))
    return f"curl -sG {shlex.quote(url)} -H {shlex.quote(key)} -d date_from=-7d --data-urlencode {events}"


def _curl_post(url: str, body: object, key: str | None = None) -> str:
    headers = ["Content-Type: application/json", *([key] if key else [])]
    named = " ".join(f"-H {shlex.quote(header)}" for header in headers)
    return f"curl -s {shlex.quote(url)} {named} -d {shlex.quote(json.dumps(body))}"


def _printable(host: str) -> str:
    """An address that a browser can open."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
