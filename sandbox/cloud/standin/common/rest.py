"""What the stand-in's services share: who calls, errors, lists with filters, quotas, version documents."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from flask import Blueprint, current_app, request

from sandbox.cloud import settings
from sandbox.cloud.standin.common.store import Body, Store

Answer = Body | tuple[Body | str, int]
"""What a view gives to Flask: the JSON of its answer, and the status where it is not 200."""

_REQUESTS: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "requests.yaml").read_text())
_PAGING = {"limit", "marker", "sort_key", "sort_dir", "sort", "page_reverse", "fields"}
_EVERY_PROJECT = {"all_tenants", "all_projects"}


class ApiError(Exception):
    """An answer that is not a success: HTTP status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whom Keystone's token stands for."""

    user_id: str
    project_id: str
    roles: frozenset[str]

    @property
    def admin(self) -> bool:
        """Whether the cloud's own rules let it do everything."""
        return "admin" in self.roles

    def require(self, *roles: str) -> None:
        """Refuse with 403 who has none of `roles` and is no admin."""
        if not self.admin and self.roles.isdisjoint(roles):
            raise ApiError(
                403, f"Policy does not allow this request: it needs the role {' or '.join(roles)}."
            )


def caller() -> Caller:
    """The caller of this request; 401 without a token that Keystone confirmed."""
    headers = request.headers
    if headers.get("X-Identity-Status") != "Confirmed" or "X-Project-Id" not in headers:
        raise ApiError(401, "The request you have made requires authentication.")
    roles = frozenset(headers.get("X-Roles", "").split(","))
    return Caller(user_id=headers["X-User-Id"], project_id=headers["X-Project-Id"], roles=roles)


def store() -> Store:
    """The store of the running application."""
    kept: Store = current_app.config["STORE"]
    return kept


def new_id() -> str:
    """A fresh id."""
    return str(uuid.uuid4())


def fixed_id(name: str) -> str:
    """The id of something that the catalogue names: the same in every sandbox."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.sandbox.test"))


def now() -> str:
    """This moment, as OpenStack writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise_now() -> str:
    """This moment in UTC, with microseconds and no zone, as Nova and Cinder write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def body(key: str, *, form: str = "", known: Iterable[str] = ()) -> Body:
    """The object under `key` of the request's JSON.

    It is answered with 400 if it has a property that is neither in `known` nor, if that is empty, in the list
    `form` (`key`, where it has no name of its own) of requests.yaml.
    """
    content = request.get_json(silent=True)
    inner = content.get(key) if isinstance(content, dict) else None
    if not isinstance(inner, dict):
        raise ApiError(400, f"Invalid request: no object '{key}' in the body.")
    unknown = sorted(set(inner) - set(known or _REQUESTS[form or key]))
    if unknown:
        raise ApiError(400, f"The sandbox does not know these properties of '{key}': {', '.join(unknown)}")
    return inner


def owner(thing: Body) -> str:
    """The project that a thing belongs to."""
    return str(thing.get("project_id") or thing.get("tenant_id") or thing.get("os-vol-tenant-attr:tenant_id"))


def find(kind: str, key: str, *, shown: str | None = None) -> Body:
    """The caller's thing of this kind and id; 404 where there is none, or it is another project's."""
    who = caller()
    thing = store().get(kind, key)
    if thing is None or not (who.admin or owner(thing) == who.project_id):
        raise ApiError(404, f"{shown or kind.title()} {key} could not be found.")
    return thing


def mine(kind: str, *, admin_sees_all: bool = False) -> list[Body]:
    """The things of the caller's project; of all projects for an admin who asks for them, or always does."""
    who = caller()
    wants_all = admin_sees_all or any(
        request.args.get(key, "0") not in ("0", "False") for key in _EVERY_PROJECT
    )
    return [
        thing for thing in store().all(kind) if (who.admin and wants_all) or owner(thing) == who.project_id
    ]


def visible(thing: Body) -> Body:
    """A body without what only the stand-in needs."""
    return {key: value for key, value in thing.items() if not key.startswith("_")}


def select(things: list[Body], *, ignored: Iterable[str] = ()) -> list[Body]:
    """Filter by the query string and cut the page that it asks for; 400 for an unknown filter."""
    chosen = things
    names = set(request.args) - _PAGING - _EVERY_PROJECT - set(ignored)
    for name in sorted(names):
        if chosen and name not in chosen[0]:
            raise ApiError(400, f"The sandbox does not know the filter '{name}'.")
        wanted = request.args.getlist(name)
        chosen = [thing for thing in chosen if _matches(thing[name], wanted)]
    marker = request.args.get("marker")
    if marker:
        keys = [thing["id"] for thing in chosen]
        chosen = chosen[keys.index(marker) + 1 :] if marker in keys else []
    limit = request.args.get("limit", type=int)
    return [visible(thing) for thing in (chosen[:limit] if limit else chosen)]


def _matches(value: Any, wanted: list[str]) -> bool:
    if isinstance(value, list):
        return all(part in value for text in wanted for part in text.split(","))
    if isinstance(value, bool):
        return str(value).lower() in [text.lower() for text in wanted]
    given = [part for text in wanted for part in (text[3:].split(",") if text.startswith("in:") else [text])]
    return ("" if value is None else str(value)) in given


def limits(service: str, project: str) -> dict[str, int]:
    """The quota of a project at a service: the catalogue's, overlaid by what an admin set."""
    changed = store().get("quota", f"{service}:{project}") or {}
    return {name: changed.get(name, value) for name, value in settings.CATALOGUE["quotas"][service].items()}


def set_limits(service: str, project: str, changes: Body) -> None:
    """Change the quota of a project; admins only, 400 for a resource without one."""
    caller().require("admin")
    unknown = sorted(set(changes) - set(settings.CATALOGUE["quotas"][service]))
    if unknown:
        raise ApiError(400, f"The sandbox has no quota of: {', '.join(unknown)}")
    key = f"{service}:{project}"
    store().put("quota", {**(store().get("quota", key) or {"id": key}), **changes})


def check_quota(
    service: str, used: dict[str, int], wanted: dict[str, int], refuse: Callable[[str], ApiError]
) -> None:
    """Raise what `refuse` makes of the resource's name where `used` and `wanted` pass the caller's quota."""
    allowed = limits(service, caller().project_id)
    for name, amount in wanted.items():
        if 0 <= allowed[name] < used[name] + amount:
            raise refuse(name)


def versions(path: str, entries: list[dict[str, str]], *, status: int = 200) -> tuple[Body, int]:
    """The document that lists a service's versions; each entry has id and status, and path below `path`."""
    root = f"{request.host_url.rstrip('/')}{path}"
    listed = [
        {
            **{key: value for key, value in entry.items() if key != "path"},
            "updated": "2026-01-01T00:00:00Z",
            "links": [{"rel": "self", "href": f"{root}{entry['path']}/"}],
        }
        for entry in entries
    ]
    return {"versions": listed}, status


def service(name: str, prefix: str, show_error: Callable[[ApiError], Body]) -> Blueprint:
    """A blueprint whose errors are shown as that service shows its own."""
    blueprint = Blueprint(name, __name__, url_prefix=prefix)

    def handler(error: ApiError) -> tuple[Body, int]:
        return show_error(error), error.status

    blueprint.register_error_handler(ApiError, handler)
    return blueprint


def nova_error(error: ApiError) -> Body:
    """An error as Nova and Cinder show it."""
    names = {400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound", 413: "overLimit"}
    return {names.get(error.status, "conflictingRequest"): {"code": error.status, "message": str(error)}}
