"""The unmodified `@typelytics/posthog` package. It speaks to https alone, so the server has a certificate here."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.clients import programs
from tests.clients.conftest import HERE, Shop, needs, serving

pytestmark = needs(programs.NODE)
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    certificate, key = _certificate(tmp_path_factory.mktemp("https"))
    # Node.js has its own list of whom it trusts.
    environment = {"PACKAGES": str(programs.folder(programs.NODE)), "NODE_EXTRA_CA_CERTS": str(certificate)}

    def execute(series: list[Any], where: Any = None, *, fails: bool = False, **options: Any) -> Any:
        question = json.dumps([series, {"type": "line", "date_from": "Last 7 days", **options}, where])
        arguments = [f"127.0.0.1:{port}", shop.key, str(shop.id), question]
        found = subprocess.run(
            ["node", str(HERE / "node" / "trends.cjs"), *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        )
        assert bool(found.returncode) == fails, found.stderr
        return found.stderr if fails else json.loads(found.stdout)

    with serving(shop.server.stack, ssl_certfile=certificate, ssl_keyfile=key) as port:
        yield execute


def _certificate(folder: Path) -> tuple[Path, Path]:
    """For this machine, signed by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    signed = made.add_extension(here, critical=False).sign(key, hashes.SHA256())
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return files


def test_a_line(ask: Ask) -> None:
    series = [["$pageview", {"sampling": "total"}], ["signed up", {"sampling": "dau", "label": "People"}]]
    found = ask(series)["results"]
    assert {label: sum(line["data"]) for label, line in found.items()} == {"$pageview": 6, "People": 2}
    assert all(len(line["days"]) == len(line["labels"]) == len(line["data"]) == 8 for line in found.values())


def test_a_number(ask: Ask) -> None:
    found = ask([["$pageview", {"sampling": "sum", "math_property": "price"}]], type="number")["results"]
    assert found["$pageview"]["aggregated_value"] == 7  # 0.5 + 1.5 + 2.5, 0.5 + 1.5, 0.5


def test_a_breakdown(ask: Ask) -> None:
    found = ask([["$pageview", {"sampling": "total"}]], breakdown="$browser")["results"]["$pageview"]
    assert {browser: line["aggregated_value"] for browser, line in found.items()} == {"Chrome": 4, "Firefox": 2}


def test_filters(ask: Ask) -> None:
    chrome = {"filters": {"property": "$browser", "compare": "exact", "value": "Chrome"}}
    dear = {"filters": [{"property": "price", "compare": "gt", "value": 2}]}
    found = ask([["$pageview", {"sampling": "total", "where": dear}]], chrome)["results"]
    assert sum(found["$pageview"]["data"]) == 1


def test_a_comparison(ask: Ask) -> None:
    found = ask([["$pageview", {"sampling": "total"}]], compare=True)["results"]
    assert {label: line["aggregated_value"] for label, line in found.items()} == {
        "Current - $pageview": 6,
        "Previous - $pageview": 0,
    }


def test_hours(ask: Ask) -> None:
    """Its dates have the interval that goes with them; this one is "-48h"."""
    found = ask([["signed up", {"sampling": "total"}]], date_from="Last 48 hours", type="bar")["results"]
    assert len(found["signed up"]["days"]) == 49


def test_a_formula_has_no_series(ask: Ask) -> None:
    """A formula's row has no `action`, which the package reads of every row."""
    series = [["$pageview", {"sampling": "total"}], ["signed up", {"sampling": "total"}]]
    assert "reading 'order'" in ask(series, formula="A / B", fails=True)


def test_what_is_wrong_is_said(ask: Ask) -> None:
    assert "p98" in ask([["$pageview", {"sampling": "p98"}]], fails=True)
