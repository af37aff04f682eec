"""Cinder's part of quotas: what a project may have of volumes and snapshots, and of which types."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

from flask import request

from sandbox.cloud import settings
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError
from sandbox.cloud.standin.common.store import Body

PREFIX = "/volume"
api = rest.service("volume-quota", PREFIX, rest.nova_error)


def used(project: str) -> dict[str, int]:
    """What a project has. A snapshot counts with the size of its volume."""
    volumes, snapshots = (
        [thing["size"] for thing in rest.store().all(kind) if rest.owner(thing) == project]
        for kind in ("volume", "snapshot")
    )
    return {
        "volumes": len(volumes),
        "gigabytes": sum(volumes) + sum(snapshots),
        "snapshots": len(snapshots),
    }


def check(more: dict[str, int]) -> None:
    """413 where the caller's project can't have so much more."""
    rest.check_quota("block-storage", used(rest.caller().project_id), more, _over)


def _over(name: str) -> ApiError:
    return ApiError(
        413, f"{name.title()} quota exceeded: the request exceeds the allowed {name} of this project."
    )


def types() -> list[Body]:
    """The volume types of the catalogue."""
    return [
        {"id": rest.fixed_id(name), "name": name, "is_public": True, "description": None, "extra_specs": {}}
        for name in settings.CATALOGUE["volume_types"]
    ]


def check_project(_endpoint: str | None, values: Body | None) -> None:
    """Take the project out of the path, after a look whether it is the token's."""
    project = (values or {}).pop("project", None)
    if project and project != rest.caller().project_id:
        raise ApiError(403, "The project of the path is not the token's.")


api.url_value_preprocessor(check_project)


@api.get("/v3/<project>/types")
def _listtypes() -> Answer:
    return {"volume_types": rest.select(types(), ignored=("is_public",))}


@api.get("/v3/<project>/types/<key>")
def _show_type(key: str) -> Answer:
    for entry in types():
        if key in (entry["id"], "default"):
            return {"volume_type": entry}
    raise ApiError(404, f"Volume type {key} could not be found.")


@api.get("/v3/<project>/limits")
def _show_limits() -> Answer:
    project = rest.caller().project_id
    allowed, has = rest.limits("block-storage", project), used(project)
    absolute = {
        "maxTotalVolumes": allowed["volumes"],
        "maxTotalVolumeGigabytes": allowed["gigabytes"],
        "maxTotalSnapshots": allowed["snapshots"],
        "totalVolumesUsed": has["volumes"],
        "totalGigabytesUsed": has["gigabytes"],
        "totalSnapshotsUsed": has["snapshots"],
    }
    return {"limits": {"rate": [], "absolute": absolute}}


@api.route("/v3/<project>/os-quota-sets/<target>", methods=["GET", "PUT"])
@api.get("/v3/<project>/os-quota-sets/<target>/defaults")
def _quota_set(target: str) -> Answer:
    if target != rest.caller().project_id:
        rest.caller().require("admin")
    if request.method == "PUT":
        known = [*settings.CATALOGUE["quotas"]["block-storage"], "force"]
        changes = rest.body("quota_set", known=known)
        rest.set_limits("block-storage", target, {k: v for k, v in changes.items() if k != "force"})
    allowed: Body = dict(rest.limits("block-storage", target))
    if request.args.get("usage", "").lower() == "true":
        has = used(target)
        allowed = {k: {"limit": limit, "in_use": has[k], "reserved": 0} for k, limit in allowed.items()}
    return {"quota_set": {"id": target, **allowed}}
