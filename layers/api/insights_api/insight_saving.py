"""`saved: true` in the body of a question: it is kept as an insight, and the answer says which.

    keep = await saving(request, access, node, values, "PATHS")
    … the question is answered …
    return JsonResponse({…, **keep()})

Who may keep it, and what it is to be called, is checked before anything is computed; a question that has no answer is
not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request
from insights_acl.access import Access
from insights_acl.gates import route_gate
from insights_acl.refusals import refused
from insights_acl.restrictions import check_scopes
from insights_engine.errors import ValidationError
from insights_engine.http import json_object

from insights_api.answers import unwrapped
from insights_api.questions import NOT_ASKED
from insights_api.tabular import wants_csv

Keep = Callable[[], dict[str, Any]]
_KIND, _SCOPE = "insight", "insight:write"
# What a body says of the insight and not of the question, beside the insight's own fields.
_BESIDE = frozenset({"saved", "query", "filters", "deleted", "_create_in_folder"})


async def saving(
    request: Request, access: Access, node: Any, values: Mapping[str, Any], insight: str | None = None
) -> Keep:
    """What keeps the question and says where; nothing where the body does not ask for it.

    `insight` is the older name of the question that flat values ask here; null where they say it themselves. Raises
    PermissionDenied, and ValidationError for a field that is wrong.
    """
    body = await json_object(request) if request.method == "POST" else {}
    if body.get("saved") is not True:
        return dict
    check_scopes(access.key, (_SCOPE,))
    gate = route_gate(access.rules.project_wide, access.caller, _KIND, writes=True, creates=True)
    if not gate.is_open:
        raise refused(gate)
    if wants_csv(request):
        raise ValidationError("A question is kept together with its JSON answer; leave out format=csv.", attr="saved")
    from insights_api.insight_fields import NAMES
    from insights_api.insights import Insights

    own = {name: value for name, value in body.items() if name in NAMES and name not in ("query", "filters")}
    if node is not None:
        unwrapped(node)
        asked = {"query": node}
    else:
        flat = {name: value for name, value in values.items() if name not in NAMES | _BESIDE | NOT_ASKED}
        asked = {"filters": {"insight": "TRENDS"} | flat | ({"insight": insight} if insight else {})}
    view = Insights(request, access)
    view.checked(own, None)

    def keep() -> dict[str, Any]:
        item = view.made(own | asked)
        return {"id": item["id"], "short_id": item["short_id"], "user_access_level": view.level_of(item)}

    return keep
