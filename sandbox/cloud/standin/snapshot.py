"""Cinder's part of snapshots: the content of a volume at a moment, also of one in use."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

from sandbox.cloud.standin import volume
from sandbox.cloud.standin import volume_quota as quota
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError

api = rest.service("snapshot", quota.PREFIX, rest.nova_error)
api.url_value_preprocessor(quota.check_project)
_PROJECT = "os-extended-snapshot-attributes:project_id"


@api.post("/v3/<project>/snapshots")
def _create() -> Answer:
    rest.caller().require("member")
    wanted = rest.body("snapshot")
    disk = rest.find("volume", str(wanted.get("volume_id")))
    if disk["status"] != "available" and not wanted.get("force"):
        text = f"Invalid volume: Volume {disk['id']} status must be available, but current status is: in-use."
        raise ApiError(400, text)
    quota.check({"snapshots": 1, "gigabytes": disk["size"]})
    body = {
        "id": rest.new_id(),
        "name": wanted.get("name") or "",
        "description": wanted.get("description"),
        "volume_id": disk["id"],
        "size": disk["size"],
        "status": "available",
        "metadata": wanted.get("metadata") or {},
        "created_at": rest.precise_now(),
        "updated_at": rest.precise_now(),
        "user_id": rest.caller().user_id,
        "project_id": rest.caller().project_id,
        _PROJECT: rest.caller().project_id,
        "os-extended-snapshot-attributes:progress": "100%",
    }
    volume.copy(disk["id"], body["id"])
    return {"snapshot": rest.visible(rest.store().put("snapshot", body))}, 202


@api.get("/v3/<project>/snapshots")
@api.get("/v3/<project>/snapshots/detail")
def _list() -> Answer:
    return {"snapshots": rest.select(rest.mine("snapshot"), ignored=("with_count",))}


@api.get("/v3/<project>/snapshots/<key>")
def _show(key: str) -> Answer:
    return {"snapshot": rest.visible(rest.find("snapshot", key))}


@api.delete("/v3/<project>/snapshots/<key>")
def _delete(key: str) -> Answer:
    rest.find("snapshot", key)
    volume.forget("snapshot", key)
    return "", 202
