"""A program, for test_another_kind.py: what there is of the kind that its copy of the layers has more, as JSON."""

from __future__ import annotations

import json
from typing import Any

from insights_acl import scopes
from insights_local.openapi.document import document
from insights_local.openapi.page import SECTIONS
from insights_local.reference import PAGES
from insights_local.stack import Stack
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.api.world import Api, World


def used(world: World) -> dict[str, Any]:
    """Made, read, closed by rules of both sorts; statuses in the order of the requests."""
    project, author, other = world.new_project(), world.new_user(), world.new_user()
    api, reader = world.api(project, author), world.api(project, other, "bookmark:read", "access_control:read")
    owner = world.api(project, world.new_user("owner"))
    made = api("POST", "bookmarks/", json={"address": " https://example.com ", "note": None})
    place = f"bookmarks/{made.json()['id']}"

    def reads(who: Api) -> list[int]:
        return [who(method, at).status_code for at in ("bookmarks", place) for method in ("GET", "HEAD")]

    def closes(at: str, body: dict[str, Any]) -> int:
        return owner("PUT", at, json={"access_level": "none", **body}).status_code

    return {
        "made": made.json(),
        "open": reads(reader),
        "wrong": api("POST", "bookmarks", json={"address": ""}).json()["attr"],
        "without the scope": [reader("PATCH", place, json={"note": "mine"}).status_code],
        "closed by a rule on it": [closes(f"{place}/access_controls", {}), reader("GET", place).status_code],
        "listed": reader("GET", "bookmarks").json()["count"],
        "closed by a rule on the kind": [closes("resource_access_controls", {"resource": "bookmark"}), *reads(reader)],
        "its author's": reads(api),
        "activity": [entry["activity"] for entry in owner("GET", f"{place}/activity").json()["results"]],
        "no such route": api("GET", "bookmarkz").status_code,
    }


def main() -> None:
    with Stack() as stack:
        found = used(World.of(stack))
    Draft202012Validator({"$ref": "#/components/schemas/Bookmark", **document()}).validate(found["made"])
    print(
        json.dumps(
            {
                "used": found,
                "schemas": {name: document()["components"]["schemas"][name] for name in ("BookmarkFields", "Bookmark")},
                "paths": {path: list(row) for path, row in document()["paths"].items() if "/bookmarks" in path},
                "parameters": document()["paths"]["/api/projects/{project_id}/bookmarks/{bookmark_id}"]["get"][
                    "parameters"
                ],
                "tags": {tag["name"]: tag["description"] for tag in document()["tags"]},
                "scopes": scopes.OBJECTS,
                "operations": SECTIONS["operations"](),
                "pages": {name: PAGES[name]() for name in ("access.md", "identity.md")},
            }
        )
    )


if __name__ == "__main__":
    main()
