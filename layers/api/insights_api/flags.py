"""What SDKs ask of a server beside taking events: feature flags and remote configuration. There are none, validly.

Every SDK polls some of these; an empty answer keeps it quiet, and lets it send events.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_engine.errors import NotFound
from insights_engine.http import JsonResponse

from insights_api.capture import answer

router = APIRouter()

_METHODS = ["GET", "POST", "OPTIONS"]
# For SDKs that work out flags themselves.
DEFINITIONS: dict[str, Any] = {"flags": [], "group_type_mapping": {}, "cohorts": {}}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")

# Everything that a web page's SDK may switch on from afar, switched off.
_REMOTE_CONFIG: dict[str, Any] = {
    "supportedCompression": ["gzip", "gzip-js"],
    "hasFeatureFlags": False,
    "autocapture_opt_out": False,
    "autocaptureExceptions": False,
    "captureDeadClicks": False,
    "capturePerformance": False,
    "defaultIdentifiedOnly": True,
    "elementsChainAsString": True,
    "heatmaps": False,
    "isAuthenticated": False,
    "sessionRecording": False,
    "siteApps": [],
    "surveys": False,
    "toolbarParams": {},
}


@router.api_route("/flags", methods=_METHODS)
@router.api_route("/decide", methods=_METHODS)
async def flags(request: Request) -> Response:
    """No flag is on. Version 1 of the old answer is a list of names, later ones are mappings."""
    is_list = request.query_params.get("v", "1") == "1" and request.scope["path"] == "/decide"
    config = _REMOTE_CONFIG if request.query_params.get("config") or request.scope["path"] == "/decide" else {}
    return answer(
        request,
        JsonResponse(
            {
                **config,
                "flags": {},
                "featureFlags": [] if is_list else {},
                "featureFlagPayloads": {},
                "errorsWhileComputingFlags": False,
                "requestId": str(uuid4()),
            }
        ),
    )


@router.api_route("/flags/definitions", methods=["GET", "OPTIONS"])
@router.api_route("/api/feature_flag/local_evaluation", methods=["GET", "OPTIONS"])
async def definitions(request: Request) -> Response:
    return answer(request, JsonResponse(DEFINITIONS))


@router.api_route("/array/{token}/config", methods=["GET", "OPTIONS"])
async def config(request: Request) -> Response:
    return answer(request, JsonResponse({"token": request.path_params["token"], **_REMOTE_CONFIG}))


@router.api_route("/array/{token}/config.js", methods=["GET", "OPTIONS"])
async def config_script(request: Request) -> Response:
    """The same as a script that a page includes."""
    token = request.path_params["token"]
    if not _TOKEN.fullmatch(token):
        raise NotFound
    body = JsonResponse({"config": {"token": token, **_REMOTE_CONFIG}, "siteApps": []}).body
    script = b"(function(){var c=window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{};c['%b']=%b})();"
    return answer(request, Response(script % (token.encode(), bytes(body)), media_type="application/javascript"))
