"""Invites: a token works once, for three days, for one address, and for no more than who made it may give."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from insights_acl import accounts, invites, keys, tokens
from insights_acl.invites import Wanted
from insights_acl.joining import Joined, accept
from insights_acl.lookup import Target, look_up
from insights_acl.models import Invite, Level, Membership, Organization, User
from insights_engine.errors import ApiError, Conflict, NotAuthenticated, NotFound, PermissionDenied, ValidationError
from insights_engine.store import Store

from tests.acl.meanwhile import Meanwhile

# The stores hold `expires_at` against the real time.
NOW = datetime.now(UTC).replace(microsecond=0)


class Scene(NamedTuple):
    store: Store
    organization: Organization
    admin: User
    membership: Membership

    def invite(self, email: str = "bob@example.com", level: Level = Level.MEMBER, **fields: Any) -> tuple[Invite, str]:
        wanted = [Wanted(email, level=level, **fields)]
        return invites.create_invites(self.store, self.organization, wanted, self.admin, now=NOW)[0]

    def accept(self, token: str, caller: User | None = None, first_name: str | None = None) -> Joined:
        return accept(self.store, token, caller, first_name, "laptop", now=NOW)


@pytest.fixture
def scene(store: Store) -> Scene:
    organization = accounts.create_organization(store, "One", now=NOW)
    accounts.create_user(store, "owner@example.com", "owner", organization, now=NOW)
    return Scene(store, organization, *accounts.create_user(store, "ann@example.com", "admin", organization, now=NOW))


def test_a_new_address_gets_an_account_a_membership_and_a_key(scene: Scene) -> None:
    invite, token = scene.invite("Bob@Example.com", Level.ADMIN, first_name="Bob")
    joined = scene.accept(token)
    assert (joined.user.email, joined.user.first_name) == ("Bob@Example.com", "Bob")
    assert accounts.find_user_by_email(scene.store, "bob@example.com") == joined.user
    assert accounts.find_membership(scene.store, scene.organization.id, joined.user.uuid) == joined.membership
    assert joined.membership.level is Level.ADMIN
    assert joined.key_value is not None
    found = look_up(scene.store, joined.key_value, Target(organization=scene.organization.id))
    assert found is not None
    assert (found.user, found.membership, found.key.scopes) == (joined.user, joined.membership, ("*",))
    assert invites.find_invite(scene.store, scene.organization.id, invite.id) is None


def test_the_one_who_accepts_may_say_another_name(scene: Scene) -> None:
    _, token = scene.invite(first_name="Robert")
    assert scene.accept(token, first_name="Bob").user.first_name == "Bob"


def test_only_the_hash_of_a_token_is_stored(scene: Scene) -> None:
    invite, token = scene.invite()
    assert token.startswith("inv_")
    stored = scene.store.query(keys.organization(scene.organization.id)[0])
    stored += scene.store.query(keys.invite_token(tokens.hash_of(token))[0])
    assert tokens.hash_of(token) in str(stored)
    assert token not in str(stored) + str(invite)


def test_an_account_joins_with_its_own_key_only(scene: Scene) -> None:
    other = accounts.create_organization(scene.store, "Other", now=NOW)
    bob, _ = accounts.create_user(scene.store, "bob@example.com", "owner", other, now=NOW)
    eve, _ = accounts.create_user(scene.store, "eve@example.com", "owner", other, now=NOW)
    _, token = scene.invite("BOB@example.com")
    for caller, error in ((None, NotAuthenticated), (eve, PermissionDenied)):
        with pytest.raises(error):
            scene.accept(token, caller)
    joined = scene.accept(token, bob)
    assert (joined.user, joined.key_value) == (bob, None)
    assert len(accounts.memberships_of(scene.store, bob)) == 2
    assert accounts.personal_keys_of(scene.store, bob) == []


def test_a_key_of_somebody_else_makes_no_account(scene: Scene) -> None:
    _, token = scene.invite()
    with pytest.raises(PermissionDenied, match="another account"):
        scene.accept(token, scene.admin)
    assert accounts.find_user_by_email(scene.store, "bob@example.com") is None


def used(scene: Scene, token: str, invite: Invite) -> None:
    scene.accept(token)


def revoked(scene: Scene, token: str, invite: Invite) -> None:
    invites.revoke_invite(scene.store, invite)


def replaced(scene: Scene, token: str, invite: Invite) -> None:
    scene.invite("BOB@example.com")


def demoted(scene: Scene, token: str, invite: Invite) -> None:
    accounts.set_level(scene.store, scene.membership, Level.MEMBER, now=NOW)


def gone(scene: Scene, token: str, invite: Invite) -> None:
    accounts.remove_member(scene.store, scene.membership)


@pytest.mark.parametrize(
    ("happens", "error", "words"),
    [
        (used, ValidationError, "has been used"),
        (revoked, NotFound, "taken back"),
        (replaced, NotFound, "taken back"),
        (demoted, ValidationError, "may not invite any more"),
        (gone, ValidationError, "may not invite any more"),
    ],
)
def test_a_token_that_works_no_more_says_what_to_do(
    scene: Scene, happens: Any, error: type[ApiError], words: str
) -> None:
    invite, token = scene.invite()
    happens(scene, token, invite)
    with pytest.raises(error, match=f"{words}.*Ask an admin"):
        scene.accept(token)


@pytest.mark.parametrize("happens", [revoked, replaced, demoted, gone])
def test_what_ends_an_invite_ends_it_while_it_is_accepted_too(scene: Scene, happens: Any) -> None:
    invite, token = scene.invite()
    store: Any = Meanwhile(scene.store, lambda: happens(scene, token, invite))
    with pytest.raises(ApiError, match="Ask an admin"):
        accept(store, token, None, None, "laptop", now=NOW)
    assert accounts.find_user_by_email(scene.store, "bob@example.com") is None


def test_a_token_that_was_replaced_stays_so_whatever_is_left_of_it(scene: Scene) -> None:
    """Such as what came back with an older copy of the store."""
    invite, token = scene.invite()
    entry = scene.store.get(*keys.invite_token(invite.hash))
    assert entry is not None
    scene.invite()
    scene.store.put(entry)
    with pytest.raises(NotFound, match="taken back"):
        scene.accept(token)


def test_open_invites_are_so_many_at_most(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invites, "MAX_OPEN", 2)
    past = NOW - timedelta(days=3)
    invites.create_invites(scene.store, scene.organization, [Wanted("ended@example.com")], scene.admin, now=past)
    scene.invite("one@example.com")
    scene.invite("two@example.com")  # one that has ended takes nobody's place
    with pytest.raises(ValidationError, match="can have 2 open invites"):
        scene.invite("three@example.com")
    assert [one.target_email for one in invites.list_invites(scene.store, scene.organization.id)].count(
        "three@example.com"
    ) == 0


def test_an_invite_above_the_level_of_its_maker_works_no_more(scene: Scene) -> None:
    accounts.set_level(scene.store, scene.membership, Level.OWNER, now=NOW)
    raised = accounts.find_membership(scene.store, scene.organization.id, scene.admin.uuid)
    _, token = scene.invite(level=Level.OWNER)
    assert raised is not None
    accounts.set_level(scene.store, raised, Level.ADMIN, now=NOW)
    with pytest.raises(ValidationError, match="may not invite any more"):
        scene.accept(token)


@pytest.mark.parametrize("token", ["inv_unknown", "", "x" * 5000, "phx_x"])
def test_an_unknown_token(scene: Scene, token: str) -> None:
    with pytest.raises(NotFound, match="no such invite"):
        scene.accept(token)


def test_a_token_ends_after_three_days(scene: Scene) -> None:
    invite, token = scene.invite()
    almost = NOW + timedelta(days=3) - timedelta(seconds=1)
    assert invites.open_invite(scene.store, token, now=almost).invite == invite
    with pytest.raises(ValidationError, match="ended after 3 days"):
        invites.open_invite(scene.store, token, now=NOW + timedelta(days=3))
    assert accounts.find_user_by_email(scene.store, "bob@example.com") is None


def accepted_at_once(scene: Scene, *tokens: str) -> list[Any]:
    def outcome(token: str) -> Any:
        try:
            return scene.accept(token)
        except ApiError as error:
            return error

    with ThreadPoolExecutor(len(tokens)) as threads:
        return list(threads.map(outcome, tokens))


def test_accepted_twice_at_once_makes_one_user(scene: Scene) -> None:
    _, token = scene.invite()
    outcomes = accepted_at_once(scene, *[token] * 4)
    assert len([one for one in outcomes if isinstance(one, Joined)]) == 1
    assert len(accounts.list_members(scene.store, scene.organization)) == 3


def test_two_invites_of_one_address_accepted_at_once_make_one_user(scene: Scene) -> None:
    _, first = scene.invite()
    other = accounts.create_organization(scene.store, "Other", now=NOW)
    owner, membership = accounts.create_user(scene.store, "zoe@example.com", "owner", other, now=NOW)
    _, second = Scene(scene.store, other, owner, membership).invite()
    outcomes = accepted_at_once(scene, first, second)
    joined = [one for one in outcomes if isinstance(one, Joined)]
    assert len(joined) == 1
    assert [type(one) for one in outcomes if one not in joined] == [NotAuthenticated]
    assert len(accounts.memberships_of(scene.store, joined[0].user)) == 1


def test_invites_of_one_address_at_once_leave_one(scene: Scene) -> None:
    def token_of(_: int) -> str | None:
        try:
            return scene.invite("bob@example.com")[1]
        except Conflict:
            return None

    with ThreadPoolExecutor(4) as threads:
        made = [token for token in threads.map(token_of, range(4)) if token]
    assert made
    assert len(invites.list_invites(scene.store, scene.organization.id)) == 1
    working = []
    for token in made:
        try:
            invites.open_invite(scene.store, token, now=NOW)
        except NotFound:
            continue
        working.append(token)
    assert len(working) == 1


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({}, "target_email", "required"),
        ({"target_email": "nobody"}, "target_email", "invalid_input"),
        ({"target_email": None}, "target_email", "null"),
        ({"target_email": "a@b.c", "level": 2}, "level", "invalid_choice"),
        ({"target_email": "a@b.c", "level": "8"}, "level", "invalid_choice"),
        ({"target_email": "a@b.c", "level": True}, "level", "invalid_choice"),
        ({"target_email": "a@b.c", "level": [1]}, "level", "invalid_choice"),
        ({"target_email": "a@b.c", "first_name": 1}, "first_name", "invalid_input"),
        ({"target_email": "a@b.c", "message": "x" * 1001}, "message", "max_length"),
    ],
)
def test_what_is_wrong_in_an_invite_is_named(body: dict[str, Any], attr: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Wanted.of(body, "3__")
    assert (refused.value.attr, refused.value.code) == (f"3__{attr}", code)


def test_a_member_cannot_be_invited_nor_an_address_twice(scene: Scene) -> None:
    with pytest.raises(ValidationError) as refused:
        invites.check_addresses(scene.store, scene.organization.id, [Wanted("ANN@example.com")])
    assert refused.value.attr == "target_email"
    with pytest.raises(ValidationError) as refused:
        invites.check_addresses(scene.store, scene.organization.id, [Wanted("a@b.c"), Wanted("A@b.c")], "{}__")
    assert refused.value.attr == "1__target_email"


def test_invites_are_listed_newest_first_until_they_are_accepted(scene: Scene) -> None:
    first, token = scene.invite()
    later = NOW + timedelta(minutes=1)
    ((second, _),) = invites.create_invites(
        scene.store, scene.organization, [Wanted("eve@example.com")], scene.admin, now=later
    )
    assert invites.list_invites(scene.store, scene.organization.id) == [second, first]
    scene.accept(token)
    assert invites.list_invites(scene.store, scene.organization.id) == [second]


def test_a_deactivated_owner_of_an_address_does_not_get_a_second_account(scene: Scene) -> None:
    bob, _ = accounts.create_user(scene.store, "bob@example.com", "member", scene.organization, now=NOW)
    accounts.update_user(scene.store, replace(bob, is_active=False))
    other = accounts.create_organization(scene.store, "Other", now=NOW)
    owner, membership = accounts.create_user(scene.store, "zoe@example.com", "owner", other, now=NOW)
    elsewhere = Scene(scene.store, other, owner, membership)
    _, token = elsewhere.invite()
    with pytest.raises(NotAuthenticated):
        elsewhere.accept(token)
