"""`AccessControlMixin`: gives a resource its rules, its gates and everybody's level in every answer.

    class Notebooks(AccessControlMixin, Resource):
        kind = "notebook"

The class beside it finds objects (`find`) and answers requests; the mixin decides. A change of a rule holds from the
next request on, everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from fastapi import Request
from fastapi.responses import Response
from insights_engine.errors import NotFound, PermissionDenied, ValidationError
from insights_engine.http import JsonResponse, json_object
from insights_engine.store import Item, Write

from insights_acl import accounts, activity_pages, rule_answers, rule_bodies, rule_store
from insights_acl import activity as log
from insights_acl.access import Access
from insights_acl.gates import Listing, object_gate, project_gate, route_gate, visible
from insights_acl.levels import PROJECT
from insights_acl.models import Membership, User
from insights_acl.policy import Caller, Rule, Thing, decide, may_edit_rules, needs_rules
from insights_acl.refusals import explained, refused
from insights_acl.rule_store import Change

_ON_KINDS = "Resource-level access controls can only be configured for projects."
_RULE = "AccessControl"


class AccessControlMixin:
    """`kind` is the name in rules. Every method that finds an object checks the caller's level on it first."""

    kind: ClassVar[str]
    # What it adds to each object's path: method of this class, HTTP methods, end of the path.
    rule_routes: ClassVar[tuple[tuple[str, str, str], ...]] = (
        ("access_controls", "GET", "/access_controls"),
        ("set_access_control", "PUT", "/access_controls"),
        ("explain", "GET", "/access_controls/explain"),
        ("users_with_access", "GET", "/users_with_access"),
        ("resource_access_controls", "GET PUT", "/resource_access_controls"),
        ("activity", "GET", "/activity"),
    )
    request: Request
    access: Access

    if TYPE_CHECKING:

        def find(self, *, deleted: bool = False) -> Item:
            """The object of the path, whatever the caller's level: of the class beside. Raises NotFound."""

    def thing(self, item: Item) -> Thing:
        """What rules see of an object."""
        return Thing(self.kind, str(item["id"]), (item.get("created_by") or {}).get("uuid"))

    def rules_on(self, thing: Thing) -> tuple[Rule, ...]:
        return self.access.rules.on_object(thing.resource, thing.id or "")

    def level_of(self, item: Item) -> str | None:
        """`user_access_level`."""
        thing = self.thing(item)
        return decide(self._deciding(thing), self.access.caller, thing).level

    def check(self, item: Item, *, writes: bool) -> None:
        """The gate of an object. Raises PermissionDenied, with the rule behind it."""
        if self.access.share is not None:
            if writes or not self.access.share.shows(self.kind, item["id"]):
                raise PermissionDenied
            return
        thing = self.thing(item)
        gate = object_gate(self._deciding(thing), self.access.caller, thing, writes=writes)
        if not gate.is_open:
            raise refused(gate)

    def listed(self, items: Sequence[Item]) -> list[Item]:
        """Those that a list shows the caller. Reads the rules of the whole kind once."""
        if self.access.share is not None:
            return [item for item in items if self.access.share.shows(self.kind, item["id"])]
        rules = self.access.rules.on_kind(self.kind)
        listing = Listing(
            admin_include_all=self.request.query_params.get("admin_include_all", "").lower() in ("1", "true"),
            by_short_id="short_id" in self.request.query_params,
        )
        shows = visible(rules, self.access.caller, self.kind, [self.thing(item) for item in items], listing)
        return [item for item, is_shown in zip(items, shows, strict=True) if is_shown]

    async def access_controls(self) -> Response:
        """Every rule on the object, and the level of the caller."""
        thing = self._opened(writes=False)
        rules = self.rules_on(thing)
        own = self.access.rules.own_of(thing.resource, thing.id or "")
        return JsonResponse(rule_answers.rules_of_object(rules, own, self.access.caller, thing, self._project))

    async def set_access_control(self) -> Response:
        """Makes, changes or (`access_level: null`, a 204) removes the rule of one subject."""
        thing = self._opened(writes=True)
        body = await json_object(self.request)
        store, organization = self.access.services.policies, self.access.organization
        if organization is None or thing.id is None:
            raise NotFound
        wanted = rule_bodies.on_object(body, store, organization, thing.resource, thing.id)
        if not may_edit_rules(self.rules_on(thing), self.access.caller, thing, self._project):
            raise PermissionDenied(f"Must be {thing.kind.maximum} to modify {thing.resource} permissions.")
        return self.write(wanted)

    async def explain(self) -> Response:
        """Why somebody (`user`: a uuid, an address, a membership; by default oneself) may do what with the object."""
        thing = self._opened(writes=False)
        # All of the kind, because a rule on another object may open a route. They hold the object's own as well.
        rules = self.rules_on(thing) if thing.resource == PROJECT else self.access.rules.on_kind(self.kind)
        membership, user = self._person()
        if user.uuid != self.access.user.uuid and not may_edit_rules(rules, self.access.caller, thing, self._project):
            raise PermissionDenied(
                f"Must be {thing.kind.maximum} to see what others may do with this {thing.resource}."
            )
        return JsonResponse(self._explained(rules, membership, user, thing))

    async def users_with_access(self) -> Response:
        """Every active member who can open the object, with the level and a label of where it comes from."""
        thing = self._opened(writes=False)
        organization = self.access.organization
        if organization is None:
            raise NotFound
        people = accounts.list_members(self.access.services.policies, organization)
        rules = self.rules_on(thing)
        return JsonResponse(rule_answers.users_with_access(rules, people, organization, thing, self._project))

    async def resource_access_controls(self) -> Response:
        """Rules on whole kinds belong to the project."""
        raise ValidationError(_ON_KINDS)

    async def activity(self) -> Response:
        """What was changed about the object and its rules, the newest first."""
        thing = self._opened(writes=False)
        return JsonResponse(activity_pages.page(self.request, self.access, scope=thing.resource, item_id=thing.id))

    def _deciding(self, thing: Thing) -> tuple[Rule, ...]:
        """Those of one object are a read, which creators and administrators are spared: none of them would count."""
        return self.rules_on(thing) if needs_rules(self.access.caller, thing) else ()

    def _opened(self, *, writes: bool) -> Thing:
        item = self.find()
        self.check(item, writes=writes)
        return self.thing(item)

    @property
    def _project(self) -> str:
        return str(self.access.project.id)

    def write(self, wanted: rule_bodies.Wanted) -> Response:
        store, project_id, now = self.access.services.policies, self.access.project.id, self.access.now
        write = rule_store.remove_rule if wanted.removes else rule_store.set_rule
        change = write(store, project_id, wanted.rule, now, self._rule_entry)
        if change.after is None:
            return Response(status_code=204)
        return JsonResponse(rule_answers.rule_shown(change.after))

    def _rule_entry(self, change: Change) -> Write:
        """The entry of the log that is written together with a rule."""
        rule = change.after or change.before
        assert rule is not None
        level = log.change(
            "access_level", change.before and change.before.level, change.after and change.after.level, _RULE
        )
        subject = {"organization_member": rule.member, "role": rule.role}
        noted = log.Entry(rule.resource, rule.resource_id, f"access_control_{level['action']}", [level | subject])
        return log.entry(self.access.project.id, self.access.user, self.access.now, noted)

    def _person(self) -> tuple[Membership | None, User]:
        """The member that `user` names. Raises ValidationError."""
        named = self.request.query_params.get("user", "")
        if not named or named == "@me":
            return self.access.membership, self.access.user
        organization = self.access.organization
        people = accounts.list_members(self.access.services.policies, organization) if organization else []
        for membership, user in people:
            if named in (user.uuid, membership.id) or named.lower() == user.email.lower():
                return membership, user
        raise ValidationError("No member of the organization is that.", attr="user", code="does_not_exist")

    def _explained(
        self, rules: Sequence[Rule], membership: Membership | None, user: User, thing: Thing
    ) -> dict[str, Any]:
        caller = Caller.of(user.uuid, membership, self.access.organization)
        gates = {
            "project": project_gate(rules, caller, self._project),
            "read_route": route_gate(rules, caller, thing.resource, writes=False),
            "write_route": route_gate(rules, caller, thing.resource, writes=True),
            "read_object": object_gate(rules, caller, thing, writes=False),
            "write_object": object_gate(rules, caller, thing, writes=True),
        }
        if thing.resource == PROJECT:
            del gates["read_route"], gates["write_route"]
        opens = {name: gate.is_open for name, gate in gates.items()}
        decision = decide(rules, caller, thing)
        return {
            "user_id": user.uuid,
            "organization_membership_id": membership.id if membership else None,
            "user_access_level": decision.level,
            "can_read": all(is_open for name, is_open in opens.items() if not name.startswith("write")),
            "can_write": all(is_open for name, is_open in opens.items() if not name.startswith("read")),
            "can_edit_access_levels": may_edit_rules(rules, caller, thing, self._project),
            "gates": {name: {"is_open": gate.is_open, **explained(gate)} for name, gate in gates.items()},
            "rules": [rule_answers.rule_shown(rule) for rule in decision.rules],
        }
