"""What hangs on Octavia's load balancers: listeners, pools with their members, health monitors."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

from flask import request

from sandbox.cloud.standin import balancer
from sandbox.cloud.standin.balancer import api, route
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError
from sandbox.cloud.standin.common.store import Body

__all__ = ["api"]  # Octavia's whole: the load balancers' routes, and those that are added here

_CHILDREN = {"listeners": "listener", "pools": "pool", "healthmonitors": "healthmonitor"}
"""By the word in the path."""


def _kind(plural: str) -> str:
    if plural not in _CHILDREN:
        raise ApiError(404, f"The sandbox knows no '{plural}'.")
    return _CHILDREN[plural]


def _keep(kind: str, wanted: Body, balancer_id: str) -> Body:
    child = {
        "admin_state_up": True,
        "name": "",
        "tags": [],
        **wanted,
        "id": rest.new_id(),
        "project_id": rest.caller().project_id,
        "provisioning_status": "ACTIVE",
        "operating_status": "ONLINE",
        "loadbalancers": [{"id": balancer_id}],
        "_loadbalancer": balancer_id,
    }
    return rest.visible(rest.store().put(kind, child))


def _parent(wanted: Body) -> str:
    """The load balancer that a new child belongs to: named by it, or by its listener or pool."""
    if wanted.get("loadbalancer_id"):
        return str(wanted["loadbalancer_id"])
    for kind in ("listener", "pool"):
        if wanted.get(f"{kind}_id"):
            return str(rest.find(kind, wanted[f"{kind}_id"])["_loadbalancer"])
    raise ApiError(400, "Validation failure: one of loadbalancer_id, listener_id, pool_id is needed.")


@route("<plural>", "POST")
def _create_child(plural: str) -> Answer:
    kind = _kind(plural)
    wanted = rest.body(kind)
    parent = balancer.changeable(_parent(wanted))
    return {kind: _keep(kind, wanted, parent["id"])}, 201


@route("<plural>", "GET")
def _list_children(plural: str) -> Answer:
    kind = _kind(plural)
    things = rest.mine(kind, admin_sees_all=True)
    wanted = request.args.get("loadbalancer_id")
    if wanted:
        things = [thing for thing in things if thing["_loadbalancer"] == wanted]
    return {plural: rest.select(things, ignored=("loadbalancer_id",))}


@route("<plural>/<key>", "GET")
def _show_child(plural: str, key: str) -> Answer:
    kind = _kind(plural)
    return {kind: rest.visible(rest.find(kind, key))}


@route("<plural>/<key>", "DELETE")
def _delete_child(plural: str, key: str) -> Answer:
    kind = _kind(plural)
    rest.find(kind, key)
    rest.store().remove(kind, key)
    return "", 204


@route("pools/<pool>/members", "POST")
def _create_member(pool: str) -> Answer:
    parent = rest.find("pool", pool)
    member = {**rest.body("member"), "_pool": pool}
    return {"member": _keep("member", member, parent["_loadbalancer"])}, 201


@route("pools/<pool>/members", "GET")
def _list_members(pool: str) -> Answer:
    rest.find("pool", pool)
    return {
        "members": rest.select([m for m in rest.mine("member", admin_sees_all=True) if m["_pool"] == pool])
    }
