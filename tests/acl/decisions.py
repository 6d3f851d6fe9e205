"""A case of the decision: who there is, which rules, what is asked, and everything that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from insights_acl.gates import Listing, navigation_level, object_gate, project_gate, route_gate, visible
from insights_acl.models import Level
from insights_acl.policy import Caller, Rule, Thing, decide, may_edit_rules


@dataclass(frozen=True)
class Asked:
    """One case, ready to be decided."""

    project_id: str
    rules: tuple[Rule, ...]
    caller: Caller
    thing: Thing
    listing: Listing

    @classmethod
    def of(cls, case: dict[str, Any]) -> Asked:
        setup, ask = case["setup"], case["ask"]
        members = {member["id"]: member for member in setup["members"]}
        who = members.get(case["who"], {})
        level = who.get("org_level")
        caller = Caller(
            case["who"],
            case["who"] if level else None,
            Level.of(level) if level else None,
            frozenset(who.get("roles", ())),
            frozenset(setup["features"]),
        )
        objects = {(o["resource"], o["id"]): o for o in setup["objects"]}
        found = objects.get((ask["resource"], ask["resource_id"]), {})
        thing = Thing(ask["resource"], ask["resource_id"], found.get("created_by"), found.get("parent_id"))
        rules = tuple(
            Rule(r["resource"], r["access_level"], r["resource_id"], r["member"], r["role"]) for r in setup["rules"]
        )
        listing = Listing(bool(ask.get("admin_include_all")), bool(ask.get("short_id")))
        return cls(setup["project_id"], rules, caller, thing, listing)

    def outcome(self) -> dict[str, Any]:
        """Everything that a case may expect, by its names."""
        level = decide(self.rules, self.caller, self.thing).level
        kind = self.thing.kind
        found: dict[str, Any] = {
            "level": level,
            "can": {step: kind.at_least(level, step) for step in kind.ladder[1:]},
            "list_visible": self._is_listed(),
        }
        if self.thing.id is None:
            return found | {"nav_level": navigation_level(self.rules, self.caller, self.thing.resource)}
        return found | {
            "can_edit_rules": may_edit_rules(self.rules, self.caller, self.thing, self.project_id),
            "rest": self._rest(),
        }

    def _opens(self, *, writes: bool, creates: bool = False) -> bool:
        resource = self.thing.resource
        return (
            project_gate(self.rules, self.caller, self.project_id).is_open
            and route_gate(self.rules, self.caller, resource, writes=writes, creates=creates).is_open
        )

    def _is_listed(self) -> bool:
        opens = self._opens(writes=False)
        if self.thing.id is None:
            return opens
        # A list of projects or organizations is of none of them.
        opens = opens or (self.thing.resource in ("project", "organization") and self.caller.level is not None)
        return opens and visible(self.rules, self.caller, self.thing.resource, [self.thing], self.listing)[0]

    def _rest(self) -> dict[str, int]:
        def status(writes: bool) -> int:
            gate = object_gate(self.rules, self.caller, self.thing, writes=writes)
            return 200 if self._opens(writes=writes) and gate.is_open else 403

        return {
            "GET_object": status(False),
            "PATCH_object": status(True),
            "POST_collection": 201 if self._opens(writes=True, creates=True) else 403,
            "GET_list": 200 if self._opens(writes=False) else 403,
        }
