"""Secrets: how they are made, hashed and shown."""

from __future__ import annotations

import hashlib
import secrets
import string

PERSONAL_PREFIX = "phx_"
PROJECT_PREFIX = "phc_"
INVITE_PREFIX = "inv_"
# OAuth access tokens: not ours to judge, so a request with one has no personal key.
OAUTH_PREFIX = "pha_"
_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 44  # 262 bits: a fast hash needs no salt


def personal_key_value() -> str:
    return PERSONAL_PREFIX + _random()


def project_token() -> str:
    return PROJECT_PREFIX + _random()


def invite_token() -> str:
    return INVITE_PREFIX + _random()


def hash_of(value: str) -> str:
    """`sha256$<hex>`, the form that is stored; the value itself never is."""
    return "sha256$" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def mask_of(value: str) -> str:
    """`phx_...abcd`: enough to tell one's keys apart."""
    return f"{value[:4]}...{value[-4:]}"


def _random() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
