"""What a saved insight asks, for who reads it: its own question with what they want otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

from insights_acl.access import Access
from insights_engine.errors import ApiError
from insights_engine.store import Item

from insights_api.insight_overrides import filters_of, overridden, overridden_flat
from insights_api.legacy_nodes import converted
from insights_api.questions import Question, question_of_flat, question_of_node
from insights_api.serving import Asking, key_of


class SavedQuestion:
    """Read once, however much a request says of it.

    `overrides`: `filters_override`, `tile_filters_override`, `variables_override`, as `insight_overrides` gives them.
    """

    def __init__(self, item: Item, overrides: Mapping[str, Any] | None = None) -> None:
        self.item, self.overrides = item, overrides or {}
        self._key: str | None = None

    @property
    def is_nothing(self) -> bool:
        return self.item["query"] is None and not self.item["filters"]

    @cached_property
    def own(self) -> dict[str, Any] | None:
        """The insight's node, or the one that its older filters stand for; null where only they do."""
        query: dict[str, Any] | None = self.item["query"]
        return converted(self.item["filters"]) if query is None else query

    @cached_property
    def node(self) -> dict[str, Any] | None:
        """The node that is answered. Raises ValidationError for overrides that are none."""
        return None if self.own is None else overridden(self.own, self.overrides)

    @cached_property
    def question(self) -> Question:
        """Raises ApiError for one that cannot be read: of an override, or of a time when it could be."""
        if self.node is not None:
            return question_of_node(self.node)
        return question_of_flat(overridden_flat(self.item["filters"], filters_of(self.overrides)))

    def key(self, access: Access) -> str | None:
        """Names the question: the same for all that has the same answer, whatever it is called or how it looks."""
        if self._key is None and not self.is_nothing:
            with suppress(ApiError):
                self._key = key_of(Asking.of(access), self.question)
        return self._key
