"""The insights of a report, each computed anew, drawn and written down, as somebody may see it at that moment.

What goes wrong with one of them is said in its place; the others are there all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from insights_acl import shares
from insights_acl.access import Access
from insights_acl.gates import hidden_kinds
from insights_api import exporter, tiles
from insights_api.questions import Question
from insights_api.saved_questions import SavedQuestion
from insights_api.serving import Asking, serve
from insights_api.subscription_subjects import name_of
from insights_engine import deadline
from insights_engine.errors import ApiError, ServerError
from insights_engine.http import JsonResponse
from insights_engine.results.modes import MODES
from insights_engine.store import Item

from insights_report.report import Part

if TYPE_CHECKING:
    from insights_engine.answer import Answer

# One insight may not use up the time of the others, nor of the sending.
SECONDS = 40.0
_NOT_SEEN = "Whoever made this may not see this insight any more."
_GONE = "This insight was deleted."
# ClickHouse, or the project's share of it, has too much to do, or is away.
_PASSING = frozenset({429, 503})
_NOTHING_ASKED = "This insight has no question."


@dataclass(frozen=True, slots=True)
class Making:
    """`site` is the public address of the installation, empty where nobody knows it. `with_files`: CSV and JSON too;
    `with_addresses`: pictures that can be fetched.
    """

    access: Access
    site: str
    delivery_id: str
    with_files: bool
    with_addresses: bool

    def parts(self, wanted: list[int], overrides: Mapping[str, Any] | None = None) -> Iterator[Part]:
        """`overrides`: those of the dashboard, which hold for all that is on it."""
        found = tiles.read(self.access, tiles.INSIGHT, wanted)
        for place, number in enumerate(wanted):
            item = found.get(number)
            if item is None or item["deleted"]:
                yield Part(number, f"Insight {number}", "", error=_GONE)
            elif not tiles.may(self.access, tiles.INSIGHT, item, writes=False):
                # Its name may say what the rules keep back.
                yield Part(number, f"Insight {number}", "", error=_NOT_SEEN)
            else:
                yield self.part(item, place, overrides)

    def part(self, item: Item, place: int = 0, overrides: Mapping[str, Any] | None = None) -> Part:
        """Never raises: an insight that cannot be computed or drawn is its error."""
        number, name, url = item["id"], name_of(item), address_of(self.access, tiles.INSIGHT, item, self.site)
        if item["query"] is None and not item["filters"]:
            return Part(number, name, url, error=_NOTHING_ASKED)
        try:
            question, found = answered(self.access, item, overrides)
            return self._drawn(Part(number, name, url), question, found, place)
        except ApiError as error:
            reason = error.detail if type(error) is not ServerError else ServerError.default_detail
            return Part(number, name, url, error=reason, may_pass=error.status in _PASSING)
        except Exception:  # whatever it is, the others are to arrive
            from insights_engine.log import logger

            about = {"insight": number, "project": self.access.project.id}
            logger().exception("an insight of a report could not be made", extra=about)
            reason = ServerError.default_detail
        return Part(number, name, url, error=reason)

    def _drawn(self, part: Part, question: Question, found: Answer, place: int) -> Part:
        from dataclasses import replace

        from insights_report.charts import draw
        from insights_report.charts.values import result_of
        from insights_report.tables import table_of

        result, display = result_of(found), display_of(question)
        png = draw(question.kind, result, name=part.name, display=display)
        image_url = self._stored(png, place) if self.with_addresses else None
        part = replace(part, png=png, image_url=image_url, table=table_of(question.kind, result))
        if not self.with_files:
            return part
        return replace(part, csv=csv_of(question.kind, found), json=bytes(JsonResponse(result).body))

    def _stored(self, png: bytes, place: int) -> str | None:
        """A bucket that does not take the picture costs the report that picture, and nothing else."""
        name, services = f"{self.delivery_id}-{place}.png", self.access.services
        try:
            return exporter.store_picture(services, name, png, self.site, self.access.now)
        except Exception:
            from insights_engine.log import logger

            logger().exception("a picture of a report could not be stored", extra={"picture": name})
            return None


def answered(access: Access, item: Item, overrides: Mapping[str, Any] | None = None) -> tuple[Question, Answer]:
    """Computed now, and kept for whoever asks next. Raises ApiError."""
    question = SavedQuestion(item, overrides).question
    sight = " ".join(hidden_kinds(access.rules.project_wide, access.caller))
    project, services = access.project, access.services
    asking = Asking(project, services, access.now, access.user.uuid, sight, SECONDS, is_worker=True)
    with deadline.within(SECONDS):
        served = serve(asking, question, MODES["force_blocking"], explain=True, insight_id=item["id"])
    assert served.answer is not None, "what is explained is computed by this very call"
    return question, served.answer


def display_of(question: Question) -> str | None:
    """Of a trend: how it is shown."""
    query = getattr(question.query, "trend", question.query)
    display = getattr(query, "display", None)
    return display.name if display is not None else None


def csv_of(kind: str, found: Answer) -> bytes:
    """The tidy form, a line an observation."""
    from insights_engine.spreadsheets import pieces
    from insights_engine.tidy import tidy

    return b"".join(pieces(tidy(kind, found)))


def address_of(access: Access, kind: str, item: Item, site: str) -> str:
    """Where people see it: at its sharing link where that is switched on, else by the API."""
    if not site:
        return ""
    config = shares.config_of(access.services.policies, access.project.id, kind, item["id"])
    if config["enabled"] and config["access_token"]:
        return f"{site}/shared/{config['access_token']}"
    return f"{site}/api/projects/{access.project.id}/{kind}s/{item['id']}/"


def total_of(dashboard: Item) -> int:
    """Its insights, of which a report shows some."""
    return sum(tile["insight_id"] is not None for tile in tiles.live(dashboard))


def at_of(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
