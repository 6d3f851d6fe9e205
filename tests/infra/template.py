"""template.yaml as data, for the tests of this folder: its functions by kind, and what its references lead to."""

from __future__ import annotations

import re
from typing import Any

from insights_local.routes import load_template

TEMPLATE = load_template()
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
QUESTIONS = ("Trend", "Retention", "Path", "Funnel", "Timing", "Query")
HTTP = (*QUESTIONS, "Resources", "Capture", "Report")
FUNCTIONS = (*HTTP, "Ingest", "Squash", "Compute", "Deliver", "Migrate")
# They are never in a VPC: what they need is at AWS, and Report asks Slack.
OUTSIDE = ("Capture", "Report")


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: found["Properties"] for name, found in RESOURCES.items() if found["Type"] == kind}


def properties(name: str) -> dict[str, Any]:
    """A function's, with those that all share."""
    shared = TEMPLATE["Globals"]["Function"]
    own: dict[str, Any] = RESOURCES[name]["Properties"]
    variables = shared["Environment"]["Variables"] | own.get("Environment", {}).get("Variables", {})
    layers = [*shared["Layers"], *own.get("Layers", [])]  # SAM adds to the shared ones
    return {**shared, **own, "Environment": {"Variables": variables}, "Layers": layers}


def targets(reference: Any) -> set[str]:
    """The names that `!Ref x`, `!GetAtt x.Arn` and `!Sub "${x.Arn}/*"` point to, however deep; not AWS's own."""
    if isinstance(reference, list):
        return set[str]().union(*map(targets, reference))
    if not isinstance(reference, dict):
        return set()
    found = {reference["Ref"]} if "Ref" in reference else set()
    if "Fn::GetAtt" in reference:
        found.add(reference["Fn::GetAtt"][0])
    if "Fn::Sub" in reference:
        given = reference["Fn::Sub"]
        text, values = given if isinstance(given, list) else (given, {})
        names = {name.partition(".")[0] for name in re.findall(r"\$\{([^}]+)\}", text)}
        found |= (names - values.keys()) | targets(list(values.values()))
    found |= targets([value for name, value in reference.items() if name not in ("Ref", "Fn::GetAtt", "Fn::Sub")])
    return {name for name in found if not name.startswith("AWS::")}


def target(reference: Any) -> str:
    (found,) = targets(reference)
    return found
