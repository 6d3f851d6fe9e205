"""Keys of the policies store that identity needs: the only place where they are spelled.

`authorize` reads the personal key and the project in one batch, then the user, the membership and the organization
in another, so each of them has a key that is known from the one before.
"""

from __future__ import annotations

from insights_engine.store import Key


def organization(organization_id: str) -> Key:
    return f"ORG#{organization_id}", "ORG"


def organization_entry(organization_id: str) -> Key:
    """`{"id"}`: all organizations, for the command line; no request reads it."""
    return "ORGS", f"ORG#{organization_id}"


def member(organization_id: str, membership_id: str) -> Key:
    """The members of an organization; holds the same as `membership`, and is written with it."""
    return f"ORG#{organization_id}", f"MEMBER#{membership_id}"


def organization_project(organization_id: str, project_id: int) -> Key:
    """`{"id"}`: the projects of an organization, in the order of their ids."""
    return f"ORG#{organization_id}", f"PROJECT#{project_id:010d}"


def user(user_id: str) -> Key:
    return f"USER#{user_id}", "USER"


def email(address: str) -> Key:
    """`{"user_id"}`: an address belongs to one user, whatever its case."""
    return f"EMAIL#{address.lower()}", "EMAIL"


def membership(user_id: str, organization_id: str) -> Key:
    """What a user is in an organization."""
    return f"USER#{user_id}", f"MEMBERSHIP#{organization_id}"


def user_key(user_id: str, key_id: str) -> Key:
    """`{"id", "hash"}`: the personal keys of a user."""
    return f"USER#{user_id}", f"KEY#{key_id}"


def personal_key(key_hash: str) -> Key:
    """A personal key by the hash of its value, which is all that a request gives."""
    return f"KEY#{key_hash}", "KEY"
