"""Cohorts, actions, dashboards and insights of a PostHog project, made here through the REST API.

1. Kind by kind in the order of `KINDS`; within one, what names another of its kind comes after it.
2. Each object is checked as the API would check it, so that a dry run, which writes nothing, says the same.
3. What is here already, by its mark, is left as it is, or brought up to date where that is asked for. An action, whose
   name must be its own, is taken for the one of that name where both have the same steps.
4. The people of a static cohort come by their distinct ids, in parts; until the last part is there its mark says so.
5. At the end the tiles of the insights that came get the places that they had on their dashboards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import batched
from typing import Any, Literal, NamedTuple

from insights_engine.errors import ApiError

from insights_local.posthog.api import Api, Refused, Row
from insights_local.posthog.kinds import KINDS, MovedKind, mark_of, marked, marks_in
from insights_local.posthog.rewriting import Ids, Missing

Status = Literal["created", "updated", "there", "cannot"]

PEOPLE_AT_ONCE = 5000
UNFINISHED = "/unfinished"
_PEOPLE_OF_A_PAGE = 1000


class Outcome(NamedTuple):
    """`new`: its number here, of a dry run none. `words`: why it cannot be moved, or what is different here."""

    kind: str
    old: int
    name: str
    status: Status
    new: int | None = None
    words: str = ""


class Move:
    def __init__(self, source: Api, target: Api, *, dry_run: bool = False, update: bool = False) -> None:
        self._source, self._target = source, target
        self._dry_run, self._update = dry_run, update
        self._ids = Ids()
        self._here: dict[str, Row] = {}
        self._actions: dict[str, Row] = {}
        self._moved_insights: set[int] = set()
        self._tiles: dict[int, list[Row]] = {}

    def run(self, kinds: Collection[str]) -> Iterator[Outcome]:
        """Raises ApiFailure where one of the two APIs cannot be used."""
        for kind in KINDS:
            self._look_here(kind)
        for kind in KINDS:
            if kind.route in kinds:
                yield from self._moved(kind)
        if not self._dry_run:
            self._arrange()

    def _look_here(self, kind: MovedKind) -> None:
        for row in self._target.rows(kind.route, **kind.asked):
            prefix = mark_of(self._source.host, self._source.project, kind.name, 0)[:-1]
            for mark in marks_in(row):
                number = mark.removeprefix(prefix).removesuffix(UNFINISHED)
                held = self._here.get(mark)
                # A copy that somebody made has the tags of its original.
                if mark.startswith(prefix) and number.isdigit() and (held is None or row["id"] < held["id"]):
                    self._here[mark] = row
                    self._ids.add(kind.name, int(number), row["id"])
            if kind.name == "action":
                self._actions[row["name"]] = row

    def _moved(self, kind: MovedKind) -> Iterator[Outcome]:
        """Those that name one of the same kind wait until it is here, or nothing moves any more."""
        rows = list(self._source.rows(kind.route, **kind.asked))
        while rows:
            waiting, numbers = [], {row["id"] for row in rows}
            for row in rows:
                try:
                    yield self._one(kind, row)
                except Missing as missing:
                    if missing.kind == kind.name and missing.number in numbers - {row["id"]}:
                        waiting.append(row)
                    else:
                        yield _cannot(kind, row, str(missing))
            if len(waiting) == len(rows):
                yield from (_cannot(kind, row, f"it names another {kind.name} in a loop") for row in waiting)
                return
            rows = waiting

    def _one(self, kind: MovedKind, row: Row) -> Outcome:
        """Raises Missing for an object that it names and that is not here."""
        mark = mark_of(self._source.host, self._source.project, kind.name, row["id"])
        here, unfinished = self._here.get(mark), self._here.get(mark + UNFINISHED)
        if here and not self._update:
            return Outcome(kind.name, row["id"], _name(row), "there", here["id"])
        if kind.name == "dashboard":
            row = self._source.get(f"dashboards/{row['id']}", refresh="force_cache")
        try:
            body = marked(kind, kind.body(row, self._ids), mark)
            kind.check(body)
            if kind.name == "action" and not here and (same := self._of_that_name(body)):
                return self._adopted(kind, row, same, body)
            return self._written(kind, row, body, here or unfinished)
        except (ApiError, Refused) as error:
            return _cannot(kind, row, str(getattr(error, "detail", error)))

    def _written(self, kind: MovedKind, row: Row, body: Row, here: Row | None) -> Outcome:
        status: Status = "updated" if here else "created"
        number, words = row["id"], _left_out(kind, row, body)
        if not self._dry_run:
            number, more = self._send(kind, row, body, here)
            words = "; ".join(filter(None, (words, more)))
        elif here:
            number = here["id"]
        self._ids.add(kind.name, row["id"], number)
        if kind.name == "dashboard":
            self._tiles[number] = row.get("tiles") or []
        if kind.name == "insight":
            self._moved_insights.add(row["id"])
        return Outcome(kind.name, row["id"], _name(row), status, None if self._dry_run else number, words)

    def _send(self, kind: MovedKind, row: Row, body: Row, here: Row | None) -> tuple[int, str]:
        if here:
            body = {name: value for name, value in body.items() if name not in ("tiles", "is_static")}
            if kind.name == "insight":  # it stays on the dashboards that it was put on here
                body["dashboards"] = list(dict.fromkeys([*here["dashboards"], *body["dashboards"]]))
        if kind.name == "cohort" and row.get("is_static"):
            return self._with_people(row, body, here)
        written = (
            self._target.patch(f"{kind.route}/{here['id']}", body) if here else self._target.post(kind.route, body)
        )
        return written["id"], ""

    def _with_people(self, row: Row, body: Row, here: Row | None) -> tuple[int, str]:
        """Of people who are not known here nothing is kept, so events and persons have to be here first."""
        people = list(self._source.rows(f"cohorts/{row['id']}/persons", limit=_PEOPLE_OF_A_PAGE))
        ids = [str(one) for person in people for one in person.get("distinct_ids") or ()]
        first, *rest = list(batched(ids, PEOPLE_AT_ONCE, strict=False)) or [()]
        unfinished = {**body, "description": body["description"] + UNFINISHED} if rest else body
        begun = {**unfinished, "distinct_ids": list(first)}
        written = self._target.patch(f"cohorts/{here['id']}", begun) if here else self._target.post("cohorts", begun)
        for part in rest:
            written = self._target.patch(f"cohorts/{written['id']}", {"distinct_ids": list(part)})
        if rest:
            written = self._target.patch(f"cohorts/{written['id']}", {"description": body["description"]})
        return written["id"], f"{written['count']:,} of its {len(people):,} people are known here"

    def _of_that_name(self, body: Row) -> Row | None:
        return self._actions.get(body.get("name") or "")

    def _adopted(self, kind: MovedKind, row: Row, same: Row, body: Row) -> Outcome:
        from insights_api.actions import Actions

        steps = next(field for field in Actions.fields if field.name == "steps")
        if steps.check(body["steps"], "steps") != same["steps"]:
            return _cannot(kind, row, f"action {same['id']} has this name here, and other steps")
        self._ids.add(kind.name, row["id"], same["id"])
        return Outcome(kind.name, row["id"], _name(row), "there", same["id"], "of the same name, with the same steps")

    def _arrange(self) -> None:
        for dashboard, tiles in self._tiles.items():
            places = {
                self._ids.get("insight", tile["insight"]["id"]): {
                    k: tile[k] for k in ("layouts", "color") if tile.get(k)
                }
                for tile in tiles
                if tile.get("insight") and tile["insight"]["id"] in self._moved_insights
            }
            if not places:
                continue
            here = self._target.get(f"dashboards/{dashboard}", refresh="force_cache")["tiles"]
            placed = [
                {"id": tile["id"], **places[tile["insight"]["id"]]}
                for tile in here
                if tile.get("insight") and places.get(tile["insight"]["id"])
            ]
            if placed:
                self._target.patch(f"dashboards/{dashboard}", {"tiles": placed})


def _left_out(kind: MovedKind, row: Row, body: Row) -> str:
    """Of the dashboards that an insight is on, those that are not here."""
    if kind.name != "insight" or len(body["dashboards"]) == len(row.get("dashboards") or ()):
        return ""
    return "not on all of its dashboards: they are not here"


def _cannot(kind: MovedKind, row: Row, why: str) -> Outcome:
    return Outcome(kind.name, row["id"], _name(row), "cannot", None, why)


def _name(row: Row) -> str:
    return str(row.get("name") or row.get("derived_name") or "")


def counts(outcomes: Sequence[Outcome]) -> dict[Status, int]:
    found: dict[Any, int] = dict.fromkeys(("created", "updated", "there", "cannot"), 0)
    for outcome in outcomes:
        found[outcome.status] += 1
    return found
