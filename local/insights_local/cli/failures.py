"""What a command prints of a failure that a person can do something about: what is wrong, then what mends it."""

from __future__ import annotations

import errno
import os
import re

from insights_local.advice import advice_on

_OUTPUT = (
    "There is no table POLICIES_TABLE={} in this region and account. It is an output of your stack: "
    "aws cloudformation describe-stacks --query 'Stacks[].Outputs'"
)
_ARN = (
    "Check CLICKHOUSE_SECRET_ARN, the region and the account: aws secretsmanager list-secrets --query SecretList[].ARN"
)
# Of a SQLite file, by what SQLite says; the first that fits.
_FILES = (
    (re.compile(r"disk I/O|full"), "Is the disk full? df -h says; make room."),
    (re.compile(r"locked"), "Another process writes to it; run the command again, or stop that one."),
    (
        re.compile(r"not a database|malformed"),
        "It is no store of `insights serve`; check POLICIES_TABLE, or --data-dir.",
    ),
    (re.compile(r""), "sqlite:///path, or --data-dir, has to name a place that can be written."),
)
# Of a file or a folder.
_PLACES = {
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "Name one that you may write, or change its owner."),
    errno.ENOSPC: "Make room on the disk.",
}


def words_on(error: Exception) -> str | None:
    """None for what only a programmer can mend."""
    said = _said(error)
    if said is None:
        return None
    what, advice = said
    notes = getattr(error, "__notes__", [])
    return "\n".join(line for line in (what, *notes, advice_on(error) or advice) if line)


def _said(error: Exception) -> tuple[str, str] | None:
    import sqlite3

    from clickhouse_connect.driver.exceptions import ClickHouseError
    from insights_engine.dsn import DsnError
    from insights_engine.errors import ApiError
    from insights_engine.migrations import MigrationError
    from insights_engine.settings import SettingError
    from insights_engine.store import StoreUnavailable

    words = str(error).strip()
    if isinstance(error, ApiError):
        # Its text may say more than the detail, which is for callers of the API.
        is_named = not error.attr or error.attr.split("__")[0] in words
        return words if is_named else f"{error.attr}: {words}", ""
    if isinstance(error, DsnError | MigrationError):
        return words, ""
    if isinstance(error, SettingError):
        return words, "Correct the environment variable; docs/settings.md has them."
    if isinstance(error, StoreUnavailable):
        return words, _of_file(words) if "Sqlite" in words else ""
    if isinstance(error, sqlite3.Error):
        return f"SQLite: {words}", _of_file(words)
    if isinstance(error, ClickHouseError):
        return f"ClickHouse: {words.splitlines()[0]}", ""
    if isinstance(error, OSError):
        return _of_place(error)
    return _of_aws(error)


def _of_file(words: str) -> str:
    return next(advice for pattern, advice in _FILES if pattern.search(words))


def _of_place(error: OSError) -> tuple[str, str] | None:
    if error.errno not in _PLACES and not error.filename:
        return None
    return f"{error.filename or 'The disk'}: {error.strerror}.", _PLACES.get(error.errno or 0, "")


def _of_aws(error: Exception) -> tuple[str, str] | None:
    from botocore.exceptions import BotoCoreError, ClientError

    from insights_local.doctor.denials import denied

    if refused := denied(error):
        return f"AWS: you {refused[0]}", refused[1]
    if isinstance(error, ClientError):
        is_missing = error.response["Error"]["Code"] == "ResourceNotFoundException"
        advice = _ARN if error.operation_name == "GetSecretValue" else _OUTPUT.format(os.environ.get("POLICIES_TABLE"))
        return f"AWS: {error}", advice if is_missing else ""
    return (f"AWS: {error}", "") if isinstance(error, BotoCoreError) else None
