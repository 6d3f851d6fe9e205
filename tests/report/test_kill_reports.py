"""A mail is sent once, however often what sends it is killed: what nobody can know is said, and not repeated."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
from insights_api.deliveries import LEASE
from insights_engine.store import Store, open_store

from tests.conftest import REPOSITORY, Eventually

KILLS, RECIPIENTS = 4, 12


def started(folder: Path, ahead: float, recipients: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.report.working", str(folder), str(ahead), str(recipients)]
    quiet = {"LOG_LEVEL": "ERROR", "POWERTOOLS_METRICS_DISABLED": "true"}
    variables = {**os.environ, **quiet, "MAIL_FROM": "reports@example.com"}
    process = subprocess.Popen(command, cwd=REPOSITORY, env=variables, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def deliveries(store: Store) -> list[dict[str, Any]]:
    return [item for number in (1, 2, 3) for item in store.query(f"PROJECT#1#DELIVERIES#subscription#{number}")]


def test_every_mail_is_sent_once_however_often_the_sender_is_killed(
    tmp_path: Path, moto_url: str, eventually: Eventually
) -> None:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ses.models import ses_backends

    boto3.client("sesv2").create_email_identity(EmailIdentity="reports@example.com")
    chance, ahead = random.Random(8), 0.0
    for number in range(KILLS):
        process = started(tmp_path, ahead, 0 if number else RECIPIENTS)
        time.sleep(chance.uniform(0.1, 1.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        ahead += LEASE.total_seconds() + 60
    store = open_store(f"sqlite://{tmp_path}/policies.db")
    process = started(tmp_path, ahead)
    try:
        eventually(lambda: {one["status"] for one in deliveries(store)} == {"completed"})
    finally:
        process.kill()
        process.wait()
    found = deliveries(store)
    told = {address: one["status"] for item in found for address, one in item["recipients"].items()}
    backend = ses_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"]
    sent = Counter(address for mail in backend.sent_messages for address in {*mail.destinations} if address in told)
    assert len(told) == 3 * RECIPIENTS
    assert set(told.values()) <= {"sent", "unknown"}
    assert [*told.values()].count("unknown") <= KILLS
    assert {address: sent[address] for address, status in told.items() if status == "sent"} == {
        address: 1 for address, status in told.items() if status == "sent"
    }
    assert max(sent.values()) == 1
