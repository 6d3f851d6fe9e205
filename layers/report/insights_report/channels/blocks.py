"""Reports as Slack's blocks: https://docs.slack.dev/reference/block-kit. Pure.

What people have named is text: `&`, `<` and `>` are written as Slack asks, so that a name can neither link nor call
anybody, and what would end a block of figures is taken out of it.
"""

from __future__ import annotations

from typing import Any

from insights_report.channels.wording import KINDS, Excerpt, excerpt, named, reason, schedule, showing, tracked
from insights_report.charts.text import columns, cut
from insights_report.report import Invitation, Part, Report, Table

Block = dict[str, Any]
_ROWS, _COLUMNS, _CELL = 8, 5, 24
_MOST_TEXT = 2900  # Slack takes 3000
_MOST_URL = 3000
_MOST_MESSAGE = 600


def main_message(report: Report, invitation: Invitation | None, *, has_image: bool) -> Block:
    """The arguments of the message that stands in the channel: title, the first insight, and where to go on."""
    title = _title(report, invitation)
    blocks = [_section(title)]
    for words in (_invited(invitation), escaped(cut(report.message, _MOST_MESSAGE)) if report.message else ""):
        if words:
            blocks.append(_section(words))
    if report.parts:
        blocks += part_blocks(report.parts[0], is_named=report.subject != "insight", has_image=has_image)
    if showing(report):
        blocks.append(_context(showing(report)))
    if invitation and schedule(report):
        blocks.append(_context(escaped(schedule(report))))
    if buttons := _buttons(report):
        blocks.append({"type": "actions", "elements": buttons})
    return {"text": title, "blocks": blocks}


def reply(part: Part, *, has_image: bool) -> Block:
    """A further insight, for the thread of the message."""
    name = escaped(named(part.name))
    return {"text": name, "blocks": part_blocks(part, is_named=True, has_image=has_image)}


def part_blocks(part: Part, *, is_named: bool, has_image: bool) -> list[Block]:
    blocks = [_section(_link(part))] if is_named else []
    if part.error is not None:
        return [*blocks, _section(f":warning: {escaped(reason(part.error))}")]
    if has_image and part.image_url and len(part.image_url) <= _MOST_URL:
        blocks.append({"type": "image", "image_url": part.image_url, "alt_text": f"Chart of {named(part.name)}"})
    if part.table is not None and part.table.rows:
        blocks += _figures(part.table)
    return blocks


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _title(report: Report, invitation: Invitation | None) -> str:
    kind, name = KINDS[report.subject], _unstarred(report.name)
    if report.subject == "alert":
        return f"Alert: *{name}*"
    if invitation is not None:
        return f"This channel has been subscribed to the {kind} *{name}*."
    return f"Your subscription to the {kind} *{name}* is ready!"


def _unstarred(name: str) -> str:
    """A star of a name would end the bold type that it stands in."""
    return escaped(named(name)).replace("*", "∗")


def _invited(invitation: Invitation | None) -> str:
    return escaped(cut(invitation.message, _MOST_MESSAGE)) if invitation and invitation.message else ""


def _buttons(report: Report) -> list[Block]:
    manage = "Manage Alert" if report.subject == "alert" else "Manage Subscription"
    buttons = (("View in PostHog", report.url), (manage, report.manage_url))
    return [
        {"type": "button", "text": {"type": "plain_text", "text": text}, "url": tracked(url, "slack")}
        for text, url in buttons
        if url
    ]


def _link(part: Part) -> str:
    """`|` and a line's end have a meaning within a link."""
    name = _unstarred(part.name).replace("|", "∣")
    return f"*<{escaped(tracked(part.url, 'slack'))}|{name}>*" if part.url else f"*{name}*"


def _figures(table: Table) -> list[Block]:
    """In type of one width, so that columns stand below one another."""
    found = excerpt(table, rows=_ROWS, columns=_COLUMNS)
    lines = [found.columns, *found.rows]
    cells = [[cut(cell.replace("`", "'"), _CELL) for cell in line] for line in lines]
    widths = [max(columns(line[place]) for line in cells if place < len(line)) for place in range(len(found.columns))]
    text = "\n".join(_line(line, widths, found) for line in cells)
    text = escaped(text)
    if len(text) > _MOST_TEXT:
        text = text[:_MOST_TEXT].rpartition("\n")[0]
    note = [_context(escaped(found.note))] if found.note else []
    return [_section(f"```\n{text}\n```"), *note]


def _line(cells: list[str], widths: list[int], found: Excerpt) -> str:
    padded = []
    for cell, width, is_number in zip(cells, widths, found.is_number, strict=False):
        room = " " * (width - columns(cell))
        padded.append(room + cell if is_number else cell + room)
    return "  ".join(padded).rstrip()


def _section(text: str) -> Block:
    return {"type": "section", "text": _text(text)}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_text(text)]}


def _text(text: str) -> Block:
    """Else Slack makes links and mentions of what looks like some."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}
