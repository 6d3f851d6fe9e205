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


@dataclass(frozen=True, slots=True)
class Source:
    """Events of one kind, named by a property, or by the expression or the event's name where `property` is None."""

    events: Sql
    property: str | None = None

    def is_name(self, query: PathQuery) -> bool:
        """Whether the text is the event's name, which is never missing."""
        return self.property is None and query.expression is None

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

    Numbers are places in the order of the names, from 1, and the same for texts that are called alike. The empty name
    is always there, so it has the number 1; what is excluded has the number 0.
    """

    names = Sql("names")
    # Whether there are numbers enough; a constant, so that otherwise nothing is read.
    fit = Sql("fits")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sources = sources(plan.query)
        # The middle of a long way has a name that no event need have.
        self._needs_ellipsis = bool(plan.query.start_point and plan.query.end_point)
        # Texts of several sources stand in one list; a mark in front tells them apart.
        self._marks = "012" if len(self._sources) > 1 or self._needs_ellipsis else ""

    @property
    def table(self) -> Sql:
        """The different texts of events, their numbers, the names, and whether they fit.

        In an array of one: ClickHouse would write out a tuple's values wherever one is named, and again in the name of
        each expression around it, which with thousands of long texts takes seconds. An array it keeps by reference.
        """
        return Sql(
            "(SELECT [(groupArray(text), arrayPopFront({numbers}), arrayDistinct(name))] "
            "FROM ({called} ORDER BY called)) AS items, items[1].1 AS texts, items[1].2 AS numbers, "
            "items[1].3 AS names, length(names) <= {capacity} AS fits",
            numbers=self._numbers(),
            called=self._called(),
            capacity=literal(self._plan.packing.capacity),
        )

    def number(self, scan: Scan) -> Sql:
        """The number of an event's item. A text that was not there a moment ago counts as the empty one."""
        texts = [self._text(place, scan) for place in range(len(self._sources))]
        *looked_up, found = (Sql("transform({t}, texts, numbers, 1)", t=text) for text in texts)
        for source, own in zip(reversed(self._sources[:-1]), reversed(looked_up), strict=True):
            found = Sql("if({is_of}, {own}, {other})", is_of=source.events, own=own, other=found)
        return found

    def number_of(self, name: str) -> Sql:
        """The number of a name; 0, which no event's item has then, where no item has it."""
        return Sql("indexOf({names}, {name:String})", names=self.names, name=name)

    def _numbers(self) -> Sql:
        """Those of the empty name, which comes first, and of each text's name."""
        numbers = Sql("arrayEnumerateDense(arrayPushFront(groupArray(called), '') AS name)")
        excluded = list(self._plan.query.excluded)
        if not excluded:
            return numbers
        return Sql(
            "arrayMap((d, n) -> if(has({excluded:Array(String)}, n), 0, d), {numbers}, name)",
            excluded=excluded,
            numbers=numbers,
        )

    def _called(self) -> Sql:
        """Rows (text, called): each text, and its name."""
        called = Sql(
            "SELECT CAST(x, 'String') AS text, {name} AS called FROM ({texts})",
            name=self._name(),
            texts=Sql.join(" UNION ALL ", map(self._texts, range(len(self._sources)))),
        )
        if self._needs_ellipsis:
            called = Sql("SELECT * FROM ({c} UNION ALL SELECT '-', {e:String})", c=called, e=ELLIPSIS)
        return called

    def _texts(self, place: int) -> Sql:
        """Rows (x): the different texts."""
        plan, source = self._plan, self._sources[place]
        scan = Scan(plan.project, plan.definitions, plan.now)
        text, chosen = self._text(place, scan), selected(plan.query)
        of_source = source.events if chosen == source.events else both(chosen, source.events)
        return Sql(
            "SELECT DISTINCT {text} AS x {source} WHERE {events}",
            text=text,
            source=scan.from_clause(),
            events=both(scan.is_mine, scan.within(plan.start, plan.end), of_source),
        )

    def _text(self, place: int, scan: Scan) -> Sql:
        """What an event of the source is looked up by; what is missing counts as empty."""
        source = self._sources[place]
        text = source.text(self._plan.query, scan)
        if not source.is_name(self._plan.query):
            text = Sql("ifNull({t}, '')", t=text)
        return Sql("concat({mark}, {t})", mark=Sql(f"'{self._marks[place]}'"), t=text) if self._marks else text

    def _name(self) -> Sql:
        """What a text is called: cleaned by the project's rules, then by the request's, then grouped."""
        query, name = self._plan.query, Sql("text")
        if self._sources[0].property == "$current_url":
            slash = Sql("'(?s)^(0.+)/$'") if self._marks else Sql("'(?s)(.)/$'")
            name = Sql("replaceRegexpOne(text, {slash}, '\\\\1')", slash=slash)
        if self._marks:
            name = Sql("substring({n}, 2)", n=name)
        if query.cleans_by_project:
            name = clean_path(self._plan.project, name)
        name = replaced(((rule.regex, rule.alias) for rule in query.rules), name)
        return grouped(name, query.groupings)


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
