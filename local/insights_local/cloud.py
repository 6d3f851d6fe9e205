"""What template.yaml has beside its functions, on this machine: tables, queues, buckets and buses in moto, over HTTP.

moto is a development dependency: it is laxer than AWS in places, and keeps nothing when it stops. Everything is made
from the template, so that a table or a queue that is added there is here as well. Resources have their logical names.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from insights_local.event_sources import event_sources_of

if TYPE_CHECKING:
    from moto.server import ThreadedMotoServer

REGION = "us-east-1"
# moto checks none of it; the SDK asks for some.
IDENTITY = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Cloud:
    """`host` is the address it listens on: what a function that runs elsewhere can reach, and nobody else should.

    `physical_ids`: what `Ref` gives of each resource, as CloudFormation defines it.
    """

    def __init__(self, host: str, template: Mapping[str, Any]) -> None:
        self._host = host
        self._template = template
        self.physical_ids: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Cloud({self._host!r}, {len(self.physical_ids)} resources)"

    def start(self) -> None:
        """The SDK of this process finds it afterwards, and nothing else."""
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line a request otherwise
        self._server: ThreadedMotoServer = ThreadedMotoServer(self._host, 0, verbose=False)
        self._server.start()
        _, port = self._server.get_host_and_port()
        self.url = f"http://{self._host}:{port}"
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(self.environment)
        for name, resource in self._template["Resources"].items():
            if make := _MADE.get(resource["Type"]):
                self.physical_ids[name] = make(name, resource.get("Properties", {}))
        self._route_events()

    def stop(self) -> None:
        self._server.stop()

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which an SDK finds it."""
        return {**IDENTITY, "AWS_ENDPOINT_URL": self.url}

    def variables_of(self, function: str) -> dict[str, str]:
        """Those of a function's variables that name a resource, with the name that it has here."""
        declared = self._template["Resources"][function]["Properties"].get("Environment", {}).get("Variables", {})
        named = {variable: _reference(value) for variable, value in declared.items()}
        return {variable: self.physical_ids[name] for variable, name in named.items() if name in self.physical_ids}

    def secret(self, name: str, text: str) -> str:
        """Its ARN."""
        arn: str = _client("secretsmanager").create_secret(Name=name, SecretString=text)["ARN"]
        return arn

    def _route_events(self) -> None:
        """EventBridge calls a function; moto does not, so that each such function has a queue of events here."""
        for source in event_sources_of(self._template, "EventBridgeRule"):
            bus = self.physical_ids.get(_reference(source.properties.get("EventBusName", "")), "default")
            queue = f"{source.function.name}-{source.name}"
            self.physical_ids[queue] = _queue(queue, {})
            events, pattern = _client("events"), json.dumps(source.properties["Pattern"])
            events.put_rule(Name=queue, EventBusName=bus, EventPattern=pattern)
            arn = f"arn:aws:sqs:{REGION}:123456789012:{queue}"
            events.put_targets(Rule=queue, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])


@contextmanager
def running(host: str, template: Mapping[str, Any]) -> Iterator[Cloud]:
    cloud = Cloud(host, template)
    cloud.start()
    try:
        yield cloud
    finally:
        cloud.stop()


def _reference(value: Any) -> str:
    """The logical name in `!Ref name` and `!GetAtt name.x`; empty for anything else."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return name
    return ""


def _client(service: str) -> Any:
    from insights_engine import aws

    return aws.client(service)


def _table(name: str, properties: Mapping[str, Any]) -> str:
    client = _client("dynamodb")
    made = ("KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "StreamSpecification")
    client.create_table(TableName=name, **{key: properties[key] for key in made if key in properties})
    if ttl := properties.get("TimeToLiveSpecification"):
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    return name


def _queue(name: str, properties: Mapping[str, Any]) -> str:
    """A message that fails stays, as often as it likes: nobody looks into a dead-letter queue that is gone soon."""
    attributes = {"VisibilityTimeout": str(properties.get("VisibilityTimeout", 360))}
    if properties.get("FifoQueue"):
        name = f"{name}.fifo"
        attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url: str = _client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def _bucket(name: str, properties: Mapping[str, Any]) -> str:
    bucket = name.lower()
    _client("s3").create_bucket(Bucket=bucket)
    return bucket


def _bus(name: str, properties: Mapping[str, Any]) -> str:
    _client("events").create_event_bus(Name=name)
    return name


_MADE: dict[str, Callable[[str, Mapping[str, Any]], str]] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::SQS::Queue": _queue,
    "AWS::S3::Bucket": _bucket,
    "AWS::Events::EventBus": _bus,
}
