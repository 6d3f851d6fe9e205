"""One paths query, whichever form of the request it came in; and the tables of what it may name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from insights_engine.errors import ValidationError, attr_of
from insights_engine.filters import COHORT_TYPES, EVERYTHING, Group, leaves
from insights_engine.project import Project

if TYPE_CHECKING:
    from insights_engine.funnel.model import FunnelQuery

PAGEVIEW, SCREEN = "$pageview", "$screen"
# What `include_event_types` may hold.
EVENT_TYPES = {
    PAGEVIEW: "page views, named by their URL",
    SCREEN: "screens, named by `$screen_name`",
    "custom_event": "events whose names do not begin with `$`",
    "hogql": "the flat form: every event; the node: nothing of its own",
}
AFTER, BEFORE, BETWEEN = "funnel_path_after_step", "funnel_path_before_step", "funnel_path_between_steps"
FUNNEL_PATHS = {
    AFTER: "events from the step on",
    BEFORE: "events up to the step",
    BETWEEN: "events from the step before through the step",
}
DEFAULT_STEPS, MAX_STEPS = 5, 1000
DEFAULT_EDGES, MAX_EDGES = 50, 100_000
MAX_WEIGHT = 2**31 - 1
# Of one item of a path, and of one text that is compared with items.
MAX_ITEM, MAX_ITEMS = 2000, 1000
# Of a node's name, which a client has from an answer: URLs that events have are longer than what people write.
MAX_NODE = 20_000
MAX_GROUPINGS, MAX_RULES, MAX_REGEX, MAX_EXPRESSION = 100, 100, 1000, 10_000
SESSION_GAP = timedelta(minutes=30)
# Stands for the middle of a way from start to end that is longer than the steps that are shown.
ELLIPSIS = "..."
_NODE = re.compile(r"([1-9]\d{0,3})_(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rule:
    """One path cleaning rule of the request."""

    regex: str
    alias: str


@dataclass(frozen=True, slots=True)
class NodeName:
    """`2_/pricing`: an item, and its place in the path, from 1."""

    step: int
    item: str

    @classmethod
    def parse(cls, text: str, field: str) -> NodeName:
        found = _NODE.fullmatch(text)
        if found is None:
            raise ValidationError(f'{field} must be the name of a node, such as "2_/pricing"', attr=attr_of(field))
        return cls(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class FunnelPaths:
    """The people of a funnel's step, and which of their events count. `drops_off`: those that did not get there."""

    kind: str
    step: int
    funnel: FunnelQuery
    # How long a pause ends no session: the funnel's window.
    gap: timedelta
    # Where the request has the funnel, for its errors.
    field: str = "funnel_filter"

    @property
    def drops_off(self) -> bool:
        return self.step < 0


@dataclass(frozen=True, slots=True)
class PathQuery:
    """`start_node`, `end_node` and `last_node` choose people, and change nothing of the paths."""

    date_from: str | None = None
    date_to: str | None = None
    event_types: tuple[str, ...] = ()
    custom_events: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    expression: str | None = None
    start_point: str | None = None
    end_point: str | None = None
    groupings: tuple[str, ...] = ()
    cleans_by_project: bool = False
    rules: tuple[Rule, ...] = ()
    steps: int = DEFAULT_STEPS
    edges: int | None = DEFAULT_EDGES
    least_weight: int = 0
    greatest_weight: int = 0
    funnel: FunnelPaths | None = None
    filter: Group = EVERYTHING
    filter_test_accounts: bool = False
    sampling: float | None = None
    start_node: NodeName | None = None
    end_node: NodeName | None = None
    last_node: NodeName | None = None
    # The flat form: excluded items are left out whatever is included, and bounds of weight leave edges that nothing
    # leads to.
    is_legacy: bool = False
    # Where the request has the expression and the rules, for their errors.
    expression_field: str = ""
    rules_field: str = ""

    @property
    def includes_everything(self) -> bool:
        return not self.event_types and not self.custom_events

    @property
    def excluded(self) -> tuple[str, ...]:
        """The node leaves `excludeEvents` aside when it includes no types."""
        return self.exclude if self.is_legacy or self.event_types else ()

    @property
    def is_pruned(self) -> bool:
        return not (self.is_legacy and (self.least_weight or self.greatest_weight))

    def names_by_property(self, event: str) -> bool:
        """Whether a page view or screen is named by its URL or name, not as an event."""
        return event in self.event_types or (self.includes_everything and event not in self.exclude)

    def has_expression(self, project: Project) -> bool:
        """Whether anything in it may be SQL that a user wrote."""
        kinds = {leaf.type for leaf in leaves(self.filter)}
        return bool(
            self.expression
            or kinds & {"hogql", *COHORT_TYPES}
            or (self.funnel and self.funnel.funnel.has_expression(project))
            or (self.filter_test_accounts and "hogql" in str(project.test_account_filters))
        )


def target(point: str) -> str:
    """A point is compared without its last slash, as URLs are named."""
    return point[:-1] if len(point) > 1 and point.endswith("/") else point
