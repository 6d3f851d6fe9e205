"""What a path goes through: the items of events, their names and their numbers. Pure.

Names are cleaned and grouped once each, not once an event: the statement first collects what different texts there are
and numbers what they are called, in the order of the names; an event then looks its own text up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from insights_engine.conditions import clean_path, replaced
from insights_engine.path.model import ELLIPSIS, PAGEVIEW, SCREEN, PathQuery
from insights_engine.path.window import Plan
from insights_engine.scan import Scan
from insights_engine.sql import TRUE, Sql, both, either, negate

_PROPERTIES = ((PAGEVIEW, "$current_url"), (SCREEN, "$screen_name"))
# The source of names that are in no event.
_NO_SOURCE = 255


@dataclass(frozen=True, slots=True)
class Source:
    """Events of one kind, named by a property, or by the expression or the event's name where `property` is None."""

    events: Sql
    property: str | None = None

    def text(self, query: PathQuery, scan: Scan) -> Sql:
        if self.property is not None:
            return scan.text("event", self.property)
        if query.expression is None:
            return Sql("event")
        from insights_engine.hogql import text_value

        return text_value(scan, query.expression, query.expression_field)


def selected(query: PathQuery) -> Sql:
    """The events that count, by their names: any of the types, and those that are named."""
    chosen = []
    for kind in query.event_types:
        if kind == "hogql":
            chosen += [TRUE] if query.is_legacy or len(query.event_types) == 1 else []
        else:
            chosen.append(Sql("NOT startsWith(event, '$')") if kind == "custom_event" else _is(kind))
    if query.custom_events:
        chosen.append(Sql("event IN {names:Array(String)}", names=list(query.custom_events)))
    return either(*chosen) if chosen else TRUE


def sources(query: PathQuery) -> list[Source]:
    """Page views and screens that are named by a property; then all others, where any are selected."""
    named = [(event, key) for event, key in _PROPERTIES if query.names_by_property(event)]
    found = [Source(_is(event), key) for event, key in named]
    if query.custom_events or not {event for event, _ in named}.issuperset(query.event_types or ("",)):
        found.append(Source(both(*(negate(source.events) for source in found))))
    return found


class Items:
    """The numbers and names of a plan's items, in SQL that follows `WITH {table}`.

    `none` is the number of what is excluded; the empty name has the number 0.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sources = sources(plan.query)
        self.none = plan.packing.capacity
        # In the table's tuple: texts, numbers and the number of a missing text of each source, then the names.
        self.names = Sql(f"items.{3 * len(self._sources) + 1}")

    @property
    def table(self) -> Sql:
        """Numbers are places in the order of the names, and the same for texts that are called alike."""
        parts = Sql.join(", ", map(self._part, range(len(self._sources))))
        sources = Sql("arraySort((s, n) -> n, sources, called) AS source, ") if len(self._sources) > 1 else Sql("")
        return Sql(
            "(SELECT ({parts}, arrayDistinct(name)) FROM (SELECT {sources}arraySort((t, n) -> n, texts, called) AS "
            "text, arraySort(called) AS name, {numbers} AS number FROM ({found}))) AS items",
            parts=parts,
            sources=sources,
            numbers=self._numbers(),
            found=self._found(),
        )

    def number(self, scan: Scan) -> Sql:
        """The number of an event's item, as UInt64."""
        looked_up = []
        for place, source in enumerate(self._sources):
            texts, numbers, missing = (Sql(f"items.{3 * place + offset}") for offset in (1, 2, 3))
            text = source.text(self._plan.query, scan)
            looked_up.append(Sql("transform({t}, {x}, {n}, {m})", t=text, x=texts, n=numbers, m=missing))
        found = looked_up.pop()
        for source, own in zip(reversed(self._sources[: len(looked_up)]), reversed(looked_up), strict=True):
            found = Sql("if({is_of}, {own}, {other})", is_of=source.events, own=own, other=found)
        return found

    def number_of(self, name: str) -> Sql:
        """The number of a name, -1 where no item has it."""
        return Sql("(toInt64(indexOf({names}, {name:String})) - 1)", names=self.names, name=name)

    @property
    def fit(self) -> Sql:
        """Whether there are numbers enough; a constant, so that otherwise nothing is read."""
        return Sql("length({names}) <= {n}", names=self.names, n=literal(self._plan.packing.capacity))

    def _part(self, place: int) -> Sql:
        if len(self._sources) == 1:
            return Sql("text, number, number[indexOf(text, '')]")
        return Sql(
            "arrayFilter((t, s) -> s = {i}, text, source) AS {text}, arrayFilter((n, s) -> s = {i}, number, source) "
            "AS {number}, {number}[indexOf({text}, '')]",
            i=literal(place),
            text=Sql(f"text{place}"),
            number=Sql(f"number{place}"),
        )

    def _numbers(self) -> Sql:
        excluded = list(self._plan.query.excluded)
        if not excluded:
            return Sql("arrayMap(d -> toUInt64(d - 1), arrayEnumerateDense(name))")
        return Sql(
            "arrayMap((d, n) -> if(has({excluded:Array(String)}, n), {none}, toUInt64(d - 1)), "
            "arrayEnumerateDense(name), name)",
            excluded=excluded,
            none=literal(self.none),
        )

    def _found(self) -> Sql:
        """The texts of each source and what they are called; all have the empty text. No source has the names that
        are needed whether there are texts for them or not."""
        query, count = self._plan.query, len(self._sources)
        needed = ["", ELLIPSIS] if query.start_point and query.end_point else [""]
        named = [(self._name(source, Sql("toString(x)")), self._name(source, Sql("''"))) for source in self._sources]
        cases = [Sql("source = {i}, {name}", i=literal(i), name=name) for i, (name, _) in enumerate(named[:-1])]
        of_source = Sql("multiIf({c}, {last})", c=Sql.join(", ", cases), last=named[-1][0]) if cases else named[-1][0]
        return Sql(
            "SELECT arrayConcat(groupArray(source), {sources:Array(UInt8)}) AS sources, "
            "arrayConcat(groupArray(toString(x)), {texts:Array(String)}) AS texts, "
            "arrayConcat(groupArray({of_source}), {needed:Array(String)}, [{of_empty}]) AS called "
            "FROM ({texts_of_events}) WHERE isNotNull(x)",
            sources=[_NO_SOURCE] * len(needed) + list(range(count)),
            texts=[""] * (len(needed) + count),
            of_source=of_source,
            needed=needed,
            of_empty=Sql.join(", ", (of_empty for _, of_empty in named)),
            texts_of_events=Sql.join(" UNION ALL ", map(self._texts, range(count))),
        )

    def _texts(self, place: int) -> Sql:
        """Rows (source, x): the different texts."""
        plan, source = self._plan, self._sources[place]
        scan = Scan(plan.project, plan.definitions, plan.now)
        text, chosen = source.text(plan.query, scan), selected(plan.query)
        of_source = source.events if chosen == source.events else both(chosen, source.events)
        return Sql(
            "SELECT DISTINCT {i} AS source, {text} AS x {source} WHERE {events}",
            i=literal(place),
            text=text,
            source=scan.from_clause(),
            events=both(scan.is_mine, scan.within(plan.start, plan.end), of_source),
        )

    def _name(self, source: Source, text: Sql) -> Sql:
        """What a text is called: cleaned by the project's rules, then by the request's, then grouped."""
        query = self._plan.query
        if source.property == "$current_url":
            text = Sql("replaceRegexpOne({t}, '(?s)(.)/$', '\\\\1')", t=text)
        if query.cleans_by_project:
            text = clean_path(self._plan.project, text)
        text = replaced(((rule.regex, rule.alias) for rule in query.rules), text)
        return grouped(text, query.groupings)


def grouped(name: Sql, groupings: tuple[str, ...]) -> Sql:
    """An item is called like the last grouping that it matches; `*` in one is any text, all else is itself."""
    if not groupings:
        return name
    # One lambda, so that what cleans the name is written once.
    cases = (Sql("n LIKE {like:String}, {g:String}", like=like(g), g=g) for g in reversed(groupings))
    return Sql("arrayMap(n -> multiIf({cases}, n), [{name}])[1]", cases=Sql.join(", ", cases), name=name)


def like(grouping: str) -> str:
    """The LIKE pattern of a grouping, which may match anywhere in the item."""
    parts = (re.sub(r"([\\%_])", r"\\\1", part) for part in grouping.split("*") if part)
    return f"%{'%'.join(parts)}%" if grouping.strip("*") else "%"


def literal(number: int) -> Sql:
    """A number of ours: written out, it costs less to analyse than one that is bound."""
    return Sql(str(number))


def _is(event: str) -> Sql:
    return Sql("event = {event:String}", event=event)
