"""Which page of an insight's actors is asked for: who of them, in which order, from where on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from insights_acl.access import Access
from insights_engine import definitions
from insights_engine.actors import Kept, Wanted, everybody
from insights_engine.conditions import person_matches
from insights_engine.definitions import Definitions
from insights_engine.errors import ValidationError, unknown
from insights_engine.filters import EVERYTHING, Group, parse_filters
from insights_engine.scan import Scan, json_text
from insights_engine.sql import TRUE, Sql, both, either

from insights_api.person_filters import contains, mentions

_DIRECTIONS = {"": False, "ASC": False, "DESC": True}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the node around an insight's says of its actors. `columns` are selected; no `order` is the insight's own."""

    columns: tuple[str, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    limit: int = 100
    offset: int = 0
    search: str = ""
    filters: Group = EVERYTHING

    def wanted(self, access: Access, group_index: int | None, first: str = "event_count") -> Wanted:
        """With the actors that have most of `first` first, where no order is asked for."""
        return Wanted(
            self.limit,
            self.offset,
            self.kept(access, group_index),
            self.order or ((first, True),),
            "event_distinct_ids" in self.columns,
        )

    def kept(self, access: Access, group_index: int | None) -> Kept:
        """Raises ValidationError for what persons, or groups, are not filtered by."""
        text = self.search.strip()
        if not text and not self.filters.values:
            return everybody
        if group_index is not None:
            return self._groups(access, group_index, text)
        scan = self._scan(access)
        holds = both(person_matches(scan, self.filters), mentions(scan, text) if text else TRUE)
        chosen = Sql("SELECT person {s} AND ({h})", s=scan.persons_source(), h=holds)
        return lambda who: Sql("{w} IN ({c})", w=who, c=chosen)

    def _groups(self, access: Access, index: int, text: str) -> Kept:
        """By their key or their name; of a group that events alone know there is the key."""
        if self.filters.values:
            raise ValidationError("properties: groups are searched, not filtered", attr="properties")
        source = Scan(access.project, Definitions(), access.now).groups_source(index)
        named = Sql("SELECT key {s} AND {h}", s=source, h=contains(json_text("name"), text))
        return lambda who: either(contains(who, text), Sql("{w} IN ({n})", w=who, n=named))

    def _scan(self, access: Access) -> Scan:
        named = definitions.cohort_ids([self.filters])
        loaded = definitions.load(access.services.policies, access.project.id, (), named) if named else Definitions()
        return Scan(access.project, loaded, access.now)


def filters_of(properties: Any, fixed: Any) -> Group:
    """Both must hold."""
    read = (parse_filters(properties), parse_filters(fixed, field="fixedProperties"))
    return Group("AND", tuple(tree for tree in read if tree.values))


def order_of(texts: Sequence[str], known: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """`["event_count DESC, actor_id"]`: names, each with a direction. Raises ValidationError."""
    made = []
    for part in (part.strip() for text in texts for part in text.split(",")):
        name, _, direction = part.partition(" ")
        if name not in known:
            raise unknown("orderBy", name, known)
        if direction.strip().upper() not in _DIRECTIONS:
            raise ValidationError(f"orderBy {part[:100]!r} must end in ASC or DESC", attr="orderBy")
        made.append((name, _DIRECTIONS[direction.strip().upper()]))
    return tuple(made)
