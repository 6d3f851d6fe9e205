"""The addresses that insights have of their own: what they have in common, from the request to the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import ParseError
from insights_engine.http import JsonResponse
from insights_engine.kinds import KINDS, OLDER_NAMES, STATEMENTS, kind_of_flat, unwrapped
from insights_engine.results.entry import Entry
from insights_engine.spreadsheets import LAYOUTS

from insights_api.asked import Asked, asked_of
from insights_api.costs import wants_explanation
from insights_api.csv_answers import exported, tidy_response
from insights_api.insight_saving import saving
from insights_api.questions import Question, question_of_flat, question_within
from insights_api.refresh import asked_refresh
from insights_api.serving import Asking, pending, serve
from insights_api.tabular import layout_of

Wide = Callable[[Request, Access, Any], Response]
Beside = Callable[[Request, Entry], dict[str, Any]]
# What flat filters may name where an address leaves it to them. A retention of theirs has rows of another shape.
INSIGHTS = {name: kind for name, kind in OLDER_NAMES.items() if kind != "RetentionQuery"}


def _nothing(request: Request, entry: Entry) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class InsightAddress:
    """`kind` is the one that is answered; empty: whichever the question says.

    `wide` writes a kind's other layout of CSV, where it has one; `beside` is what answers have at this address alone.
    """

    kind: str = ""
    wide: Mapping[str, Wide] = field(default_factory=dict)
    beside: Beside = _nothing

    async def answer(self, request: Request) -> Response:
        """Flat parameters, or a query node, alone or as `query`; the form decides where the two differ."""
        access = await authorize(request)
        asked = await asked_of(request)
        keep = saving(request, access, asked, KINDS[self.kind].older[0] if self.kind else None)
        question = self._question(request, access, asked)
        layout = layout_of(request, LAYOUTS if question.kind in self.wide else ("tidy",))
        if layout is not None:
            found = exported(question, access)
            if layout == "tidy":
                return tidy_response(request, question.kind, found)
            return self.wide[question.kind](request, access, found)
        served = serve(
            Asking.of(access),
            question,
            asked_refresh(request, asked.values, "blocking"),
            explain=wants_explanation(request),
        )
        if served.entry is None:
            return pending(served, keep)
        return JsonResponse(
            {
                "result": served.rows,
                **({} if served.entry.mean is None else {"mean": served.entry.mean}),
                **served.entry.additions,
                **served.circumstances(),
                **self.beside(request, served.entry),
                **served.cost(),
                **keep(),
            }
        )

    def _question(self, request: Request, access: Access, asked: Asked) -> Question:
        if asked.node is None and self.kind:
            return question_of_flat(asked.values, self.kind, site_of(request, access))
        if asked.node is None:
            return question_of_flat(asked.values, kind_of_flat(asked.values, INSIGHTS))
        node, place = unwrapped(asked.node)
        if not self.kind and node["kind"] in STATEMENTS:
            raise ParseError("query: SQL and events are asked for at /api/projects/:project_id/query/")
        question = question_within(node, place)
        if question.kind != (self.kind or question.kind):
            raise ParseError(f"query: only a {self.kind} is answered here")
        return question


def site_of(request: Request, access: Access) -> str:
    """Where this API is, as its users see it."""
    return access.services.settings.site_url.rstrip("/") or str(request.base_url).rstrip("/")
