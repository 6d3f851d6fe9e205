"""What the insights with an address of their own have in common: one kind of question, in either form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import ParseError
from insights_engine.http import JsonResponse

from insights_api.answers import Question, answered_now, question_of_flat, question_of_node, wants_explanation
from insights_api.insight_saving import saving
from insights_api.questions import asked
from insights_api.refresh import asked_refresh
from insights_api.serving import Asking, pending, serve
from insights_api.tabular import layout_of

Csv = Callable[[Request, Access, Question, str], Response]


@dataclass(frozen=True, slots=True)
class InsightAddress:
    """`kind` is the node's, `older` its name in flat filters; `layouts` those of its CSV, which `csv` writes."""

    kind: str
    older: str
    csv: Csv
    layouts: tuple[str, ...] = ("tidy",)

    async def answer(self, request: Request) -> Response:
        """Flat parameters, or a query node, alone or as `query`; the form decides where the two differ."""
        access = await authorize(request)
        layout = layout_of(request, self.layouts)
        node, values = await asked(request)
        keep = await saving(request, access, node, values, self.older)
        question = self._question(request, access, node, values)
        if layout is not None:
            return self.csv(request, access, question, layout)
        served = serve(
            Asking.of(access), question, asked_refresh(request, values, "blocking"), explain=wants_explanation(request)
        )
        if served.entry is None:
            return pending(served, keep)
        mean = {} if served.entry.mean is None else {"mean": served.entry.mean}
        return JsonResponse(
            {
                "result": served.rows,
                **mean,
                **served.entry.additions,
                **served.circumstances(),
                **served.cost(),
                **keep(),
            }
        )

    def _question(self, request: Request, access: Access, node: Any, values: dict[str, Any]) -> Question:
        if node is None:
            site = access.services.settings.site_url.rstrip("/") or str(request.base_url).rstrip("/")
            return question_of_flat(values, self.kind, site)
        question = question_of_node(node)
        if question.kind != self.kind:
            raise ParseError(f"query: only a {self.kind} is answered here")
        return question


def tidy(request: Request, access: Access, question: Question, layout: str) -> Response:
    """The one CSV that every kind has; it is computed, and not kept."""
    from insights_api.csv_answers import tidy_response

    return tidy_response(request, question.kind, answered_now(question, access))
