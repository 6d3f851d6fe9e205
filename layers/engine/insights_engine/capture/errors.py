"""What a sender of events sees: a status and plain text, not the shape of the REST API's errors."""

from __future__ import annotations


class CaptureError(Exception):
    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class DecodeError(CaptureError):
    """The bytes are no JSON in any encoding that is known."""

    def __init__(self, why: str) -> None:
        super().__init__(f"failed to decode request: {why}")


class PayloadError(CaptureError):
    """JSON, but not the shape of events."""

    def __init__(self, why: str) -> None:
        super().__init__(f"failed to parse request: {why}")


class TokenError(CaptureError):
    def __init__(self, text: str) -> None:
        super().__init__(text, 401)

    @classmethod
    def invalid(cls, reason: str) -> TokenError:
        return cls(f"API key is not valid: {reason}")


TOO_LARGE = "maximum event size exceeded"
UNAVAILABLE = "transient error, please retry"
EMPTY = "request holds no event"
NO_NAME = "event submitted with an empty event name"
NO_DISTINCT_ID = "event submitted without a distinct_id"
NO_TOKEN = "event submitted without an api_key"  # noqa: S105  # what is said when there is none
MANY_TOKENS = "batch submitted with inconsistent api_key values"
