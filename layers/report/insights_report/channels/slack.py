"""Reports in a Slack channel: a message with the first insight, the further ones as replies in its thread.

Posted as the bot of the project's Slack integration. Slack has no way to drop a repeat, so what may have been posted is
not posted again. Once the message stands, what fails in its thread is noted, and nothing is sent anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from insights_api.slack import PASSING, Refused, call
from insights_engine import services
from insights_engine.outbound import Unreachable

from insights_report.channels import blocks
from insights_report.report import Part, Report, Target, Undelivered, Unknown

PAUSES = (1.0, 2.0)
# Refusals that stay until somebody changes the channel, the integration or the subscription.
LASTING = frozenset(
    {
        "access_denied",
        "account_inactive",
        "channel_not_found",
        "invalid_auth",
        "is_archived",
        "missing_scope",
        "no_permission",
        "not_authed",
        "not_in_channel",
        "org_login_required",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
# What Slack says of a picture that it cannot fetch, such as one of a laptop's.
_NO_IMAGE = frozenset({"invalid_blocks", "invalid_attachments"})
_HINTS = {
    "not_in_channel": "; invite the bot to the channel",
    "channel_not_found": "; a private channel is found by a bot that was invited to it",
}


class Slack:
    is_repeatable = False

    def __init__(self, pauses: Sequence[float] = PAUSES) -> None:
        """`pauses`: seconds before each further attempt."""
        self._pauses = pauses

    def recipients(self, target: Target) -> list[str]:
        return [target.value]

    def deliver(self, report: Report, target: Target, recipient: str) -> str | None:
        posting = _Posting(_token(target), recipient.partition("|")[0].strip(), self._pauses)
        invitation = target.invitations.get(recipient)
        try:
            thread = posting.post(lambda image: blocks.main_message(report, invitation, has_image=image))
        except Refused as error:
            hint = _HINTS.get(error.code, "")
            raise Undelivered(f"Slack refused it: {error.code}{hint}", is_lasting=error.code in LASTING) from None
        except Unreachable as error:
            if error.was_sent:
                raise Unknown(f"Slack gave no clear answer: {error}") from None
            raise Undelivered(f"Slack cannot be reached: {error}") from None
        failed = _reply(posting, report, thread)
        notes = [] if posting.shows_images else ["Slack could not fetch the charts: they were left out."]
        if failed:
            why = ", ".join(dict.fromkeys(failed))
            notes.append(f"{len(failed)} of {len(report.parts) - 1} replies in the thread failed: {why}.")
        return " ".join(notes) or None


class _Posting:
    """The messages of one delivery. From the first picture on that Slack cannot fetch, none is shown."""

    def __init__(self, token: str, channel: str, pauses: Sequence[float]) -> None:
        self._token, self._pauses = token, pauses
        self._where = {"channel": channel, "unfurl_links": False, "unfurl_media": False}
        self._settings = services.current().settings
        self.shows_images = True

    def post(self, made: Callable[[bool], blocks.Block], **more: str) -> str:
        """`made(has_image)` is the message. Gives its name, for replies. Raises Refused, Unreachable."""
        message, bare = made(self.shows_images), made(False)
        try:
            return self._tried({**self._where, **message, **more})
        except Refused as error:
            if error.code not in _NO_IMAGE or message == bare:
                raise
        name = self._tried({**self._where, **bare, **more})
        self.shows_images = False
        return name

    def _tried(self, message: dict[str, Any]) -> str:
        for pause in (*self._pauses, None):
            try:
                return str(call("chat.postMessage", self._token, message, self._settings).get("ts"))
            except Refused as error:
                if pause is None or error.code not in PASSING:
                    raise
            except Unreachable as error:
                if pause is None or error.was_sent:
                    raise
            time.sleep(pause)
        raise AssertionError  # the last attempt has returned or raised


def _reply(posting: _Posting, report: Report, thread: str) -> list[str]:
    """The further insights; why each of them failed that did."""
    failed = []
    for part in report.parts[1:]:
        try:
            posting.post(partial(_made, part), thread_ts=thread)
        except (Refused, Unreachable) as error:
            failed.append(str(error))
    return failed


def _made(part: Part, has_image: bool) -> blocks.Block:
    return blocks.reply(part, has_image=has_image)


def _token(target: Target) -> str:
    """Of the integration as it is stored."""
    found = ((target.integration or {}).get("sensitive_config") or {}).get("bot_token")
    if not found:
        raise Undelivered("The Slack integration of this subscription is gone.", is_lasting=True)
    return str(found)
