"""Neutron's part of floating IPs: what `public` gives away, and what keeps costing when it is forgotten."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

from flask import request

from sandbox.cloud.standin import network
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError

api = rest.service("floating-ip", network.PREFIX, network.show_error)


@api.post("/v2.0/floatingips")
def _create_floating_ip() -> Answer:
    who = rest.caller()
    who.require("member")
    wanted = rest.body("floatingip")
    outside = network.one("Network", network.networks(), str(wanted.get("floating_network_id")))
    if not outside["router:external"]:
        raise ApiError(400, f"Network {outside['id']} is not a valid external network")
    if wanted.get("floating_ip_address"):
        who.require("admin")
    refused = ApiError(409, "Quota exceeded for resources: ['floatingip'].")
    rest.check_quota("network", network.usage(who.project_id), {"floatingip": 1}, lambda _: refused)
    subnet = next(subnet for subnet in network.subnets() if subnet["network_id"] == outside["id"])
    address = {
        "id": rest.new_id(),
        "floating_ip_address": wanted.get("floating_ip_address") or network.free_address(subnet),
        "floating_network_id": outside["id"],
        "router_id": None,
        "description": wanted.get("description") or "",
        "tags": [],
        "created_at": rest.now(),
        "project_id": who.project_id,
        "tenant_id": who.project_id,
    }
    return {"floatingip": network.attach(address, wanted.get("port_id") or None)}, 201


@api.get("/v2.0/floatingips")
def _list_floating_ips() -> Answer:
    return {"floatingips": rest.select(rest.mine("floatingip", admin_sees_all=True))}


@api.get("/v2.0/floatingips/<key>")
def _show_floating_ip(key: str) -> Answer:
    return {"floatingip": rest.find("floatingip", key, shown="Floating IP")}


@api.put("/v2.0/floatingips/<key>")
def _update_floating_ip(key: str) -> Answer:
    address = rest.find("floatingip", key, shown="Floating IP")
    changes = rest.body("floatingip", form="floatingip update")
    address["description"] = changes.get("description", address["description"])
    return {"floatingip": network.attach(address, changes.get("port_id", address["port_id"]) or None)}


@api.delete("/v2.0/floatingips/<key>")
def _delete_floating_ip(key: str) -> Answer:
    rest.find("floatingip", key, shown="Floating IP")
    rest.store().remove("floatingip", key)
    return "", 204


@api.route("/v2.0/floatingips/<key>/tags", methods=["GET", "PUT"])
def _floating_ip_tags(key: str) -> Answer:
    address = rest.find("floatingip", key, shown="Floating IP")
    if request.method == "PUT":
        address["tags"] = sorted(set((request.get_json(silent=True) or {}).get("tags", [])))
        rest.store().put("floatingip", address)
    return {"tags": address["tags"]}
