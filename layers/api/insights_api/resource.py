"""`Resource`: a kind of object of a project, with its routes. One class a kind; a field is a row of its table.

The module has the name of the route, and its first sentence says what such objects are: the API's document repeats it.

    class Notebooks(AccessControlMixin, Resource):
        kind, ids = "notebook", "uuid"
        fields = (Field("title", None, text_or_null), Field("content", None, plain))

    router = Notebooks.router()

An instance answers one request. Objects are deleted softly, by `PATCH {"deleted": true}`. What a key needs for each
route stands in the table of permissions; what a caller may do with an object is the mixin's.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Literal, NamedTuple
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import activity
from insights_acl import fields as check
from insights_acl.access import Access, authorize
from insights_acl.levels import kind_of
from insights_acl.models import moment
from insights_engine import keys
from insights_engine.errors import ApiError, Conflict, NotFound
from insights_engine.http import JsonResponse
from insights_engine.store import ConflictError, Item, Key, Put, Store, Write

from insights_api import objects
from insights_api.pagination import page

_SHORT_ID_CHARACTERS = string.ascii_letters + string.digits
_ATTEMPTS = 5


class Field(NamedTuple):
    """A field that a body may set; others are ignored. `check` raises ValidationError or gives what is stored.

    `is_material`: a change of it changes `last_modified_at` too. `help` is for the API's document.
    """

    name: str
    default: Any
    check: Callable[[Any, str], Any]
    is_material: bool = True
    help: str = ""


class Resource:
    """`kind` is the object of scopes and rules. `route`: its name in paths, where levels.py has no row of the kind.

    Hooks for a kind: `checked`, `shown`, `matches`, `in_order`, `further_writes`.
    """

    kind: ClassVar[str]
    route: ClassVar[str] = ""
    ids: ClassVar[Literal["number", "uuid"]] = "number"
    has_short_ids: ClassVar[bool] = True
    fields: ClassVar[tuple[Field, ...]]
    # Method of the class, HTTP methods, end of the path; `{id}` is the object's.
    routes: ClassVar[tuple[tuple[str, str, str], ...]] = (
        ("list_all", "GET", ""),
        ("create", "POST", ""),
        ("retrieve", "GET", "/{id}"),
        ("update", "PUT PATCH", "/{id}"),
        ("destroy", "DELETE", "/{id}"),
    )
    rule_routes: ClassVar[tuple[tuple[str, str, str], ...]] = ()

    def __init__(self, request: Request, access: Access) -> None:
        self.request, self.access = request, access
        self.beside: list[Item | None] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.request.method} {self.request.url.path!r})"

    @classmethod
    def router(cls) -> APIRouter:
        router, base = APIRouter(), f"/api/projects/{{project_id}}/{cls.route or kind_of(cls.kind).route}"
        for name, methods, end in (*cls.routes, *((n, m, "/{id}" + e) for n, m, e in cls.rule_routes)):
            path = base + end.replace("{id}", f"{{{cls.kind}_id}}")
            router.add_api_route(path, cls._endpoint(name), methods=methods.split())
        return router

    @classmethod
    def _endpoint(cls, name: str) -> Callable[..., Any]:
        """A function of its own, named after the class's module and method, as other endpoints are."""
        method = getattr(cls, name)

        async def endpoint(request: Request) -> Response:
            view = cls(request, await authorize(request))
            answer: Response = await getattr(view, name)()
            return answer

        endpoint.__module__, endpoint.__name__, endpoint.__doc__ = cls.__module__, name, method.__doc__
        return endpoint

    @property
    def store(self) -> Store:
        return self.access.services.policies

    @property
    def project_id(self) -> int:
        return self.access.project.id

    # What the mixin decides by rules; without it every member of the project may do everything.

    def check(self, item: Item, *, writes: bool) -> None:
        """Raises PermissionDenied."""

    def level_of(self, item: Item) -> str | None:
        return "editor"

    def listed(self, items: Sequence[Item]) -> list[Item]:
        return list(items)

    # The routes.

    async def list_all(self) -> Response:
        """Those that are not deleted and that the caller may see."""
        found = self.in_order(item for item in self.listed(self.stored()) if self.matches(item))
        return JsonResponse(page(self.request, found, self.brief))

    async def create(self) -> Response:
        """The object as it was stored, 201."""
        item = self.made(await objects.body_of(self.request))
        return JsonResponse(self.shown(item), status_code=201)

    async def retrieve(self) -> Response:
        item = self.find()
        self.check(item, writes=False)
        return JsonResponse(self.shown(item))

    async def update(self) -> Response:
        """Only what the body names changes. `deleted: false` brings a deleted one back."""
        body = await objects.body_of(self.request)
        item = self.find(deleted=body.get("deleted") is False)
        self.check(item, writes=True)
        return JsonResponse(self.shown(self.changed(item, body)))

    async def destroy(self) -> Response:
        """Objects are deleted by `PATCH {"deleted": true}`: 405, without a body."""
        return Response(status_code=405)

    # What they are made of.

    def find(self, *, deleted: bool = False) -> Item:
        """The object of the path, whatever the caller's level: by its id, else by its short id. Raises NotFound."""
        named = self.request.path_params[f"{self.kind}_id"]
        possible = _possible_id(self.ids, named)
        by_id, short, *self.beside = self.store.get_many(
            [
                keys.resource(self.project_id, self.kind, possible),
                keys.short_id(self.project_id, self.kind, named),
                *self.keys_beside(possible),
            ]
        )
        if by_id is None and short is not None:
            by_id = self.store.get(*keys.resource(self.project_id, self.kind, str(short["id"])))
        if by_id is None or (by_id["deleted"] and not deleted):
            raise NotFound
        return by_id

    def keys_beside(self, object_id: str) -> list[Key]:
        """What is read in the same round trip as the object, by its id, into `beside`."""
        return []

    def stored(self) -> Sequence[Item]:
        """All of the project that are not deleted, the newest first where ids are numbers."""
        pk, _ = keys.resource(self.project_id, self.kind, "")
        return [item for item in self.store.query(pk, descending=True) if not item["deleted"]]

    def made(self, body: Mapping[str, Any]) -> Item:
        """A new object, stored."""
        at, author = moment(self.access.now), self.access.user.as_author()
        values = self.checked(body, None)
        item: Item = {
            "id": objects.next_id(self.store, self.kind) if self.ids == "number" else str(uuid4()),
            **{field.name: field.default for field in self.fields},
            "created_at": at,
            "created_by": author,
            "last_modified_at": at,
            "last_modified_by": author,
            "deleted": False,
            "version": 1,
            **values,
        }
        item["pk"], item["sk"] = keys.resource(self.project_id, self.kind, str(item["id"]))
        check.plain(_said(item), "detail")
        for _ in range(_ATTEMPTS):
            short = self._short(item)
            try:
                writes = [Put(item, "absent"), *short, *self.further_writes(None, item), self._object_entry({}, item)]
                with self.writing():
                    self.store.transact(writes)
            except ConflictError as error:
                if not short or error.index != 1:
                    raise self.taken(item) from error
                continue
            return item
        raise Conflict

    def changed(self, item: Item, body: Mapping[str, Any]) -> Item:
        """The object with what the body changes, stored. Raises Conflict when somebody else changed it meanwhile."""
        values = self.checked(body, item)
        if "deleted" in body:
            values["deleted"] = check.boolean(body["deleted"], "deleted")
        material = {field.name for field in self.fields if field.is_material} | {"deleted"}
        if any(name in material and values[name] != item.get(name) for name in values):
            values["last_modified_at"] = moment(self.access.now)
            values["last_modified_by"] = self.access.user.as_author()
        wanted = {**item, **values}
        further = [*self.further_writes(item, wanted), self._object_entry(item, wanted)]
        try:
            with self.writing():
                return objects.change(self.store, item, {**wanted}, *further)
        except ConflictError as error:
            raise self.taken(wanted) from error

    def checked(self, body: Mapping[str, Any], item: Item | None) -> dict[str, Any]:
        """The values of a body, as they are stored. `item` is the object as it is, null for a new one."""
        return {field.name: field.check(body[field.name], field.name) for field in self.fields if field.name in body}

    def further_writes(self, before: Item | None, after: Item) -> list[Write]:
        """What is written with the object or not at all."""
        return []

    def writing(self) -> AbstractContextManager[None]:
        """What an object is stored in, new or changed."""
        return nullcontext()

    def taken(self, wanted: Item) -> ApiError:
        """The error for one of `further_writes` whose condition failed."""
        return Conflict()

    def logged_with(self, item: Item) -> tuple[str, str]:
        """The kind and id of the object in whose log changes stand: who may read that object reads them."""
        return self.kind, str(item["id"])

    def logged_name(self, item: Item) -> str | None:
        """What the log calls it."""
        return item.get("name") or item.get("title")

    def matches(self, item: Item) -> bool:
        """Whether a list with the request's filters has it."""
        return True

    def in_order(self, items: Iterable[Item]) -> Sequence[Item]:
        return [*items]

    def shown(self, item: Item) -> dict[str, Any]:
        said = {**_said(item), "user_access_level": self.level_of(item)}
        return said if self.access.share is None else self.access.share.stripped(said)

    def brief(self, item: Item) -> dict[str, Any]:
        """In lists."""
        return self.shown(item)

    def _object_entry(self, before: Item, after: Item) -> Write:
        """The entry of the activity log: created, deleted, restored or updated, and the fields that changed."""
        changes = [
            activity.change(name, activity.brief(before.get(name)), activity.brief(after.get(name)), self.kind)
            for name in (*(field.name for field in self.fields), "deleted")
            if before and before.get(name) != after.get(name)
        ]
        verbs = {(False, True): "deleted", (True, False): "restored"}
        verb = verbs.get((before["deleted"], after["deleted"]), "updated") if before else "created"
        scope, item_id = self.logged_with(after)
        said = verb if scope == self.kind else f"{self.kind}_{verb}"
        entry = activity.Entry(scope, item_id, said, changes, self.logged_name(after))
        return activity.entry(self.project_id, self.access.user, self.access.now, entry)

    def _short(self, item: Item) -> Sequence[Write]:
        if not self.has_short_ids:
            return []
        item["short_id"] = "".join(secrets.choice(_SHORT_ID_CHARACTERS) for _ in range(8))
        pk, sk = keys.short_id(self.project_id, self.kind, item["short_id"])
        return [Put({"pk": pk, "sk": sk, "id": item["id"]}, "absent")]


def _said(item: Item) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("pk", "sk", "version")}


def _possible_id(ids: str, named: str) -> str:
    """The path's text as an id; what cannot be one names nothing."""
    if ids == "number":
        return named if named.isascii() and named.isdigit() and len(named) <= 10 else "none"
    try:
        return str(UUID(named))
    except ValueError:
        return "none"
