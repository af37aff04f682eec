"""Neutron's part of ports and their security groups, as far as what makes them leaves them behind."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

from sandbox.cloud.standin import network
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError
from sandbox.cloud.standin.common.store import Body

api = rest.service("port", network.PREFIX, network.show_error)
DEFAULT = "default"


def create(
    network_id: str, *, device: str = "", owner: str = "", name: str = "", groups: list[str] | None = None
) -> Body:
    """A port of the caller's project with an address of the network's first subnet.

    One that is made for a `device` goes with it. `groups`: ids of security groups, by default the project's.
    """
    who = rest.caller()
    network.one("Network", network.networks(), network_id)
    subnet = next(subnet for subnet in network.subnets() if subnet["network_id"] == network_id)
    address = network.free_address(subnet)
    return rest.store().put(
        "port",
        {
            "id": rest.new_id(),
            "name": name,
            "network_id": network_id,
            "fixed_ips": [{"subnet_id": subnet["id"], "ip_address": address}],
            "device_id": device,
            "device_owner": owner,
            "status": "ACTIVE" if device else "DOWN",
            "admin_state_up": True,
            "description": "",
            "security_groups": [_default_group()["id"]] if groups is None else groups,
            "tags": [],
            "project_id": who.project_id,
            "tenant_id": who.project_id,
            "_goes_with_device": bool(device),
        },
    )


def bind(key: str, *, device: str, owner: str) -> Body:
    """The port `key`, given to a server; 409 where another one has it."""
    port = rest.find("port", key)
    if port["device_id"]:
        raise ApiError(409, f"Port {key} is still in use.")
    return rest.store().put("port", {**port, "device_id": device, "device_owner": owner, "status": "ACTIVE"})


def release(device: str) -> None:
    """Remove the ports that were made for a server or load balancer; let go of those that it was given."""
    for port in rest.store().all("port"):
        if port["device_id"] == device:
            if port["_goes_with_device"]:
                _remove(port)
            else:
                free = {"device_id": "", "device_owner": "", "status": "DOWN"}
                rest.store().put("port", {**port, **free})


def _remove(port: Body) -> None:
    """Remove a port; its floating IP stays, detached."""
    for address in rest.store().all("floatingip"):
        if address["port_id"] == port["id"]:
            network.attach(address, None)
    rest.store().remove("port", port["id"])


@api.post("/v2.0/ports")
def _create_port() -> Answer:
    who = rest.caller()
    who.require("member")
    wanted = rest.body("port")
    for group in wanted.get("security_groups") or []:
        rest.find("security_group", group, shown="Security group")
    refused = ApiError(409, "Quota exceeded for resources: ['port'].")
    rest.check_quota("network", network.usage(who.project_id), {"port": 1}, lambda _: refused)
    made = create(
        str(wanted.get("network_id")), name=wanted.get("name") or "", groups=wanted.get("security_groups")
    )
    return {"port": rest.visible(made)}, 201


@api.get("/v2.0/ports")
def _list_ports() -> Answer:
    return {"ports": rest.select(rest.mine("port", admin_sees_all=True))}


@api.get("/v2.0/ports/<key>")
def _show_port(key: str) -> Answer:
    return {"port": rest.visible(rest.find("port", key))}


@api.delete("/v2.0/ports/<key>")
def _delete_port(key: str) -> Answer:
    _remove(rest.find("port", key))
    return "", 204


def _group(name: str, description: str) -> Body:
    project = rest.caller().project_id
    return rest.store().put(
        "security_group",
        {
            "id": rest.new_id(),
            "name": name,
            "description": description,
            "stateful": True,
            "shared": False,
            "security_group_rules": [],
            "tags": [],
            "project_id": project,
            "tenant_id": project,
        },
    )


def _default_group() -> Body:
    """The caller's project's own, which Neutron makes when it is first needed."""
    own = (group for group in rest.mine("security_group") if group["name"] == DEFAULT)
    return next(own, None) or _group(DEFAULT, "Default security group")


@api.post("/v2.0/security-groups")
def _create_group() -> Answer:
    who = rest.caller()
    who.require("member")
    wanted = rest.body("security_group")
    refused = ApiError(409, "Quota exceeded for resources: ['security_group'].")
    rest.check_quota("network", network.usage(who.project_id), {"security_group": 1}, lambda _: refused)
    if wanted.get("name") == DEFAULT:
        raise ApiError(409, "Default security group already exists.")
    return {"security_group": _group(wanted.get("name") or "", wanted.get("description") or "")}, 201


@api.get("/v2.0/security-groups")
def _list_groups() -> Answer:
    _default_group()
    return {"security_groups": rest.select(rest.mine("security_group", admin_sees_all=True))}


@api.get("/v2.0/security-groups/<key>")
def _show_group(key: str) -> Answer:
    return {"security_group": rest.find("security_group", key, shown="Security group")}


@api.delete("/v2.0/security-groups/<key>")
def _delete_group(key: str) -> Answer:
    group = rest.find("security_group", key, shown="Security group")
    used = any(key in port["security_groups"] for port in rest.store().all("port"))
    if used or group["name"] == DEFAULT:
        raise ApiError(409, f"Security Group {key} in use.")
    rest.store().remove("security_group", key)
    return "", 204
