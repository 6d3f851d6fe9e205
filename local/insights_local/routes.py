"""The functions and routes of template.yaml, and API Gateway's choice among them for a request.

The rules of HTTP APIs (docs/deploy.md names their sources):
1. Segments are compared one by one. A request's final slash makes an empty last segment, and a doubled slash an empty
   one in the middle: they are not folded, so `/e/` is not `/e`.
2. A literal segment matches itself, `{name}` any one segment that is not empty, `{name+}` the rest of the path.
3. The most specific path wins: literal before `{name}` before `{name+}`, compared from the left. `$default` comes last.
4. Of the routes with that path, the one that names the method wins over ANY. A path that has neither is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"

_LITERAL, _VARIABLE, _GREEDY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the template. `handler` is `module.attribute` in the folder `code`."""

    name: str
    code: Path
    handler: str
    timeout: int = 3


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    function: Function

    @property
    def key(self) -> str:
        """As it stands in `routeKey` of the event."""
        return self.path if self.path == "$default" else f"{self.method} {self.path}"

    def specificity(self) -> tuple[tuple[int, ...], int]:
        """Smaller is more specific."""
        if self.path == "$default":
            return (_GREEDY + 1,), 1
        kinds = tuple(_kind(segment) for segment in _segments(self.path))
        return kinds, int(self.method == "ANY")


@dataclass(frozen=True, slots=True)
class Match:
    route: Route
    parameters: dict[str, str] = field(default_factory=dict)


class Routes:
    def __init__(self, routes: Iterable[Route]) -> None:
        self.all = sorted(routes, key=Route.specificity)

    def match(self, method: str, path: str) -> Match | None:
        """`path` is the decoded path of the request; None means that API Gateway itself answers 404."""
        segments = _segments(path)
        for route in self.all:
            if route.method not in (method, "ANY"):
                continue
            parameters = _parameters(route.path, segments)
            if parameters is not None:
                return Match(route, parameters)
        return None


def _segments(path: str) -> list[str]:
    return path.removeprefix("/").split("/")


def _kind(segment: str) -> int:
    if not segment.startswith("{"):
        return _LITERAL
    return _GREEDY if segment.endswith("+}") else _VARIABLE


def _parameters(pattern: str, segments: list[str]) -> dict[str, str] | None:
    if pattern == "$default":
        return {}
    found: dict[str, str] = {}
    wanted = _segments(pattern)
    for index, want in enumerate(wanted):
        if index >= len(segments):
            return None
        kind = _kind(want)
        if kind == _GREEDY:
            found[want[1:-2]] = "/".join(segments[index:])
            return found
        if kind == _LITERAL and want != segments[index]:
            return None
        if kind == _VARIABLE:
            if not segments[index]:
                return None
            found[want[1:-1]] = segments[index]
    return found if len(wanted) == len(segments) else None


def load_template(path: Path = TEMPLATE) -> dict[str, Any]:
    """template.yaml as data: `!Ref x` becomes `{"Ref": "x"}`, `!Sub x` `{"Fn::Sub": "x"}`, and so on."""
    import yaml

    class Loader(yaml.CSafeLoader):
        """libyaml's, which takes a sixth of the time."""

    def intrinsic(loader: yaml.CSafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
        value: Any
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            assert isinstance(node, yaml.MappingNode)
            value = loader.construct_mapping(node, deep=True)
        if suffix == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}

    Loader.add_multi_constructor("!", intrinsic)
    with path.open(encoding="utf-8") as text:
        loaded: dict[str, Any] = yaml.load(text, Loader)  # noqa: S506  a CSafeLoader
    return loaded


def functions_of(template: Mapping[str, Any], root: Path = ROOT) -> dict[str, Function]:
    """By logical name."""
    shared = template.get("Globals", {}).get("Function", {})
    functions = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            properties = {**shared, **resource["Properties"]}
            functions[name] = Function(name, root / properties["CodeUri"], properties["Handler"], properties["Timeout"])
    return functions


def routes_of(template: Mapping[str, Any]) -> Routes:
    routes = []
    for name, function in functions_of(template).items():
        for event in template["Resources"][name]["Properties"].get("Events", {}).values():
            if event["Type"] == "HttpApi":
                properties = event.get("Properties", {})
                path = properties.get("Path", "$default").removeprefix("/$")
                path = "$default" if path in ("default", "$default") else path
                routes.append(Route(properties.get("Method", "ANY").upper(), path, function))
    return Routes(routes)


@dataclass(frozen=True, slots=True)
class QueueMapping:
    """The event source mapping between a queue and its consumer."""

    function: Function
    batch_size: int


def queue_mappings_of(template: Mapping[str, Any]) -> dict[str, QueueMapping]:
    """By the queue's logical name."""
    mappings = {}
    for name, function in functions_of(template).items():
        for event in template["Resources"][name]["Properties"].get("Events", {}).values():
            if event["Type"] == "SQS":
                properties = event["Properties"]
                queue, _ = properties["Queue"]["Fn::GetAtt"]
                mappings[queue] = QueueMapping(function, properties.get("BatchSize", 10))
    return mappings


def cors_of(template: Mapping[str, Any]) -> dict[str, Any] | None:
    """CorsConfiguration of the HTTP API; None when API Gateway leaves CORS to the functions."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::HttpApi":
            found: dict[str, Any] | None = resource["Properties"].get("CorsConfiguration")
            return found
    return None
