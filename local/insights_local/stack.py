"""The deployed shape in one process: API Gateway, the functions of template.yaml, the queue's consumer, the stores.

    with Stack(data_dir=".data") as stack:      # None: a temporary directory
        stack.app                               # one ASGI application
        stack.admin_key                         # personal key of an organization's owner, scopes ["*"]
        stack.load(project_id, persons=[...], groups=[...], events=[...])

Functions are loaded on their first request, once per process, and run in a few threads (a Lambda environment has one
request at a time, and so has a thread). An embedded ClickHouse has one directory per process, so the temporary stacks
of a process share one, each with a database of its own.
"""

from __future__ import annotations

import atexit
import copy
import itertools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from insights_acl import accounts, keys
from insights_acl.tokens import hash_of
from insights_engine.migrations import migrate
from insights_engine.queue import EventQueue
from insights_engine.queue.sqlite import SqliteQueue
from insights_engine.services import Services, use
from insights_engine.settings import Settings

from insights_local.consumer import Consumer
from insights_local.functions import call
from insights_local.gateway import Gateway
from insights_local.pollers import with_body
from insights_local.routes import (
    Function,
    QueueMapping,
    cors_of,
    functions_of,
    load_template,
    queue_mappings_of,
    routes_of,
)
from insights_local.ticker import Ticker

THREADS = 8
OWNER_EMAIL = "owner@example.com"
_KEY_LABEL = "local stack"
_SENDER = "insights@example.com"
_database_numbers = itertools.count(1)


class Stack:
    """Everything is in place after `start` (or on entering `with`), and stopped after `stop` (or on leaving it)."""

    app: Gateway
    services: Services
    admin_key: str
    organization_id: str
    project_id: int
    project_token: str

    def __init__(
        self,
        data_dir: str | Path | None = None,
        *,
        clickhouse: str | None = None,
        policies: str | None = None,
        results: str | None = None,
        queue: str | None = None,
        site_url: str = "",
        ticks: bool = False,
    ) -> None:
        """The first keywords replace the parts under `data_dir`: a DSN, names of DynamoDB tables, the URL of a queue.

        `site_url` stands in reports where SITE_URL is not set, as they have no request whose address they could name.
        `ticks`: what is due goes out by itself; else `tick` does it.
        """
        self._is_temporary = data_dir is None
        self._drops_database = data_dir is None and clickhouse is None
        self.data_dir = Path(tempfile.mkdtemp(prefix="insights-") if data_dir is None else data_dir).resolve()
        self.environment = {
            "CLICKHOUSE_DSN": clickhouse or _embedded(None if data_dir is None else self.data_dir),
            "POLICIES_TABLE": policies or f"sqlite://{self.data_dir}/policies.db",
            "RESULTS_TABLE": results or f"sqlite://{self.data_dir}/results.db",
            "EVENTS_QUEUE": queue or f"sqlite://{self.data_dir}/events.db",
            "QUERIES_QUEUE": f"sqlite://{self.data_dir}/queries.db",
            "REPORTS_QUEUE": f"sqlite://{self.data_dir}/reports.db",
            "REPORTS_BUCKET": f"file://{self.data_dir}/reports",
            "EVENT_BUS": f"sqlite://{self.data_dir}/bus.db",
        }
        if not os.environ.get("MAIL_FROM"):  # who names a sender has it sent by SES
            self.environment |= {"MAIL_FROM": _SENDER, "MAIL_OUTBOX": f"file://{self.data_dir}/outbox"}
        self._site_url, self._ticks = site_url, ticks

    def __repr__(self) -> str:
        return f"Stack({str(self.data_dir)!r})"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        template = load_template()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.services = Services(Settings.read({**os.environ, **self.environment}))
        migrate(self.services)
        self._identify()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="insights-function")
        self.app = Gateway(routes_of(template), self.invoke, cors=cors_of(template), threads=self._threads)
        functions = functions_of(template)
        self._report, self._deliver = functions["Report"], functions["Deliver"]
        mappings, services = queue_mappings_of(template), self.services
        queues = {"EventsQueue": services.events, "QueriesQueue": services.queries, "ReportsQueue": services.reports}
        found = [self._consumer_of(queue, mappings[name]) for name, queue in queues.items()]
        self._consumers: list[Consumer | Ticker] = [consumer for consumer in found if consumer]
        self._consumers.append(self._bus())
        if self._ticks:
            self._consumers.append(Ticker(self.tick))
        for consumer in self._consumers:
            consumer.start()

    def stop(self) -> None:
        """Requests and the batch in work are finished first."""
        for consumer in self._consumers:
            consumer.stop()
        self._threads.shutdown()
        if self._drops_database:
            self.services.clickhouse.command(f"DROP DATABASE `{self.services.clickhouse.database}` SYNC")
        for client in vars(self.services).values():
            if hasattr(client, "close"):
                client.close()
        if self._is_temporary:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def _consumer_of(self, queue: EventQueue, mapping: QueueMapping) -> Consumer | None:
        """A queue in SQS has the service's own."""
        if not isinstance(queue, SqliteQueue):
            return None
        queue.release_all()  # what a stack that was killed had in work would stay hidden for minutes
        work = self.deliver if mapping.function == self._deliver else partial(self.invoke, mapping.function)
        return Consumer(queue, work, batch_size=mapping.batch_size)

    def deliver(self, event: dict[str, Any]) -> Any:
        """As `invoke`, of the function that sends reports."""
        services = copy.copy(self.services)  # with the clients that are open
        services.settings = replace(services.settings, site_url=services.settings.site_url or self._site_url)
        with use(services):
            return call(self._deliver, event)

    def _bus(self) -> Consumer:
        """The bus's rules: every event here is for the Report function."""
        queue = SqliteQueue(self.services.settings.event_bus.removeprefix("sqlite://"))
        return Consumer(queue, with_body(partial(self.invoke, self._report)), batch_size=1)

    def tick(self) -> Any:
        """What the schedule does each minute."""
        return self.invoke(self._report, {"source": "insights.tick"})

    def drain(self, seconds: float = 30.0) -> None:
        """Returns when every event that was captured is stored or set aside."""
        events, until = self.services.events, time.monotonic() + seconds
        assert isinstance(events, SqliteQueue), "only the embedded queue can be waited for"
        while events.depth():
            if time.monotonic() > until:
                raise TimeoutError(f"{events.depth()} messages are still in the queue after {seconds} s")
            time.sleep(0.01)

    def invoke(self, function: Function, event: dict[str, Any]) -> Any:
        """Call a function as the Lambda service does, with this stack's clients."""
        with use(self.services):
            return call(function, event)

    def create_user(self, email: str, level: str = "member") -> dict[str, Any]:
        """A member of the stack's organization, with a personal key of all scopes."""
        store, now = self.services.policies, self.services.now()
        organization = accounts.find_organization(store, self.organization_id)
        user, membership = accounts.create_user(store, email, level, organization, now=now)
        _, value = accounts.create_personal_key(store, user, "local", now=now)
        return {"user_id": user.uuid, "membership_id": membership.id, "personal_api_key": value}

    def load(
        self,
        project_id: int,
        persons: Iterable[dict[str, Any]] = (),
        groups: Iterable[dict[str, Any]] = (),
        events: Iterable[dict[str, Any]] = (),
    ) -> None:
        """The bulk import of `insights import`; what it gives is there when it returns."""
        from insights_engine.ingest import load

        load(self.services, project_id, persons=persons, groups=groups, events=events)

    def _identify(self) -> None:
        """An owner with a key and a first project: those of the last start, where the directory has seen one."""
        path = self.data_dir / "identity.json"
        identity = self._last_identity(path)
        if identity is None:
            identity = self._new_identity()
            draft = path.with_suffix(".draft")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(identity, indent=2), "utf-8")
            draft.replace(path)  # whole or absent, whenever the process is killed
        self.admin_key = identity["admin_key"]
        self.organization_id = identity["organization_id"]
        self.project_id = identity["project_id"]
        self.project_token = identity["project_token"]

    def _last_identity(self, path: Path) -> dict[str, Any] | None:
        """None also where its key was revoked since: what is printed has to work. Who was taken out stays out."""
        try:
            identity: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        store = self.services.policies
        owner = accounts.find_user_by_email(store, OWNER_EMAIL)
        works = store.get(*keys.personal_key(hash_of(identity["admin_key"]))) is not None
        return identity if works or (owner and not accounts.memberships_of(store, owner)) else None

    def _new_identity(self) -> dict[str, Any]:
        """Takes up what a start that was killed halfway has left in the store."""
        store, now = self.services.policies, self.services.now()
        user = accounts.find_user_by_email(store, OWNER_EMAIL)
        if user is None:
            organization = accounts.create_organization(store, "My organization", now=now)
            user, _ = accounts.create_user(store, OWNER_EMAIL, "owner", organization, first_name="Owner", now=now)
        organization_id = accounts.memberships_of(store, user)[0].organization_id
        for key in accounts.personal_keys_of(store, user):
            if key.label == _KEY_LABEL:
                accounts.revoke_key(store, key)  # its value went with the start that made it
        _, value = accounts.create_personal_key(store, user, _KEY_LABEL, now=now)
        projects = accounts.list_projects(store, organization_id)
        if projects:
            project = projects[0].project
        else:
            found = accounts.find_organization(store, organization_id)
            assert found is not None, "a membership names an organization that is there"
            project = accounts.create_project(store, found, "My project", now=now).project
        return {
            "admin_key": value,
            "organization_id": organization_id,
            "project_id": project.id,
            "project_token": project.api_token,
        }


def _embedded(data_dir: Path | None) -> str:
    if data_dir is not None:
        return f"chdb://{quote(str(data_dir))}/clickhouse"
    return f"chdb://{shared_clickhouse()}?database=stack_{next(_database_numbers)}"


@cache
def shared_clickhouse() -> Path:
    """The directory of everything temporary in this process: an embedded ClickHouse opens no second one."""
    directory = tempfile.mkdtemp(prefix="insights-clickhouse-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return Path(directory)
