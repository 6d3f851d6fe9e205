"""The persons of the project, whatever they did, a page at a time."""

from __future__ import annotations

from typing import Any

from insights_acl.access import Access
from insights_engine.actors import everyone, found_in, page
from insights_engine.definitions import Definitions
from insights_engine.scan import Scan

from insights_api.actor_filters import Asked
from insights_api.actor_pages import Page, check_may_read, shown

ORDERS = ("created_at", "actor_id", "id")


def node_page(access: Access, node: Any, field: str, asked: Asked) -> Page:
    """The newest first, where nothing else is asked for."""
    check_may_read(access, None)
    scan = Scan(access.project, Definitions(), access.now)
    wanted = asked.wanted(access, None, ORDERS[0])
    rows = access.services.clickhouse.read(page(everyone(scan), wanted, None, scan), project_id=access.project.id)
    return shown(access, found_in(rows, wanted), None)
