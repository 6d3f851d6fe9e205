"""What AWS refused to do for want of a permission, and which one that is."""

from __future__ import annotations

import re

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"})
_WORDS = re.compile(r"not authorized to perform: (?P<action>[\w:*-]+)(?: on resource: (?P<resource>\S+))?")
# Operations whose permission has another name.
_ACTIONS = {
    "HeadBucket": "s3:ListBucket",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
}


def denied(error: Exception) -> tuple[str, str] | None:
    """What is missing and the advice; None where the error is another one."""
    from botocore.exceptions import ClientError

    if not isinstance(error, ClientError) or error.response.get("Error", {}).get("Code") not in _DENIED:
        return None
    found = _WORDS.search(str(error))
    action = found["action"] if found else _ACTIONS.get(error.operation_name, error.operation_name)
    resource = f" on {found['resource']}" if found and found["resource"] else ""
    words = f"may not {action}{resource}"
    return words, f"Allow {action}{resource} in the policy of who is signed in, or be another: AWS_PROFILE=…"
