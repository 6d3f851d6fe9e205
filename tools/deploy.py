"""Builds and deploys an environment of samconfig.toml, `tools/deploy.py dev`; the first time SAM asks for parameters.

1. The functions are built for the processor that the environment has (`Architecture`, arm64 unless it says so), and
   then compiled: Lambda's folders are read-only, so that otherwise every new environment would compile them again.
2. One that has no `ClickHouseSecretArn` yet was never deployed: `sam deploy --guided` asks for everything and saves the
   answers in samconfig.toml. Later ones ask nothing but, for prod, whether the changes are to be made. By then it is
   built, so that the processor is not to be answered otherwise.
3. The tables are made in the course of it, by the template's Migration.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NEEDED = "ClickHouseSecretArn"
BUILD = ".aws-sam/build"
GUIDE = f"""
SAM now asks for everything, once. {NEEDED} needs an answer; of the rest, an empty answer takes what stands there.
Leave Architecture as it is: the functions are built for it. For another one stop here (Ctrl-C), put Architecture=x86_64
into parameter_overrides of [{{environment}}.deploy.parameters] in samconfig.toml, and start again.
"""


def answers(config: Mapping[str, Any], environment: str) -> dict[str, str]:
    """The template's parameters, as samconfig.toml has them for an environment; raises KeyError for an unknown one."""
    given = config[environment].get("deploy", {}).get("parameters", {}).get("parameter_overrides", "")
    words = shlex.split(given) if isinstance(given, str) else [str(one) for one in given]
    return {name: value.strip('"') for name, _, value in (word.partition("=") for word in words)}


def steps(config: Mapping[str, Any], environment: str) -> list[list[str]]:
    """The commands, in order; `sam` and `python` stand for those of this repository."""
    found = answers(config, environment)
    architecture = found.get("Architecture") or "arm64"
    build = ["sam", "build", "--config-env", environment, "--parameter-overrides", f"Architecture={architecture}"]
    compiled = ["python", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", BUILD]
    deploy = ["sam", "deploy", "--config-env", environment]
    if not found.get(NEEDED):
        deploy.append("--guided")
    return [build, compiled, deploy]


def main(arguments: list[str]) -> int:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    known = sorted(name for name, found in config.items() if isinstance(found, dict) and name != "default")
    if len(arguments) != 1 or arguments[0] not in known:
        print(f"Name an environment of samconfig.toml: make deploy ENV={'|'.join(known)}", file=sys.stderr)
        return 2
    programs = {"sam": str(ROOT / ".sam" / "bin" / "sam"), "python": sys.executable}
    # sam build looks for python3.13 on PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    variables = {**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0"}
    for program, *rest in steps(config, arguments[0]):
        if "--guided" in rest:
            print(GUIDE.format(environment=arguments[0]), flush=True)
        done = subprocess.run([programs[program], *rest], cwd=ROOT, env=variables, check=False)  # noqa: S603
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
