"""Keys of the policies store that identity needs: the only place where they are spelled.

`authorize` reads the personal key and the project in one batch, then the user, the membership and the organization
in another, so each of them has a key that is known from the one before.
"""

from __future__ import annotations

import hashlib

from insights_engine.store import Key


def organization(organization_id: str) -> Key:
    return f"ORG#{organization_id}", "ORG"


def organization_entry(organization_id: str) -> Key:
    """`{"id"}`: all organizations, for the command line; no request reads it."""
    return "ORGS", f"ORG#{organization_id}"


def member(organization_id: str, membership_id: str) -> Key:
    """The members of an organization; holds the same as `membership`, and is written with it."""
    return f"ORG#{organization_id}", f"MEMBER#{membership_id}"


def role(organization_id: str, role_id: str) -> Key:
    return f"ORG#{organization_id}", f"ROLE#{role_id}"


def role_name(organization_id: str, name: str) -> Key:
    """`{"role_id"}`: a name belongs to one role of an organization, whatever its case. Hashed, as action names are."""
    return f"ORG#{organization_id}", f"ROLE_NAME#{hashlib.sha256(name.casefold().encode()).hexdigest()}"


def role_member(organization_id: str, role_id: str, role_membership_id: str) -> Key:
    """One member in one role; the ids of a member's roles are in both copies of the membership as well."""
    return f"ORG#{organization_id}", f"ROLE_MEMBER#{role_id}#{role_membership_id}"


def invite(organization_id: str, invite_id: str) -> Key:
    """An invite that nobody has accepted."""
    return f"ORG#{organization_id}", f"INVITE#{invite_id}"


def invite_token(token_hash: str) -> Key:
    """`{"organization_id", "invite_id", "is_used"}` by the hash of a token, which is all that a request gives."""
    return f"INVITE#{token_hash}", "INVITE"


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


def membership_entry(membership_id: str) -> Key:
    """`{"organization_id", "user_id"}`: whose a membership is, for rules that name one."""
    return f"MEMBERSHIP#{membership_id}", "MEMBERSHIP"


def role_entry(role_id: str) -> Key:
    """`{"organization_id"}`: whose a role is."""
    return f"ROLE#{role_id}", "ROLE"


def policy(project_id: int) -> Key:
    """`{"rules", "version"}`: the access rules on a project and on whole kinds of its objects."""
    return f"PROJECT#{project_id}", "ACCESS"


def object_rule(project_id: int, resource: str, object_id: str, subject: str) -> Key:
    """One access rule on one object; `subject` is `M#<membership>`, `R#<role>` or `*`."""
    return f"PROJECT#{project_id}#ACL#{resource}", f"{object_id}#{subject}"


def activity(project_id: int, at: str, entry_id: str) -> Key:
    """An entry of a project's activity log, in the order of time."""
    return f"PROJECT#{project_id}#ACTIVITY", f"{at}#{entry_id}"


def sharing(project_id: int, kind: str, object_id: int) -> Key:
    """How an object is shared: its token, settings and passwords."""
    return f"PROJECT#{project_id}#SHARING", f"{kind}#{object_id:010d}"


def share(token_hash: str) -> Key:
    """`{"project_id", "kind", "object_id"}` by the hash of a token, which is all that a request gives."""
    return f"SHARE#{token_hash}", "SHARE"


def share_attempts(token_hash: str, minute: int) -> Key:
    """`{"wrong"}`: wrong passwords for a share in one minute."""
    return f"SHARE#{token_hash}", f"ATTEMPTS#{minute}"
