"""What all tests share: AWS as moto speaks it over HTTP, and the two stores. Nothing here knows the functions."""

from __future__ import annotations

import copy
import gc
import io
import logging
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pytest
from insights_engine.store import Store, open_store
from insights_engine.store.dynamodb import DynamoStore
from insights_engine.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REPOSITORY = Path(__file__).parent.parent
# A directory with DynamoDBLocal.jar: a test tool whose licence forbids shipping it.
DYNAMODB_LOCAL = Path(
    os.environ.get("DYNAMODB_LOCAL") or REPOSITORY / "node_modules" / "amplify-dynamodb-simulator" / "emulator"
)

MakeTable = Callable[..., str]
Eventually = Callable[[Callable[[], Any]], Any]
Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--overwrite-golden", action="store_true", help="Write the files of tests/golden anew.")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as there are processors: a test waits now and then for a disk, a process or a queue."""
    return 2 * (os.process_cpu_count() or 1)


def pytest_collection_finish() -> None:
    """What was collected stays until the end: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden("trend/by_day.sql", text)`: the file says the same; `--overwrite-golden` writes it."""

    def check(name: str, text: str) -> None:
        path = REPOSITORY / "tests" / "golden" / name
        if request.config.getoption("--overwrite-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8")

    return check


def _one_at_a_time(server: Any) -> None:
    """moto as AWS is in two points: while a transaction runs nothing else does, and one that the SDK sends again,
    because its answer took long, is not done again.
    """
    inner, lock, done = server._server.app, threading.Lock(), set[str]()

    def application(environ: Any, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        is_transaction = environ.get("HTTP_X_AMZ_TARGET", "").endswith(".TransactWriteItems")
        token = str(orjson.loads(body).get("ClientRequestToken", "")) if is_transaction else ""
        statuses: list[str] = []

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            statuses.append(status)
            return start_response(status, headers, exc_info)

        with lock:
            if token in done:
                start_response("200 OK", [("Content-Type", "application/x-amz-json-1.0")])
                return [b"{}"]
            answer = list(inner(environ, start))
            if token and statuses[0].startswith("200"):
                done.add(token)
            return answer

    server._server.app = application


def _by_partition() -> None:
    """Queries and transactions that touch only the partitions that they name, as AWS's do.

    moto copies all of a table for every part of a transaction, to put it back when one fails, and sorts all of it for a
    query, and so gets slower with everything that was ever written.
    """
    from moto.dynamodb import models
    from moto.dynamodb.models.dynamo_type import DynamoType
    from moto.dynamodb.models.table import Table

    class Copies:
        """In place of the module `copy`: a table is not copied."""

        @staticmethod
        def deepcopy(value: Any, memo: Any = None) -> Any:
            return value if isinstance(value, Table) else copy.deepcopy(value, memo)

    inner = models.DynamoDBBackend.transact_write_items

    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        kept = []
        for part in transact_items:
            ((_, what),) = part.items()
            items = self.tables[what["TableName"]].items
            partition = DynamoType((what.get("Item") or what["Key"])["pk"])
            kept.append((items, partition, dict(items[partition])))
        try:
            inner(self, transact_items)
        except BaseException:
            for items, partition, before in reversed(kept):
                items[partition] = before
            raise

    whole = Table.query

    def query(self: Any, hash_key: Any, *arguments: Any, **keywords: Any) -> Any:
        """moto sorts all items of a table to find those of one partition."""
        assert not keywords.get("index_name"), "no index has the table's partitions"
        one = copy.copy(self)
        one.items = {hash_key: self.items.get(hash_key, {})}
        return whole(one, hash_key, *arguments, **keywords)

    Table.query = query  # type: ignore[method-assign]
    models.copy = Copies  # type: ignore[attr-defined]
    models.DynamoDBBackend.transact_write_items = transact_write_items  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """AWS on a free port, and an environment in which the SDK finds it and nothing else."""
    from moto.server import ThreadedMotoServer

    _by_partition()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line a request costs as much as many a request
    _one_at_a_time(server)
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield url
    server.stop()


@pytest.fixture(scope="session")
def chdb_path() -> Path:
    """The one directory that this process's embedded ClickHouse may have open: a test takes a database of its own."""
    from insights_local.stack import shared_clickhouse

    return shared_clickhouse()


@pytest.fixture(scope="session")
def dynamo_table(moto_url: str) -> MakeTable:
    """`dynamo_table("results")` makes a new, empty table and gives its name."""
    client = dynamo_client(moto_url)
    return lambda kind="policies": make_table(client, kind)


@pytest.fixture(params=["sqlite", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each of the two adapters in turn, empty, by the real clock."""
    if request.param == "sqlite":
        return open_store(f"sqlite://{tmp_path}/store.db")
    return open_store(request.getfixturevalue("dynamo_table")())


class Clock:
    """Stands still until a test sets `now`."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "moto", "dynamodb-local"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Store:
    """Each adapter by the test's clock; the table is shared, so a test takes a `pk` of its own."""
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "new" / "folder" / "store.db", clock=clock)
    client, table = request.getfixturevalue("local_table" if request.param == "dynamodb-local" else "moto_table")
    return DynamoStore(table, client=client, clock=clock)


@pytest.fixture(scope="session")
def moto_table(moto_url: str) -> tuple[DynamoDBClient, str]:
    client = dynamo_client(moto_url)
    return client, make_table(client)


@pytest.fixture(scope="session")
def local_table(dynamodb_local: DynamoDBClient) -> tuple[DynamoDBClient, str]:
    return dynamodb_local, make_table(dynamodb_local)


@pytest.fixture
def pk() -> str:
    return f"{uuid4().hex}#"


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[DynamoDBClient]:
    """Amazon's own emulator, stricter than moto. Skips where it is missing."""
    if not (DYNAMODB_LOCAL / "DynamoDBLocal.jar").exists():
        pytest.skip("no DynamoDB Local: npm install --no-save amplify-dynamodb-simulator, or set DYNAMODB_LOCAL")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    libraries = f"-Djava.library.path={DYNAMODB_LOCAL / 'DynamoDBLocal_lib'}"
    command = ["java", libraries, "-jar", "DynamoDBLocal.jar", "-inMemory", "-port", str(port)]
    process = subprocess.Popen(command, cwd=DYNAMODB_LOCAL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        client = dynamo_client(f"http://127.0.0.1:{port}")
        poll(lambda: client.list_tables())
        yield client
    finally:
        process.kill()
        process.wait()


def dynamo_client(url: str) -> DynamoDBClient:
    import boto3

    return boto3.session.Session().client(
        "dynamodb",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def make_table(client: DynamoDBClient, kind: str = "policies") -> str:
    """As the template makes it, but for the TTL, which no test waits for."""
    name = f"insights-{kind}-{uuid4().hex[:12]}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """`eventually(condition)` instead of sleeping: the first true answer, or TimeoutError."""
    return poll


def poll(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """An exception counts as not yet, until the time is up."""
    until = time.monotonic() + seconds
    while True:
        try:
            if answer := condition():
                return answer
            problem: Exception | None = None
        except Exception as error:
            problem = error
        if time.monotonic() > until:
            raise TimeoutError(f"Not so after {seconds:g} s") from problem
        time.sleep(0.02)
