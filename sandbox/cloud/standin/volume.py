"""Cinder's part: volumes with metadata, volume types, limits; microversion 3.0."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

import subprocess

from flask import request

from sandbox import layout
from sandbox.cloud import settings
from sandbox.cloud.standin import volume_quota as quota
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError
from sandbox.cloud.standin.common.store import Body

api = rest.service("volume", quota.PREFIX, rest.nova_error)
api.url_value_preprocessor(quota.check_project)

_VERSION = {"id": "v3.0", "status": "CURRENT", "version": "3.0", "min_version": "3.0", "path": "/v3"}
_PROJECT = "os-vol-tenant-attr:tenant_id"


@api.get("/")
@api.get("/v3/")
def _list_versions() -> Answer:
    return rest.versions(quota.PREFIX, [_VERSION])


def create(wanted: Body) -> Body:
    """A volume of the caller's project; 413 past the quota."""
    who = rest.caller()
    size = wanted.get("size")
    if not isinstance(size, int) or size < 1:
        raise ApiError(
            400, f"Invalid input received: Volume size '{size}' must be an integer and greater than 0"
        )
    kind = wanted.get("volume_type") or settings.CATALOGUE["volume_types"][0]
    if kind not in settings.CATALOGUE["volume_types"] + [entry["id"] for entry in quota.types()]:
        raise ApiError(404, f"Volume type {kind} could not be found.")
    quota.check({"volumes": 1, "gigabytes": size})
    return rest.store().put(
        "volume",
        {
            "id": rest.new_id(),
            "name": wanted.get("name") or "",
            "description": wanted.get("description"),
            "size": size,
            "status": "available",
            "volume_type": kind,
            "metadata": wanted.get("metadata") or {},
            "bootable": "true" if wanted.get("imageRef") else "false",
            "attachments": [],
            "availability_zone": "nova",
            "encrypted": False,
            "multiattach": False,
            "snapshot_id": wanted.get("snapshot_id"),
            "source_volid": None,
            "replication_status": None,
            "created_at": rest.precise_now(),
            "updated_at": rest.precise_now(),
            "user_id": who.user_id,
            "links": [],
            _PROJECT: who.project_id,
        },
    )


def create_root_disk(server: str, mapping: Body) -> Body:
    """The volume that a server boots from, as its block device mapping asks; attached to the server."""
    if mapping.get("source_type") != "image" or mapping.get("destination_type") != "volume":
        raise ApiError(400, "The sandbox knows only block devices from an image to a volume.")
    disk = create({"size": mapping.get("volume_size"), "imageRef": mapping.get("uuid")})
    disk["status"] = "in-use"
    disk["attachments"] = [
        {"id": disk["id"], "volume_id": disk["id"], "server_id": server, "device": "/dev/vda"}
    ]
    disk["_delete_with_server"] = bool(mapping.get("delete_on_termination"))
    return rest.store().put("volume", disk)


def copy(key: str, other: str) -> None:
    """Put what is on the volume or in the snapshot `key` into `other`, a new one."""
    if (layout.VOLUMES / key).exists():  # else nothing was ever attached
        files = [str(layout.VOLUMES / name) for name in (key, other)]
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", *files], check=True)


def attach(key: str, server: str, *, taken: int) -> Body:
    """Attach a volume to a server that has `taken` others; 400 where it has a server already.

    Its blocks are from then on a file of this machine, which the server's node mounts.
    """
    disk = rest.find("volume", key)
    if disk["status"] != "available":
        raise ApiError(
            400, f"Invalid volume: volume {key} status must be 'available'. Currently in '{disk['status']}'"
        )
    layout.VOLUMES.mkdir(parents=True, exist_ok=True)
    _set_size(key, disk["size"])
    device = f"/dev/vd{chr(ord('b') + taken)}"
    attachment = {
        "id": key,
        "attachment_id": rest.new_id(),
        "volume_id": key,
        "server_id": server,
        "device": device,
    }
    rest.store().put("volume", {**disk, "status": "in-use", "attachments": [attachment]})
    return attachment


def _set_size(key: str, gib: int) -> None:
    """Make the file of a volume's blocks, or enlarge it; what was never written takes no room."""
    with (layout.VOLUMES / key).open("ab") as file:
        file.truncate(gib << 30)


def detach(key: str) -> None:
    """Take a volume from its server."""
    rest.store().put("volume", {**rest.find("volume", key), "status": "available", "attachments": []})


def release(server: str) -> None:
    """Detach the volumes of a server that goes; delete those that were to go with it."""
    for disk in rest.store().all("volume"):
        if any(attachment["server_id"] == server for attachment in disk["attachments"]):
            if disk.get("_delete_with_server"):
                forget("volume", disk["id"])
            else:
                rest.store().put("volume", {**disk, "attachments": [], "status": "available"})


def forget(kind: str, key: str) -> None:
    """Remove a volume or a snapshot with its content."""
    rest.store().remove(kind, key)
    (layout.VOLUMES / key).unlink(missing_ok=True)


@api.post("/v3/<project>/volumes")
def _create_volume() -> Answer:
    rest.caller().require("member")
    wanted = rest.body("volume")
    if wanted.get("source_volid") or wanted.get("backup_id"):
        raise ApiError(501, "The sandbox makes no volumes from other volumes, and has no backups.")
    origin = wanted.get("snapshot_id")
    if origin and rest.find("snapshot", origin)["size"] > (wanted.get("size") or 0):
        raise ApiError(400, "Invalid input received: the volume must not be smaller than the snapshot.")
    disk = create(wanted)
    if origin:
        copy(origin, disk["id"])
    return {"volume": rest.visible(disk)}, 202


@api.get("/v3/<project>/volumes")
@api.get("/v3/<project>/volumes/detail")
def _list_volumes() -> Answer:
    return {"volumes": rest.select(rest.mine("volume"), ignored=("with_count",))}


@api.get("/v3/<project>/volumes/<key>")
def _show_volume(key: str) -> Answer:
    return {"volume": rest.visible(rest.find("volume", key))}


@api.put("/v3/<project>/volumes/<key>")
def _update_volume(key: str) -> Answer:
    disk = rest.find("volume", key)
    changes = rest.body("volume", form="volume update")
    changed = {**disk, **changes, "updated_at": rest.precise_now()}
    return {"volume": rest.visible(rest.store().put("volume", changed))}


@api.post("/v3/<project>/volumes/<key>/action")
def _act(key: str) -> Answer:
    """Extend a volume, as the CSI driver does when a claim grows; that is the only action here."""
    disk, actions = rest.find("volume", key), request.get_json(silent=True) or {}
    if list(actions) != ["os-extend"]:
        raise ApiError(501, f"The sandbox's volumes know no {', '.join(actions)}.")
    size = actions["os-extend"].get("new_size")
    if not isinstance(size, int) or size <= disk["size"]:
        raise ApiError(400, "Invalid input received: New size for extend must be greater than current size.")
    quota.check({"gigabytes": size - disk["size"]})
    rest.store().put("volume", {**disk, "size": size, "updated_at": rest.precise_now()})
    if (layout.VOLUMES / key).exists():
        _set_size(key, size)
    return "", 202


@api.route("/v3/<project>/volumes/<key>/metadata", methods=["GET", "POST", "PUT"])
def _volume_metadata(key: str) -> Answer:
    disk = rest.find("volume", key)
    if request.method != "GET":
        old = disk["metadata"] if request.method == "POST" else {}
        disk["metadata"] = {**old, **(request.get_json(silent=True) or {}).get("metadata", {})}
        rest.store().put("volume", disk)
    return {"metadata": disk["metadata"]}


@api.delete("/v3/<project>/volumes/<key>")
def _delete_volume(key: str) -> Answer:
    disk = rest.find("volume", key)
    if disk["attachments"]:
        raise ApiError(400, f"Invalid volume: Volume {key} is attached to a server and can't be deleted.")
    copies = [one for one in rest.store().all("snapshot") if one["volume_id"] == key]
    if copies and request.args.get("cascade", "").lower() != "true":
        raise ApiError(400, f"Invalid volume: Volume {key} still has {len(copies)} dependent snapshots.")
    for one in copies:
        forget("snapshot", one["id"])
    forget("volume", key)
    return "", 202
