"""Neutron's part: networks and subnets as the catalogue names them, ports, floating IPs, quotas."""

from __future__ import annotations

import ipaddress

from flask import Response, jsonify, request

from sandbox.cloud import settings
from sandbox.cloud.standin import rest
from sandbox.cloud.standin.rest import ApiError, Body

PREFIX = "/network"
_FIRST_HOST = 10
"""Lower host numbers are routers' and the like."""
_EXTENSIONS = ("external-net", "router", "standard-attr-tag", "standard-attr-description", "quotas", "quota_details")


def _error(error: ApiError) -> Body:
    names = {404: "NotFound", 409: "Conflict"}
    return {"NeutronError": {"type": names.get(error.status, "BadRequest"), "message": str(error), "detail": ""}}


api = rest.service("network", PREFIX, _error)
Answer = Response | tuple[Response | str, int]


def networks() -> list[Body]:
    """All networks; what is not external is of the gateway's project."""
    project = settings.identifier(f"project {settings.PROJECT}")
    return [
        {
            "id": rest.fixed_id(name),
            "name": name,
            "status": "ACTIVE",
            "admin_state_up": True,
            "router:external": shape["external"],
            "shared": False,
            "is_default": False,
            "mtu": 1500,
            "description": "",
            "subnets": [rest.fixed_id(subnet) for subnet in shape["subnets"]],
            "tags": [],
            "project_id": project,
            "tenant_id": project,
        }
        for name, shape in settings.CATALOGUE["networks"].items()
    ]


def subnets() -> list[Body]:
    """All subnets."""
    return [
        {
            "id": rest.fixed_id(name),
            "name": name,
            "network_id": network["id"],
            "cidr": cidr,
            "gateway_ip": str(ipaddress.ip_network(cidr)[1]),
            "ip_version": 4,
            "enable_dhcp": True,
            "dns_nameservers": [],
            "host_routes": [],
            "allocation_pools": [],
            "description": "",
            "tags": [],
            "project_id": network["project_id"],
            "tenant_id": network["project_id"],
        }
        for network in networks()
        for name, cidr in settings.CATALOGUE["networks"][network["name"]]["subnets"].items()
    ]


def name_of(network_id: str) -> str:
    """The name of a network; 404 where there is none of this id."""
    return str(_one("Network", networks(), network_id)["name"])


def _one(kind: str, things: list[Body], key: str) -> Body:
    who = rest.caller()
    for thing in things:
        seen = who.admin or thing.get("router:external", True) or rest.owner(thing) == who.project_id
        if thing["id"] == key and seen:
            return thing
    raise ApiError(404, f"{kind} {key} could not be found.")


def _free_address(subnet: Body) -> str:
    taken = {ip["ip_address"] for port in rest.store().all("port") for ip in port["fixed_ips"]}
    taken |= {address["floating_ip_address"] for address in rest.store().all("floatingip")}
    for host in ipaddress.ip_network(subnet["cidr"]):
        if (int(host) & 0xFF) >= _FIRST_HOST and str(host) not in taken:
            return str(host)
    raise ApiError(409, f"No more IP addresses available on subnet {subnet['id']}.")


def create_port(network_id: str, *, device: str, owner: str, name: str = "") -> Body:
    """A port of the caller's project with an address of the network's first subnet."""
    who = rest.caller()
    _one("Network", networks(), network_id)
    subnet = next(subnet for subnet in subnets() if subnet["network_id"] == network_id)
    return rest.store().put(
        "port",
        {
            "id": rest.new_id(),
            "name": name,
            "network_id": network_id,
            "fixed_ips": [{"subnet_id": subnet["id"], "ip_address": _free_address(subnet)}],
            "device_id": device,
            "device_owner": owner,
            "status": "ACTIVE" if device else "DOWN",
            "admin_state_up": True,
            "description": "",
            "security_groups": [],
            "tags": [],
            "project_id": who.project_id,
            "tenant_id": who.project_id,
        },
    )


def delete_ports_of(device: str) -> None:
    """Remove the ports of a server or load balancer; their floating IPs stay, detached."""
    for port in rest.store().all("port"):
        if port["device_id"] == device:
            for address in rest.store().all("floatingip"):
                if address["port_id"] == port["id"]:
                    _attach(address, None)
            rest.store().remove("port", port["id"])


def _attach(address: Body, port_id: str | None) -> Body:
    port = rest.store().get("port", port_id) if port_id else None
    if port_id:
        if port is None:
            raise ApiError(404, f"Port {port_id} could not be found.")
        for other in rest.store().all("floatingip"):
            if other["port_id"] == port_id and other["id"] != address["id"]:
                raise ApiError(
                    409,
                    f"Cannot associate floating IP {address['floating_ip_address']} ({address['id']}) with port "
                    f"{port_id}: that fixed IP already has floating IP {other['floating_ip_address']}.",
                )
    address["port_id"] = port_id
    address["fixed_ip_address"] = port["fixed_ips"][0]["ip_address"] if port else None
    address["status"] = "ACTIVE" if port else "DOWN"
    address["updated_at"] = rest.now()
    return rest.store().put("floatingip", address)


@api.get("/")
def list_versions() -> Answer:
    return rest.versions(PREFIX, [{"id": "v2.0", "status": "CURRENT", "path": "/v2.0"}])


@api.get("/v2.0/")
def list_resources() -> Answer:
    return jsonify(resources=[])


@api.get("/v2.0/extensions")
def list_extensions() -> Answer:
    rest.caller()
    return jsonify(extensions=[{"alias": name, "name": name} for name in _EXTENSIONS])


@api.get("/v2.0/extensions/<alias>")
def show_extension(alias: str) -> Answer:
    rest.caller()
    if alias not in _EXTENSIONS:
        raise ApiError(404, f"Extension with alias {alias} does not exist")
    return jsonify(extension={"alias": alias, "name": alias})


@api.get("/v2.0/networks")
def list_networks() -> Answer:
    who = rest.caller()
    seen = [n for n in networks() if who.admin or n["router:external"] or rest.owner(n) == who.project_id]
    return jsonify(networks=rest.select(seen))


@api.get("/v2.0/networks/<key>")
def show_network(key: str) -> Answer:
    return jsonify(network=_one("Network", networks(), key))


@api.get("/v2.0/subnets")
def list_subnets() -> Answer:
    who = rest.caller()
    return jsonify(subnets=rest.select([s for s in subnets() if who.admin or rest.owner(s) == who.project_id]))


@api.get("/v2.0/subnets/<key>")
def show_subnet(key: str) -> Answer:
    return jsonify(subnet=_one("Subnet", subnets(), key))


@api.get("/v2.0/ports")
def list_ports() -> Answer:
    return jsonify(ports=rest.select(rest.mine("port", admin_sees_all=True)))


@api.get("/v2.0/ports/<key>")
def show_port(key: str) -> Answer:
    return jsonify(port=rest.find("port", key))


@api.post("/v2.0/floatingips")
def create_floating_ip() -> Answer:
    who = rest.caller()
    who.require("member")
    known = ("floating_network_id", "port_id", "description", "floating_ip_address", "subnet_id", "fixed_ip_address",
             "tenant_id", "project_id")  # fmt: skip
    wanted = rest.body("floatingip", known=known)
    network = _one("Network", networks(), str(wanted.get("floating_network_id")))
    if not network["router:external"]:
        raise ApiError(400, f"Network {network['id']} is not a valid external network")
    if wanted.get("floating_ip_address"):
        who.require("admin")
    refused = ApiError(409, "Quota exceeded for resources: ['floatingip'].")
    rest.check_quota("network", _usage(who.project_id), {"floatingip": 1}, lambda _: refused)
    subnet = next(subnet for subnet in subnets() if subnet["network_id"] == network["id"])
    address = {
        "id": rest.new_id(),
        "floating_ip_address": wanted.get("floating_ip_address") or _free_address(subnet),
        "floating_network_id": network["id"],
        "router_id": None,
        "description": wanted.get("description") or "",
        "tags": [],
        "created_at": rest.now(),
        "project_id": who.project_id,
        "tenant_id": who.project_id,
    }
    return jsonify(floatingip=_attach(address, wanted.get("port_id") or None)), 201


@api.get("/v2.0/floatingips")
def list_floating_ips() -> Answer:
    return jsonify(floatingips=rest.select(rest.mine("floatingip", admin_sees_all=True)))


@api.get("/v2.0/floatingips/<key>")
def show_floating_ip(key: str) -> Answer:
    return jsonify(floatingip=rest.find("floatingip", key, shown="Floating IP"))


@api.put("/v2.0/floatingips/<key>")
def update_floating_ip(key: str) -> Answer:
    address = rest.find("floatingip", key, shown="Floating IP")
    changes = rest.body("floatingip", known=("port_id", "description", "fixed_ip_address"))
    address["description"] = changes.get("description", address["description"])
    return jsonify(floatingip=_attach(address, changes.get("port_id", address["port_id"]) or None))


@api.delete("/v2.0/floatingips/<key>")
def delete_floating_ip(key: str) -> Answer:
    rest.find("floatingip", key, shown="Floating IP")
    rest.store().remove("floatingip", key)
    return "", 204


@api.route("/v2.0/floatingips/<key>/tags", methods=["GET", "PUT"])
def floating_ip_tags(key: str) -> Answer:
    address = rest.find("floatingip", key, shown="Floating IP")
    if request.method == "PUT":
        address["tags"] = sorted(set((request.get_json(silent=True) or {}).get("tags", [])))
        rest.store().put("floatingip", address)
    return jsonify(tags=address["tags"])


def _usage(project: str) -> dict[str, int]:
    def count(things: list[Body]) -> int:
        return sum(1 for thing in things if rest.owner(thing) == project)

    used = dict.fromkeys(settings.CATALOGUE["quotas"]["network"], 0)
    own_networks = [network for network in networks() if not network["router:external"]]
    return used | {
        "floatingip": count(rest.store().all("floatingip")),
        "port": count(rest.store().all("port")),
        "network": count(own_networks),
    }


@api.route("/v2.0/quotas/<project>", methods=["GET", "PUT"])
@api.get("/v2.0/quotas/<project>/<form>")
def quota(project: str, form: str = "") -> Answer:
    if project != rest.caller().project_id:
        rest.caller().require("admin")
    if request.method == "PUT":
        known = [*settings.CATALOGUE["quotas"]["network"], "force", "check_limit"]
        changes = rest.body("quota", known=known)
        kept = settings.CATALOGUE["quotas"]["network"]
        rest.set_limits("network", project, {k: v for k, v in changes.items() if k in kept})
    allowed: Body = dict(rest.limits("network", project))
    if form.startswith("details"):
        used = _usage(project)
        allowed = {k: {"limit": limit, "used": used[k], "reserved": 0} for k, limit in allowed.items()}
    return jsonify(quota=allowed)
