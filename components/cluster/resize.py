"""Changes a node group's bounds just before the provider does, by steps that Magnum takes.

Magnum refuses bounds that exclude the group's count, and a count outside the bounds. The provider sends the
new bounds first (terraform-provider-openstack 3.4), so `min` 1 → 3 would be refused for ever. Where its own
request fails, it notes the new bounds as done all the same; so they are set here, and it only repeats them.
Each step finds what an interrupted run left, so the next `pulumi up` goes on there.
"""

from __future__ import annotations

from typing import Any

from openstack.exceptions import raise_from_response
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from components.cloud.connection import connect
from components.cloud.ownership import NODE_GROUPS
from components.settings.cloud import CloudConfig

POLL_SECONDS = 5


def resize(group_id: str, low: int, high: int, cloud: CloudConfig, *, timeout_s: float) -> None:
    """Returns when the group has the bounds `low` and `high`, and a count between them.

    group_id: as the provider has it, `<cluster>/<node group>`. Raises what openstacksdk raises, and
    RuntimeError with Magnum's reason where the group does not become what was asked for.
    """
    magnum = connect(cloud).container_infrastructure_management
    cluster, _, uuid = group_id.partition("/")
    address = f"/clusters/{cluster}/nodegroups/{uuid}"

    def look() -> dict[str, Any]:
        answer = magnum.get(address, microversion=NODE_GROUPS)
        raise_from_response(answer)
        return dict(answer.json())

    def settled(**wanted: int) -> dict[str, Any]:
        """The group once nothing of it is in progress and it has what is wanted, or failed."""

        def unsettled(group: dict[str, Any]) -> bool:
            differs = any(group[key] != value for key, value in wanted.items())
            failed = group["status"] == "UPDATE_FAILED"
            return bool(group["status"].endswith("_IN_PROGRESS") or (differs and not failed))

        wait = Retrying(
            stop=stop_after_delay(timeout_s), wait=wait_fixed(POLL_SECONDS), retry=retry_if_result(unsettled)
        )
        group = wait(look)
        if wanted and group["status"] == "UPDATE_FAILED":
            raise RuntimeError(f"node group {group['name']} is in UPDATE_FAILED: {group['status_reason']}")
        return group

    def send(method: str, path: str, body: Any) -> None:
        raise_from_response(magnum.request(path, method, json=body, microversion=NODE_GROUPS))

    def bound(group: dict[str, Any], **bounds: int) -> dict[str, Any]:
        changed = [key for key, value in bounds.items() if group[key] != value]
        if not changed:
            return group
        send(
            "PATCH", address, [{"op": "replace", "path": f"/{key}", "value": bounds[key]} for key in changed]
        )
        return settled(**bounds)

    group = settled()
    # Wide enough for the count as it is and as it will be.
    wide = min(group["min_node_count"], low), max(group["max_node_count"], high)
    group = bound(group, min_node_count=wide[0], max_node_count=wide[1])
    count = min(max(group["node_count"], low), high)
    if count != group["node_count"]:
        send("POST", f"/clusters/{cluster}/actions/resize", {"node_count": count, "nodegroup": uuid})
        group = settled(node_count=count)
    bound(group, min_node_count=low, max_node_count=high)
