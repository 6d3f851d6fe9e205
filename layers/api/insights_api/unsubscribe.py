"""`/unsubscribe?token=`: takes an address off the list of a subscription, by the link in the mail, without a login."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.models import moment
from insights_engine.errors import Conflict, ValidationError
from insights_engine.http import JsonResponse, error_response
from insights_engine.services import Services, current
from insights_engine.store import ConflictError, Store

from insights_api import agenda, deliveries, signing
from insights_api.subscription_firing import entry, put, read

router = APIRouter()
KEPT = timedelta(days=30)
_ATTEMPTS = 5
_METHODS = ["GET", "HEAD", "POST"]
_DONE = "You are unsubscribed: no further report of this subscription comes to this address."
_BAD = "This link is not valid any more. The newest mail has one that is."
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>Unsubscribe</title></head>
<body style="font: 16px/1.5 sans-serif; max-width: 36em; margin: 4em auto; padding: 0 1em"><p>{}</p>{}</body></html>
"""
_ASKS = "This takes {} off the list of a subscription."
_BUTTON = '<form method="post"><button style="font: inherit; padding: .4em 1em">Unsubscribe</button></form>'


@router.api_route("/unsubscribe", methods=_METHODS)
@router.api_route("/api/unsubscribe", methods=_METHODS)
async def unsubscribe(request: Request) -> Response:
    """Takes the address of the token off the list; a subscription without any is deleted. The same when done twice.

    A browser is shown a page whose button does it: what looks through mails for bad links opens them as browsers do.
    """
    services = current()
    is_page = "text/html" in request.headers.get("accept", "")
    try:
        claims = signing.claims_of(
            services.policies, "unsubscribe", request.query_params.get("token", ""), services.now()
        )
    except signing.BadToken:
        error = ValidationError(_BAD, attr="token", code="invalid_token")
        return _page(_BAD, 400) if is_page else error_response(error)
    named = int(claims["project"]), str(claims["subscription"]), str(claims["address"])
    if is_page and request.method == "GET":
        return _page(_ASKS.format(claims["address"]), 200, _BUTTON)
    if request.method != "HEAD":  # which asks only whether the link is good, as programs that check mails do
        _take_off(services.policies, *named, services.now())
    return _page(_DONE, 200) if is_page else JsonResponse({"success": True})


def link_for(services: Services, site: str, project_id: int, subscription_id: str, address: str, now: datetime) -> str:
    """Good for thirty days."""
    claims = {"project": project_id, "subscription": subscription_id, "address": address}
    token = signing.token(services.policies, "unsubscribe", claims, now + KEPT)
    return f"{site}/unsubscribe?{urlencode({'token': token})}"


def _take_off(store: Store, project_id: int, subscription_id: str, address: str, now: datetime) -> None:
    for _ in range(_ATTEMPTS):
        item = read(store, project_id, subscription_id)
        if item is None or item["target_type"] != "email":
            return
        had = deliveries.recipients_of("email", item["target_value"])
        left = [one for one in had if one.lower() != address.lower()]
        if len(left) == len(had):
            return
        values = {"target_value": ",".join(left)} if left else {"deleted": True}
        after = {**item, **values, "last_modified_at": moment(now)}
        try:
            store.transact([put(after, item), *agenda.moved(entry(item), entry(after))])
            return
        except ConflictError:
            continue  # it was sent, or changed, at this moment
    raise Conflict


def _page(text: str, status: int, button: str = "") -> Response:
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return Response(
        _PAGE.format(escape(text), button),
        status_code=status,
        media_type="text/html",
        headers={**headers, "Content-Security-Policy": policy},
    )
