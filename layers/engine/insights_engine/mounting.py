"""Routers that are loaded by the first path they may answer: a function of many starts no slower than one of few."""

from __future__ import annotations

import re
from functools import cached_property
from importlib import import_module
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match

_ROUTE = "insights.route"


def with_heads(router: APIRouter) -> APIRouter:
    """Of the API, what answers GET answers HEAD: a GET whose body is not sent. The gateway leaves the body out."""
    for route in router.routes:
        methods = route.methods if isinstance(route, APIRoute) and route.path.startswith("/api/") else None
        if methods and "GET" in methods:
            methods.add("HEAD")
    return router


class Mounted(BaseRoute):
    """`router` of a module. `paths`: what its routes' paths begin with, or `$` at the end for all of one.

    A pattern decides only whether to look: a path that it fits and no route has is another mount's, as always.
    """

    def __init__(self, module: str, *paths: str) -> None:
        self.module = module
        self.paths = re.compile("|".join(f"{path}(?:/|$)" for path in paths))

    def __repr__(self) -> str:
        return f"Mounted({self.module!r})"

    @cached_property
    def router(self) -> APIRouter:
        return with_heads(import_module(self.module).router)

    def load(self) -> None:
        """Ahead of its first path."""
        assert self.router.routes, self.module

    def matches(self, scope: Any) -> tuple[Match, Any]:
        """As a router looks among its routes: the first that fits wholly, else the first but for its method."""
        partial: tuple[Match, Any] = Match.NONE, {}
        if not self.paths.match(scope["path"]):
            return partial
        for route in self.router.routes:
            match, child = route.matches(scope)
            found = match, {**child, _ROUTE: route}
            if match is Match.FULL:
                return found
            if match is Match.PARTIAL and partial[0] is Match.NONE:
                partial = found
        return partial

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await scope[_ROUTE].handle(scope, receive, send)
