"""The functions' code in this process: loaded on first use, once, and called as the Lambda runtime calls it."""

from __future__ import annotations

import importlib.util
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from insights_local.routes import Function

_lock = threading.Lock()
_modules: dict[Function, ModuleType] = {}


@dataclass(slots=True)
class Context:
    """What a handler may ask of its second argument."""

    function_name: str
    timeout_seconds: int
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.monotonic)
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 1769

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:local:000000000000:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round((self.started + self.timeout_seconds - time.monotonic()) * 1000))


def call(function: Function, event: dict[str, Any]) -> Any:
    return handler_of(function)(event, Context(function.name, function.timeout))


def handler_of(function: Function) -> Callable[[dict[str, Any], Context], Any]:
    """Every function's module is called `app`, so each gets a name of its own here."""
    attribute = function.handler.rpartition(".")[2]
    handler: Callable[[dict[str, Any], Context], Any] = getattr(module_of(function), attribute)
    return handler


def module_of(function: Function) -> ModuleType:
    with _lock:
        if function not in _modules:
            _modules[function] = _load(function, function.handler.rpartition(".")[0])
    return _modules[function]


def _load(function: Function, module_name: str) -> ModuleType:
    path = function.code / f"{module_name.replace('.', '/')}.py"
    name = f"insights_functions.{function.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{function.name}: {path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
