"""Every operation that the functions answer: read from the routers that functions/*/app.py mount."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from insights_acl.permissions import Permission, each_route

from insights_local.functions import module_of
from insights_local.routes import functions_of, load_template

# CORS preflights, and what a GET without a body is, are not operations of their own.
_UNLISTED = frozenset({"OPTIONS", "HEAD"})


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` is `module.function` of the endpoint; several operations may share one."""

    method: str
    path: str
    name: str
    endpoint: Callable[..., Any]
    is_public: bool

    @property
    def rule(self) -> str:
        """The endpoint's docstring, without its line breaks."""
        paragraphs = (inspect.getdoc(self.endpoint) or "").split("\n\n")
        return "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)

    @property
    def scopes(self) -> tuple[str, ...] | None:
        """What a key needs; None where the route is open to all, empty where no key suffices or any does."""
        return permission.required_scopes if (permission := self.permission) else None

    @property
    def permission(self) -> Permission | None:
        return next((p for method, path, p in each_route() if (method, path) == (self.method, self.path)), None)

    @property
    def is_refused(self) -> bool:
        """No personal key may use it: it has no scope, and is not about the key itself."""
        return self.scopes == () and not self.path.endswith("/@current")


@cache
def operations() -> tuple[Operation, ...]:
    """In the order of the functions and their routers, each once, although two functions may mount a router."""
    found: dict[tuple[str, str], Operation] = {}
    for one in _all():
        found.setdefault((one.method, one.path), one)
    return tuple(found.values())


def _all() -> Iterator[Operation]:
    for function in functions_of(load_template()).values():
        for router in routers_of(module_of(function)):
            for route in router.routes:
                if isinstance(route, APIRoute):
                    yield from _operations(route)


def routers_of(module: ModuleType) -> list[APIRouter]:
    """Of the resources that a function's module has imported, or mounts."""
    resources = [found for found in vars(module).values() if isinstance(found, ModuleType)]
    routers = [found.router for found in resources if isinstance(getattr(found, "router", None), APIRouter)]
    return [*routers, *(mount.router for mount in sorted(vars(module).get("MOUNTS", ()), key=lambda m: m.module))]


def _operations(route: APIRoute) -> Iterator[Operation]:
    module = route.endpoint.__module__.rpartition(".")[2]
    name = f"{module}.{route.endpoint.__name__.strip('_')}"
    for method in sorted((route.methods or set()) - _UNLISTED):
        yield Operation(method, route.path, name, route.endpoint, route.include_in_schema)


def either(scope: str) -> str:
    """`a|b`, of which one is needed, in words."""
    return " or ".join(f"`{one}`" for one in scope.split("|"))
