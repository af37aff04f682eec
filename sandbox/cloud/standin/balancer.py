"""Octavia's part: load balancers that take their time to come up, with what hangs on them."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

import time
from collections.abc import Callable

from flask import request

from sandbox import layout
from sandbox.cloud import faults, settings
from sandbox.cloud.standin import network, port
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError
from sandbox.cloud.standin.common.store import Body

PREFIX = "/load-balancer"
CREATE_S = 60
"""Seconds that a new load balancer takes on the real cloud."""
DELETE_S = 10
"""Seconds that one takes to go."""

View = Callable[..., Answer]


def _error(error: ApiError) -> Body:
    return {"faultcode": "Client", "faultstring": str(error), "debuginfo": None}


api = rest.service("load-balancer", PREFIX, _error)


def route(rule: str, method: str) -> Callable[[View], View]:
    """Register a view under both spellings of the version that clients use."""

    def register(view: View) -> View:
        for version in ("v2", "v2.0"):
            endpoint = f"{version.replace('.', '_')}_{method}_{view.__name__}"
            api.add_url_rule(f"/{version}/lbaas/{rule}", endpoint, view, methods=[method])
        return view

    return register


@api.before_request
def _check_role() -> None:
    """Octavia's own rule: without this role, nothing."""
    if "lbaas" in request.path:
        rest.caller().require("load-balancer_member", "load-balancer_observer")


@api.get("/")
def _list_versions() -> Answer:
    entries = [
        {"id": "v2.0", "status": "SUPPORTED", "path": "/v2"},
        {"id": "v2.26", "status": "CURRENT", "path": "/v2"},
    ]
    return rest.versions(PREFIX, entries)


def _advance(balancer: Body) -> Body | None:
    """The load balancer as of this moment; None once it has gone."""
    status, due = balancer["provisioning_status"], time.time() >= balancer["_due"]
    held = faults.current("load-balancer")
    if status == "PENDING_CREATE" and due and not (held and held.pending):
        balancer |= {"provisioning_status": "ACTIVE", "operating_status": "ONLINE", "updated_at": rest.now()}
        return rest.store().put("loadbalancer", balancer)
    if status == "PENDING_DELETE" and due:
        port.release(_device(balancer))
        _remove_children(balancer["id"])
        rest.store().remove("loadbalancer", balancer["id"])
        return None
    return balancer


def settle() -> None:
    """Bring all load balancers up to this moment; called before each request, as their ports go with them."""
    for balancer in rest.store().all("loadbalancer"):
        _advance(balancer)


def _device(balancer: Body) -> str:
    return f"lb-{balancer['id']}"


def _due(seconds: float) -> float:
    return time.time() + seconds * layout.time_scale()


def _children(balancer_id: str, kind: str) -> list[Body]:
    return [child for child in rest.store().all(kind) if child["_loadbalancer"] == balancer_id]


def _remove_children(balancer_id: str) -> None:
    for kind in ("listener", "pool", "healthmonitor", "member"):
        for child in _children(balancer_id, kind):
            rest.store().remove(kind, child["id"])


def _shown(balancer: Body) -> Body:
    lists = {
        plural: [{"id": child["id"]} for child in _children(balancer["id"], kind)]
        for plural, kind in (("listeners", "listener"), ("pools", "pool"))
    }
    return {**balancer, **lists}


def changeable(key: str) -> Body:
    """The load balancer of this id; 409 while it is in progress."""
    balancer = rest.find("loadbalancer", key, shown="Load Balancer")
    if balancer["provisioning_status"].startswith("PENDING"):
        raise ApiError(409, f"Load Balancer {key} is immutable and cannot be updated.")
    return balancer


@route("loadbalancers", "POST")
def _create_balancer() -> Answer:
    who = rest.caller()
    who.require("load-balancer_member")
    wanted = rest.body("loadbalancer")
    used = sum(1 for thing in rest.store().all("loadbalancer") if rest.owner(thing) == who.project_id)
    refused = ApiError(403, "Quota has been met for resources: load_balancer")
    rest.check_quota("load-balancer", {"load_balancer": used}, {"load_balancer": 1}, lambda _: refused)
    subnet = next((s for s in network.subnets() if s["id"] == wanted.get("vip_subnet_id")), None)
    network_id = wanted.get("vip_network_id") or (subnet and subnet["network_id"])
    if not network_id:
        raise ApiError(
            400, "Validation failure: VIP must contain one of: vip_port_id, vip_network_id, vip_subnet_id."
        )
    balancer = {"id": rest.new_id(), "name": wanted.get("name") or ""}
    vip = port.create(
        network_id, device=_device(balancer), owner="Octavia", name=f"octavia-lb-{balancer['id']}"
    )
    balancer |= {
        "description": wanted.get("description") or "",
        "provisioning_status": "PENDING_CREATE",
        "operating_status": "OFFLINE",
        "admin_state_up": wanted.get("admin_state_up", True),
        "project_id": who.project_id,
        "vip_address": vip["fixed_ips"][0]["ip_address"],
        "vip_port_id": vip["id"],
        "vip_subnet_id": vip["fixed_ips"][0]["subnet_id"],
        "vip_network_id": network_id,
        "vip_qos_policy_id": None,
        "provider": wanted.get("provider") or "ovn",
        "flavor_id": None,
        "availability_zone": None,
        "tags": wanted.get("tags") or [],
        "created_at": rest.now(),
        "updated_at": None,
        "_due": _due(CREATE_S),
    }
    rest.store().put("loadbalancer", balancer)
    return {"loadbalancer": rest.visible(_shown(balancer))}, 201


@route("loadbalancers", "GET")
def _list_balancers() -> Answer:
    things = [_shown(thing) for thing in rest.mine("loadbalancer", admin_sees_all=True)]
    return {"loadbalancers": rest.select(things)}


@route("loadbalancers/<key>", "GET")
def _show_balancer(key: str) -> Answer:
    return {"loadbalancer": rest.visible(_shown(rest.find("loadbalancer", key, shown="Load Balancer")))}


@route("loadbalancers/<key>", "PUT")
def _update_balancer(key: str) -> Answer:
    balancer = changeable(key)
    changes = rest.body("loadbalancer", form="loadbalancer update")
    rest.store().put("loadbalancer", {**balancer, **changes, "updated_at": rest.now()})
    return {"loadbalancer": rest.visible(_shown({**balancer, **changes}))}


@route("loadbalancers/<key>", "DELETE")
def _delete_balancer(key: str) -> Answer:
    balancer = changeable(key)
    cascade = request.args.get("cascade", "false").lower() == "true"
    if not cascade and (_children(key, "listener") or _children(key, "pool")):
        raise ApiError(400, f"Cannot delete Load Balancer {key} - it has children")
    rest.store().put(
        "loadbalancer", balancer | {"provisioning_status": "PENDING_DELETE", "_due": _due(DELETE_S)}
    )
    return "", 204


@route("quotas/<project>", "GET")
@route("quotas/<project>", "PUT")
def _quota(project: str) -> Answer:
    if project != rest.caller().project_id:
        rest.caller().require("admin")
    if request.method == "PUT":
        rest.set_limits(
            "load-balancer", project, rest.body("quota", known=settings.CATALOGUE["quotas"]["load-balancer"])
        )
    return {"quota": rest.limits("load-balancer", project)}
