"""Nova's part of volumes: attaching one to a server, and detaching it."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

from sandbox.cloud.standin import volume
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError
from sandbox.cloud.standin.common.store import Body
from sandbox.cloud.standin.flavor import PREFIX

api = rest.service("attachment", PREFIX, rest.nova_error)
SHOWN = "os-extended-volumes:volumes_attached"


def _shown(attachment: Body) -> Body:
    return {
        "id": attachment["volume_id"],
        "volumeId": attachment["volume_id"],
        "serverId": attachment["server_id"],
        "device": attachment["device"],
    }


def _of(server: str) -> list[Body]:
    attachments = [one for disk in rest.mine("volume") for one in disk["attachments"]]
    return [one for one in attachments if one["server_id"] == server]


def _refresh(server: Body) -> None:
    """Have the server tell of the volumes that it has now."""
    server[SHOWN] = [{"id": one["volume_id"]} for one in _of(server["id"])]
    rest.store().put("server", server)


@api.post("/v2.1/servers/<key>/os-volume_attachments")
def _attach(key: str) -> Answer:
    rest.caller().require("member")
    server = rest.find("server", key, shown="Instance")
    wanted = rest.body("volumeAttachment")
    attachment = volume.attach(str(wanted.get("volumeId")), key, taken=len(_of(key)))
    _refresh(server)
    return {"volumeAttachment": _shown(attachment)}


@api.get("/v2.1/servers/<key>/os-volume_attachments")
def _list_attachments(key: str) -> Answer:
    rest.find("server", key, shown="Instance")
    return {"volumeAttachments": [_shown(one) for one in _of(key)]}


@api.delete("/v2.1/servers/<key>/os-volume_attachments/<disk>")
def _detach(key: str, disk: str) -> Answer:
    rest.caller().require("member")
    server = rest.find("server", key, shown="Instance")
    if disk not in [one["volume_id"] for one in _of(key)]:
        raise ApiError(404, f"Instance {key} is not attached to volume {disk}")
    volume.detach(disk)
    _refresh(server)
    return "", 202
