"""Questions of the queue, each computed with more time than a request has; the results go where requests find them."""

from __future__ import annotations

from insights_api.background import handle_queries
from insights_engine.log import naming_invocations

handler = naming_invocations(handle_queries)
