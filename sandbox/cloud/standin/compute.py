"""Nova's part: servers, key pairs, limits; microversion 2.1."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

from typing import Any

from flask import request

from sandbox.cloud import settings
from sandbox.cloud.standin import network, port, volume
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError
from sandbox.cloud.standin.common.store import Body
from sandbox.cloud.standin.flavor import PREFIX, flavor

LAUNCHED, ENDED = "OS-SRV-USG:launched_at", "OS-SRV-USG:terminated_at"
DELETED = "deleted server"
"""What a server becomes in the store, where Nova keeps its row."""
api = rest.service("compute", PREFIX, rest.nova_error)

_VERSION = {"id": "v2.1", "status": "CURRENT", "version": "2.1", "min_version": "2.1", "path": "/v2.1"}


@api.get("/")
def _list_versions() -> Answer:
    return rest.versions(PREFIX, [_VERSION])


@api.get("/v2.1/")
def _show_version() -> Answer:
    document, _ = rest.versions(PREFIX, [_VERSION])
    return {"version": document["versions"][0]}


def _usage(project: str) -> dict[str, int]:
    servers = [server for server in rest.store().all("server") if rest.owner(server) == project]
    shapes = [flavor(server["flavor"]["id"]) for server in servers]
    return {
        "instances": len(servers),
        "cores": sum(shape["vcpus"] for shape in shapes),
        "ram": sum(shape["ram"] for shape in shapes),
        "key_pairs": sum(1 for pair in rest.store().all("keypair") if rest.owner(pair) == project),
    }


def _over_quota(name: str) -> ApiError:
    project = rest.caller().project_id
    limit, used = rest.limits("compute", project)[name], _usage(project)[name]
    return ApiError(403, f"Quota exceeded for {name}: the limit is {limit}, {used} are in use")


@api.post("/v2.1/servers")
def _create_server() -> Answer:
    who = rest.caller()
    who.require("member")
    wanted = rest.body("server")
    shape = flavor(str(wanted.get("flavorRef", "")))
    need = {"instances": 1, "cores": shape["vcpus"], "ram": shape["ram"]}
    rest.check_quota("compute", _usage(who.project_id), need, _over_quota)
    key = rest.new_id()
    mappings = wanted.get("block_device_mapping_v2", [])
    disks = [volume.create_root_disk(key, mapping) for mapping in mappings if not _of_the_flavor(mapping)]
    ports = [
        port.bind(nic["port"], device=key, owner="compute:nova")
        if "port" in nic
        else port.create(nic["uuid"], device=key, owner="compute:nova")
        for nic in _nics(wanted)
    ]
    server = {
        "id": key,
        "name": wanted.get("name", ""),
        "status": "ACTIVE",
        "tenant_id": who.project_id,
        "user_id": who.user_id,
        "metadata": wanted.get("metadata", {}),
        "flavor": {"id": shape["id"], "links": []},
        "image": {"id": wanted["imageRef"], "links": []} if wanted.get("imageRef") else "",
        "addresses": _addresses(ports),
        "key_name": wanted.get("key_name"),
        "created": rest.now(),
        "updated": rest.now(),
        "links": [],
        "hostId": "",
        "accessIPv4": "",
        "accessIPv6": "",
        "OS-EXT-AZ:availability_zone": "nova",
        "OS-EXT-STS:vm_state": "active",
        "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:power_state": 1,
        LAUNCHED: rest.precise_now(),
        ENDED: None,
        "os-extended-volumes:volumes_attached": [{"id": disk["id"]} for disk in disks],
    }
    return {"server": rest.visible(rest.store().put("server", server))}, 202


def _of_the_flavor(mapping: Body) -> bool:
    """Whether a disk is the flavor's own, which is no volume."""
    return bool(mapping.get("source_type") == "image" and mapping.get("destination_type") == "local")


def _nics(wanted: Body) -> list[dict[str, Any]]:
    nics = wanted.get("networks", [])
    if not isinstance(nics, list) or not all({"uuid", "port"} & nic.keys() for nic in nics):
        raise ApiError(400, "The sandbox wants networks as a list of objects with a uuid or a port.")
    return nics


def _addresses(ports: list[Body]) -> Body:
    return {
        network.name_of(one["network_id"]): [
            {"addr": ip["ip_address"], "version": 4, "OS-EXT-IPS:type": "fixed"} for ip in one["fixed_ips"]
        ]
        for one in ports
    }


@api.get("/v2.1/servers")
@api.get("/v2.1/servers/detail")
def _list_servers() -> Answer:
    return {"servers": rest.select(rest.mine("server"), ignored=("deleted", "changes-since"))}


@api.get("/v2.1/servers/<key>")
def _show_server(key: str) -> Answer:
    return {"server": rest.visible(rest.find("server", key, shown="Instance"))}


@api.route("/v2.1/servers/<key>/metadata", methods=["GET", "POST", "PUT"])
def _server_metadata(key: str) -> Answer:
    server = rest.find("server", key, shown="Instance")
    if request.method != "GET":
        old = server["metadata"] if request.method == "POST" else {}
        server["metadata"] = {**old, **(request.get_json(silent=True) or {}).get("metadata", {})}
        rest.store().put("server", server)
    return {"metadata": server["metadata"]}


@api.delete("/v2.1/servers/<key>")
def _delete_server(key: str) -> Answer:
    server = rest.find("server", key, shown="Instance")
    port.release(key)
    volume.release(key)
    rest.store().remove("server", key)
    rest.store().put(DELETED, {**server, ENDED: rest.precise_now()})
    return "", 204


@api.get("/v2.1/os-keypairs")
def _list_keypairs() -> Answer:
    return {"keypairs": [{"keypair": rest.visible(pair)} for pair in _keypairs()]}


def _keypairs() -> list[Body]:
    """The caller's own, and those of the catalogue, which every user has."""
    who = rest.caller()
    offered = [
        {"name": name, "public_key": "", "fingerprint": "", "_user": who.user_id}
        for name in settings.CATALOGUE["keypairs"]
    ]
    return offered + [pair for pair in rest.store().all("keypair") if pair["_user"] == who.user_id]


@api.get("/v2.1/os-keypairs/<name>")
def _show_keypair(name: str) -> Answer:
    for pair in _keypairs():
        if pair["name"] == name:
            return {"keypair": rest.visible(pair)}
    raise ApiError(404, f"Keypair {name} not found for user {rest.caller().user_id}")


@api.get("/v2.1/limits")
def _show_limits() -> Answer:
    project = rest.caller().project_id
    allowed, used = rest.limits("compute", project), _usage(project)
    return {
        "limits": {
            "rate": [],
            "absolute": {
                "maxTotalInstances": allowed["instances"],
                "maxTotalCores": allowed["cores"],
                "maxTotalRAMSize": allowed["ram"],
                "maxTotalKeypairs": allowed["key_pairs"],
                "totalInstancesUsed": used["instances"],
                "totalCoresUsed": used["cores"],
                "totalRAMUsed": used["ram"],
            },
        }
    }


@api.route("/v2.1/os-quota-sets/<project>", methods=["GET", "PUT"])
@api.get("/v2.1/os-quota-sets/<project>/<form>")
def _quota_set(project: str, form: str = "") -> Answer:
    if project != rest.caller().project_id:
        rest.caller().require("admin")
    if request.method == "PUT":
        changes = rest.body("quota_set", known=[*settings.CATALOGUE["quotas"]["compute"], "force"])
        rest.set_limits("compute", project, {k: v for k, v in changes.items() if k != "force"})
    allowed: Body = dict(
        settings.CATALOGUE["quotas"]["compute"] if form == "defaults" else rest.limits("compute", project)
    )
    if form == "detail":
        used = _usage(project)
        allowed = {k: {"limit": limit, "in_use": used[k], "reserved": 0} for k, limit in allowed.items()}
    return {"quota_set": {"id": project, **allowed}}
