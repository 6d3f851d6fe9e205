"""A report as an e-mail. Pure.

HTML as mail programs read it: tables for the layout, styles inline, 600 px, nothing fetched from anywhere; each chart
is a picture within the message. The part of plain text says the same. Nobody's text can end a header or be read as
HTML, and none is longer than what is read. Charts and CSV files that would make a message larger than servers take
are left out, which the message says.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import EmailPolicy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insights_report.channels.wording import (
    KINDS,
    Excerpt,
    excerpt,
    named,
    reason,
    schedule,
    showing,
    slug,
    tracked,
)
from insights_report.charts.text import columns
from insights_report.report import Invitation, Part, Report, Target

if TYPE_CHECKING:
    from jinja2 import Environment

# A third is added on the way, and many servers take 10 MB.
MAX_ATTACHED = 7_000_000
# Of one insight, and of each of several: some mail programs show the first 100 KB.
_ROWS, _ROWS_OF_SEVERAL, _COLUMNS = 31, 15, 10
_MOST_MESSAGE = 2000
_TEMPLATES = Path(__file__).parent / "templates"


class _Policy(EmailPolicy):
    """Addresses within headers stay whole: folded, they would be written as encoded words, which are none."""

    def fold(self, name: str, value: str) -> str:
        if name.lower() == "list-unsubscribe":
            return f"{name}: {value}{self.linesep}"
        folded: str = super().fold(name, value)
        return folded

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() == "list-unsubscribe":
            return self.fold(name, value).encode("ascii", "replace")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n")


@dataclass(slots=True)
class _Shown:
    """A part as the templates have it. `cid`: of its chart, where it has one."""

    name: str
    url: str
    error: str | None = None
    alt: str = ""
    cid: str = ""
    table: Excerpt | None = None
    csv_note: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def name_width(self) -> int:
        return columns(self.name)


@dataclass(slots=True)
class _Attached:
    """What goes with the message, and the bytes that there is still room for."""

    room: int = MAX_ATTACHED
    charts: dict[str, bytes] = field(default_factory=dict)
    files: list[tuple[str, bytes]] = field(default_factory=list)

    def takes(self, content: bytes) -> bool:
        fits = len(content) <= self.room
        self.room -= len(content) if fits else 0
        return fits


def message_of(report: Report, target: Target, recipient: str, *, sender: str) -> EmailMessage:
    """For one recipient, whose invitation and way out it has."""
    invitation, way_out = target.invitations.get(recipient), target.unsubscribe_urls.get(recipient, "")
    attached = _Attached()
    parts = _parts(report, target, attached)
    words = _words(report, invitation, way_out) | {"parts": parts}
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = subject_of(report, invitation)
    message["From"] = sender
    message["To"] = recipient
    message["Date"] = report.at
    message["Message-ID"] = f"<{_mark(report.delivery_id, recipient)}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    if way_out:
        message["List-Unsubscribe"] = f"<{way_out}>"
        if way_out.startswith("https://"):
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(_rendered("report.txt", words), cte="quoted-printable")
    message.add_alternative(_rendered("report.html", words), subtype="html", cte="quoted-printable")
    body: Any = message.get_payload()[1]  # type: ignore[index]  # the alternative of HTML
    for cid, png in attached.charts.items():
        body.add_related(png, "image", "png", cid=f"<{cid}>", disposition="inline", filename=f"{cid.split('@')[0]}.png")
    for name, content in attached.files:
        message.add_attachment(content, "text", "csv", filename=name)
    return message


def subject_of(report: Report, invitation: Invitation | None) -> str:
    kind = KINDS[report.subject]
    if report.subject == "alert":
        return f"Alert: {named(report.name)}"
    if invitation is None:
        return f"PostHog {kind} report - {named(report.name)}"
    if invitation.by is None:
        return f"You have been subscribed to a PostHog {kind}"
    return f"{named(invitation.by, 60)} subscribed you to a PostHog {kind}"


def file_name(delivery_id: str, recipient: str) -> str:
    """Of a message that is kept as a file: the same for each attempt."""
    return f"{slug(delivery_id)}-{_mark(delivery_id, recipient)[:12]}.eml"


def _words(report: Report, invitation: Invitation | None, way_out: str) -> dict[str, Any]:
    is_alert = report.subject == "alert"
    said = _lines(report.message or "") if is_alert or not invitation else _lines(invitation.message or "")
    return {
        "title": f"Alert: {named(report.name)}" if is_alert else named(report.name),
        "greeting": subject_of(report, invitation) + "." if invitation and not is_alert else "",
        "message": said,
        "preview": said or schedule(report) or named(report.name),
        "url": tracked(report.url, "email"),
        "link_label": f"View {'in PostHog' if is_alert else KINDS[report.subject].lower()}",
        "manage_url": tracked(report.manage_url, "email"),
        "manage_label": "Manage alert" if is_alert else "Manage subscription",
        "unsubscribe_url": way_out,
        "schedule": schedule(report),
        "showing": showing(report),
    }


def _parts(report: Report, target: Target, attached: _Attached) -> list[_Shown]:
    """Charts have room before files, whichever insight they are of."""
    shown = [_shown(part, number, report, attached) for number, part in enumerate(report.parts, 1)]
    if target.attach_csv:
        for number, (part, one) in enumerate(zip(report.parts, shown, strict=True), 1):
            if not part.csv:
                continue
            name = f"{number}-{slug(part.name)}.csv"
            if attached.takes(part.csv):
                attached.files.append((name, part.csv))
                is_cut = part.table is not None and part.table.is_cut
                one.csv_note = (
                    f"{'Its rows up to the LIMIT' if is_cut else 'All of its numbers'} are attached as {name}."
                )
            else:
                one.csv_note = "Its CSV is too large for an e-mail; download it where the insight is."
    return shown


def _shown(part: Part, number: int, report: Report, attached: _Attached) -> _Shown:
    shown = _Shown(named(part.name), tracked(part.url, "email"))
    if part.error is not None:
        shown.error = reason(part.error)
        return shown
    if part.png and attached.takes(part.png):
        shown.cid, shown.alt = f"chart-{number}@{_mark(report.delivery_id, '')[:16]}", f"Chart of {shown.name}"
        attached.charts[shown.cid] = part.png
    if part.table is not None and part.table.rows:
        shown.table = excerpt(part.table, rows=_ROWS if len(report.parts) == 1 else _ROWS_OF_SEVERAL, columns=_COLUMNS)
        shown.lines = _aligned(shown.table)
    return shown


def _aligned(table: Excerpt) -> list[str]:
    lines = [table.columns, *table.rows]
    widths = [max(columns(line[at]) for line in lines if at < len(line)) for at in range(len(table.columns))]
    return [
        "  ".join(_padded(*one) for one in zip(line, widths, table.is_number, strict=False)).rstrip() for line in lines
    ]


def _padded(cell: str, width: int, is_number: bool) -> str:
    room = " " * (width - columns(cell))
    return room + cell if is_number else cell + room


def _lines(text: str) -> str:
    """What somebody has written, with its lines, and without what is no text."""
    kept = (c if c == "\n" or unicodedata.category(c)[0] != "C" else " " for c in text[:_MOST_MESSAGE])
    return "".join(kept).strip() + ("…" if len(text) > _MOST_MESSAGE else "")


def _rendered(template: str, words: Mapping[str, Any]) -> str:
    return _environment().get_template(template).render(words)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _mark(delivery_id: str, recipient: str) -> str:
    return hashlib.sha256(f"{delivery_id}\n{recipient.lower()}".encode()).hexdigest()[:32]


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].strip("> ") or "localhost"
