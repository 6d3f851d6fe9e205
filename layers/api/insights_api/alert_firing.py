"""Alerts that are due: a message tells a worker to check each, which needs ClickHouse and may take its time."""

from __future__ import annotations

from datetime import datetime, timedelta

import orjson
from insights_acl.models import moment
from insights_engine import keys
from insights_engine.services import Services
from insights_engine.store import ConflictError

from insights_api import agenda
from insights_api.alerts import KIND, entry
from insights_api.subscription_firing import put

# Should the message or its worker be lost, it comes up again so much later.
_PATIENCE = timedelta(minutes=10)


def begin_check(services: Services, due: agenda.Entry, now: datetime) -> None:
    """Nothing where it was changed meanwhile, or somebody else was faster."""
    store = services.policies
    item = store.get(*keys.resource(due.project_id, KIND, due.object_id))
    if item is None or item["deleted"] or entry(due.project_id, item) != due:
        store.transact(agenda.moved(due, None))
        return
    after = {**item, "again_at": moment(now + _PATIENCE)}
    try:
        store.transact([put(after, item), *agenda.moved(due, entry(due.project_id, after))])
    except ConflictError:
        return
    services.reports.send([orjson.dumps({"kind": "alert", "project_id": due.project_id, "id": item["id"]}).decode()])
