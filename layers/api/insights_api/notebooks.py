"""`/api/projects/{id}/notebooks`: pages of text and insights, as their editors store them."""

from __future__ import annotations

from insights_acl.fields import or_null, plain, text
from insights_acl.mixin import AccessControlMixin
from insights_engine.store import Item

from insights_api.resource import Field, Resource


class Notebooks(AccessControlMixin, Resource):
    kind, ids = "notebook", "uuid"
    fields = (
        Field("title", None, or_null(text)),
        Field("content", None, plain, help="Whatever the editor stores, at most 256 KB as JSON."),
        Field(
            "text_content",
            None,
            or_null(text, maximum=100_000, blank=True),
            help="The text of it, which `search` looks in.",
        ),
    )

    def matches(self, item: Item) -> bool:
        wanted = self.request.query_params.get("search", "").lower()
        return wanted in f"{item['title'] or ''} {item['text_content'] or ''}".lower()


router = Notebooks.router()
