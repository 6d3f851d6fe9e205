"""Reports by e-mail, one message an address: through Amazon SES, or into a folder (`MAIL_OUTBOX`).

SES has no way to drop a repeat, so what may have been taken is not sent again, neither by the SDK nor by us. None of
its refusals lasts: an unverified domain, a paused account and a quota are mended by the owner, addresses were checked
when they were written down, and one that is refused should not cost the others their report.
"""

from __future__ import annotations

from email.utils import parseaddr
from pathlib import Path

from insights_engine import aws, services

from insights_report.channels.message import file_name, message_of
from insights_report.report import Report, Target, Undelivered, Unknown

# The SDK's errors before a request is on its way.
_UNSENT = frozenset(
    {
        "ConnectTimeoutError",
        "EndpointConnectionError",
        "NoCredentialsError",
        "NoRegionError",
        "PartialCredentialsError",
        "ProxyConnectionError",
        "SSLError",
    }
)


class Mail:
    is_repeatable = False

    def recipients(self, target: Target) -> list[str]:
        return [address.strip() for address in target.value.split(",") if address.strip()]

    def deliver(self, report: Report, target: Target, recipient: str) -> str | None:
        settings = services.current().settings
        if not settings.mail_from:
            raise Undelivered("MAIL_FROM is not set, so no e-mails are sent")
        try:
            message = message_of(report, target, recipient, sender=settings.mail_from).as_bytes()
        except ValueError as error:
            raise Undelivered(f"The e-mail cannot be written: {error}"[:300]) from None
        if settings.mail_outbox:
            _keep(settings.mail_outbox, file_name(report.delivery_id, recipient), message)
        else:
            _send(message, recipient, settings.mail_from)
        return None


def _keep(outbox: str, name: str, message: bytes) -> None:
    """Whole or not at all, whenever it is looked at."""
    folder = Path(outbox.removeprefix("file://"))
    made = folder / f".{name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made.write_bytes(message)
        made.replace(folder / name)
    except OSError as error:
        raise Undelivered(f"MAIL_OUTBOX cannot be written to: {error.strerror}") from None


def _send(message: bytes, recipient: str, sender: str) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        aws.client("sesv2", is_repeatable=False).send_email(
            FromEmailAddress=parseaddr(sender)[1],
            Destination={"ToAddresses": [recipient]},
            Content={"Raw": {"Data": message}},
        )
    except ClientError as error:
        code, said = (error.response.get("Error", {}).get(name, "") for name in ("Code", "Message"))
        raise Undelivered(f"SES refused it: {code} {said}"[:300].strip()) from None
    except BotoCoreError as error:
        name = type(error).__name__
        if name in _UNSENT:
            raise Undelivered(f"SES cannot be reached: {name}") from None
        raise Unknown(f"SES gave no clear answer: {name}") from None
