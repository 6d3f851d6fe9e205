"""`saved: true` in the body of a question: it is kept as an insight, and the answer says which.

    keep = saving(request, access, asked, "PATHS")
    … the question is answered …
    return JsonResponse({…, **keep()})

Who may keep it, and what it is to be called, is checked before anything is computed; a question that has no answer is
not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request
from insights_acl.access import Access
from insights_acl.gates import route_gate
from insights_acl.refusals import refused
from insights_acl.restrictions import check_scopes
from insights_engine.errors import ValidationError
from insights_engine.kinds import unwrapped

from insights_api.asked import NOT_ASKED, Asked
from insights_api.tabular import wants_csv

Keep = Callable[[], dict[str, Any]]
_KIND, _SCOPE = "insight", "insight:write"
# What a body says of the insight and not of the question, beside the insight's own fields.
_BESIDE = frozenset({"saved", "query", "filters", "deleted", "_create_in_folder"})


def saving(request: Request, access: Access, asked: Asked, insight: str | None = None) -> Keep:
    """What keeps the question and says where; nothing where the body does not ask for it.

    `insight` is the older name of the question that flat values ask here; null where they say it themselves. Raises
    PermissionDenied, and ValidationError for a field that is wrong.
    """
    if asked.body.get("saved") is not True:
        return dict
    check_scopes(access.key, (_SCOPE,))
    gate = route_gate(access.rules.project_wide, access.caller, _KIND, writes=True, creates=True)
    if not gate.is_open:
        raise refused(gate)
    if wants_csv(request):
        raise ValidationError("A question is kept together with its JSON answer; leave out format=csv.", attr="saved")
    from insights_api.insight_fields import NAMES
    from insights_api.insights import Insights

    own = {name: value for name, value in asked.body.items() if name in NAMES and name not in ("query", "filters")}
    if asked.node is not None:
        unwrapped(asked.node)  # people are asked for by nodes as well, and are no question
        question = {"query": asked.node}
    else:
        flat = {name: value for name, value in asked.values.items() if name not in NAMES | _BESIDE | NOT_ASKED}
        question = {"filters": {"insight": "TRENDS"} | flat | ({"insight": insight} if insight else {})}
    view = Insights(request, access)
    view.checked(own, None)

    def keep() -> dict[str, Any]:
        item = view.made(own | question)
        return {"id": item["id"], "short_id": item["short_id"], "user_access_level": view.level_of(item)}

    return keep
