"""What has to be known of Docker before containers are asked for: that it is there, and how they reach this machine."""

from __future__ import annotations

import json
import socket
import subprocess
from dataclasses import dataclass
from ipaddress import ip_network

import click

_INSTALL = (
    "`make sam-local` runs the functions in containers: install Docker Engine or Docker Desktop "
    "(https://docs.docker.com/get-docker/) and start it. `make run` needs none."
)
# Docker Desktop gives its containers this name for what listens on the loopback address.
_DESKTOP_HOST = "host.docker.internal"
_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Host:
    """`listen`: where a service has to listen that containers are to reach; `name`: what they call it."""

    listen: str
    name: str


def host() -> Host:
    """Raises click.ClickException in one line where Docker cannot be used.

    On Linux containers reach the bridge's own address, which no other machine does.
    """
    _ask("version", "--format", "{{.Server.Version}}")
    for network in json.loads(_ask("network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}")) or ():
        # An older engine names no gateway where it is the network's first address.
        gateway = network.get("Gateway") or str(next(ip_network(network["Subnet"]).hosts()))
        if _is_ours(gateway):
            return Host(gateway, gateway)
    return Host("127.0.0.1", _DESKTOP_HOST)


def has_image(name: str) -> bool:
    try:
        return bool(_ask("image", "inspect", name, "--format", "{{.Id}}"))
    except click.ClickException:
        return False


def _ask(*arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            ["docker", *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        raise click.ClickException(f"There is no docker command. {_INSTALL}") from None
    except subprocess.TimeoutExpired:
        raise click.ClickException(f"Docker does not answer. {_INSTALL}") from None
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[0]
        raise click.ClickException(f"Docker does not answer: {reason} {_INSTALL}")
    return done.stdout.strip()


def _is_ours(address: str) -> bool:
    """Whether this machine has the address, so that something can listen on it."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
