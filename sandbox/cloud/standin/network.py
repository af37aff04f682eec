"""Neutron's part: networks and subnets as the catalogue names them, what floating IPs point at, quotas."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

import ipaddress

from flask import request

from sandbox.cloud import settings
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError
from sandbox.cloud.standin.common.store import Body

PREFIX = "/network"
_FIRST_HOST = 10
"""Lower host numbers are routers' and the like."""
_EXTENSIONS = (
    "external-net", "router", "security-group", "standard-attr-tag", "standard-attr-description", "quotas",
    "quota_details",
)  # fmt: skip


def show_error(error: ApiError) -> Body:
    """An error as Neutron shows it."""
    names = {404: "NotFound", 409: "Conflict"}
    return {
        "NeutronError": {"type": names.get(error.status, "BadRequest"), "message": str(error), "detail": ""}
    }


api = rest.service("network", PREFIX, show_error)


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
    return str(one("Network", networks(), network_id)["name"])


def one(kind: str, things: list[Body], key: str) -> Body:
    """The network or subnet of this id, if the caller may see it; else 404."""
    who = rest.caller()
    for thing in things:
        seen = who.admin or thing.get("router:external", True) or rest.owner(thing) == who.project_id
        if thing["id"] == key and seen:
            return thing
    raise ApiError(404, f"{kind} {key} could not be found.")


def free_address(subnet: Body) -> str:
    """The lowest address of a subnet that neither a port nor a floating IP has; 409 where none is left."""
    taken = {ip["ip_address"] for port in rest.store().all("port") for ip in port["fixed_ips"]}
    taken |= {address["floating_ip_address"] for address in rest.store().all("floatingip")}
    for host in ipaddress.ip_network(subnet["cidr"]):
        if (int(host) & 0xFF) >= _FIRST_HOST and str(host) not in taken:
            return str(host)
    raise ApiError(409, f"No more IP addresses available on subnet {subnet['id']}.")


def attach(address: Body, port_id: str | None) -> Body:
    """Point a floating IP at a port, or at none, and keep it; 409 where the port has another one."""
    port = rest.store().get("port", port_id) if port_id else None
    if port_id:
        if port is None:
            raise ApiError(404, f"Port {port_id} could not be found.")
        for other in rest.store().all("floatingip"):
            if other["port_id"] == port_id and other["id"] != address["id"]:
                raise ApiError(
                    409,
                    f"Cannot associate floating IP {address['floating_ip_address']} with port {port_id}: "
                    f"that fixed IP already has floating IP {other['floating_ip_address']}.",
                )
    address["port_id"] = port_id
    address["fixed_ip_address"] = port["fixed_ips"][0]["ip_address"] if port else None
    address["status"] = "ACTIVE" if port else "DOWN"
    address["updated_at"] = rest.now()
    return rest.store().put("floatingip", address)


@api.get("/")
def _list_versions() -> Answer:
    return rest.versions(PREFIX, [{"id": "v2.0", "status": "CURRENT", "path": "/v2.0"}])


@api.get("/v2.0/")
def _list_resources() -> Answer:
    return {"resources": []}


@api.get("/v2.0/extensions")
def _list_extensions() -> Answer:
    rest.caller()
    return {"extensions": [{"alias": name, "name": name} for name in _EXTENSIONS]}


@api.get("/v2.0/extensions/<alias>")
def _show_extension(alias: str) -> Answer:
    rest.caller()
    if alias not in _EXTENSIONS:
        raise ApiError(404, f"Extension with alias {alias} does not exist")
    return {"extension": {"alias": alias, "name": alias}}


@api.get("/v2.0/networks")
def _list_networks() -> Answer:
    who = rest.caller()
    seen = [n for n in networks() if who.admin or n["router:external"] or rest.owner(n) == who.project_id]
    return {"networks": rest.select(seen)}


@api.get("/v2.0/networks/<key>")
def _show_network(key: str) -> Answer:
    return {"network": one("Network", networks(), key)}


@api.get("/v2.0/subnets")
def _list_subnets() -> Answer:
    who = rest.caller()
    return {"subnets": rest.select([s for s in subnets() if who.admin or rest.owner(s) == who.project_id])}


@api.get("/v2.0/subnets/<key>")
def _show_subnet(key: str) -> Answer:
    return {"subnet": one("Subnet", subnets(), key)}


def usage(project: str) -> dict[str, int]:
    """How much of its quota a project uses."""

    def count(things: list[Body]) -> int:
        return sum(1 for thing in things if rest.owner(thing) == project)

    used = dict.fromkeys(settings.CATALOGUE["quotas"]["network"], 0)
    own_networks = [network for network in networks() if not network["router:external"]]
    return used | {
        "floatingip": count(rest.store().all("floatingip")),
        "port": count(rest.store().all("port")),
        "security_group": count(rest.store().all("security_group")),
        "network": count(own_networks),
    }


@api.route("/v2.0/quotas/<project>", methods=["GET", "PUT"])
@api.get("/v2.0/quotas/<project>/<form>")
def _quota(project: str, form: str = "") -> Answer:
    if project != rest.caller().project_id:
        rest.caller().require("admin")
    if request.method == "PUT":
        known = [*settings.CATALOGUE["quotas"]["network"], "force", "check_limit"]
        changes = rest.body("quota", known=known)
        kept = settings.CATALOGUE["quotas"]["network"]
        rest.set_limits("network", project, {k: v for k, v in changes.items() if k in kept})
    allowed: Body = dict(rest.limits("network", project))
    if form.startswith("details"):
        used = usage(project)
        allowed = {k: {"limit": limit, "used": used[k], "reserved": 0} for k, limit in allowed.items()}
    return {"quota": allowed}
