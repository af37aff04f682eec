"""Node groups as Magnum hands them over, checked as its Cluster API driver (magnum-capi-helm 1.4) does."""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

from typing import Any

from magnum.common import clients, exception
from magnum.objects import Cluster, NodeGroup
from oslo_utils import strutils

from sandbox.clusters import spec

MIN_VCPUS = 2


def flag(cluster: Cluster, label: str) -> bool:
    """The cluster's label as a truth value; false when it is absent."""
    return bool(strutils.bool_from_string((cluster.labels or {}).get(label, "")))


def number(cluster: Cluster, label: str, default: int) -> int:
    """The cluster's label as a number; `default` when it is absent or none."""
    value = str((cluster.labels or {}).get(label, ""))
    return int(value) if value.isdigit() else default


def _flavor(context: Any, wanted: str) -> Any:
    for flavor in clients.OpenStackClients(context).nova().flavors():
        if wanted in (flavor.id, flavor.name):
            if flavor.vcpus < MIN_VCPUS:
                raise exception.MagnumException(
                    message=f"Flavor {wanted} does not have enough CPU to run Kubernetes: "
                    f"it has {flavor.vcpus} vCPU, at least {MIN_VCPUS} are required."
                )
            return flavor
    raise exception.FlavorNotFound(flavor=wanted)


def _limits(cluster: Cluster, group: NodeGroup) -> tuple[int, int]:
    """Least and greatest number of nodes; they are the count itself where the autoscaler has no say."""
    count = int(group.node_count)
    if group.role == "master" or not flag(cluster, "auto_scaling_enabled"):
        return count, count
    minimum = count if group.min_node_count is None else int(group.min_node_count)
    maximum = count if group.max_node_count is None else int(group.max_node_count)
    if group.is_default:
        # Magnum writes 0 or 1 where nobody asked for a minimum; the cluster's labels win over the fields.
        minimum = number(cluster, "min_node_count", count if minimum <= 1 else minimum)
        maximum = number(cluster, "max_node_count", maximum)
    rules = {
        f"its min ({minimum}) must be at least 1": minimum >= 1,
        f"its min ({minimum}) must not be more than its node count ({count})": minimum <= count,
        f"its max ({maximum}) must not be less than its min ({minimum})": minimum <= maximum,
    }
    broken = [rule for rule, holds in rules.items() if not holds]
    if broken:
        raise exception.MagnumException(message=f"Node group {group.name}: {'; '.join(broken)}.")
    return minimum, maximum


def wanted(context: Any, cluster: Cluster, group: NodeGroup, *, ready_at: float) -> spec.NodeGroup:
    """What the controller has to make of `group`, whose first nodes join at `ready_at` (unix time).

    A Magnum exception says what about the flavor or the counts is not possible.
    """
    flavor = _flavor(context, group.flavor_id)
    minimum, maximum = _limits(cluster, group)
    return spec.NodeGroup(
        uuid=group.uuid,
        name=spec.sanitized(group.name),
        role=group.role,
        flavor=flavor.name,
        vcpus=flavor.vcpus,
        ram_mib=flavor.ram,
        disk_gib=number(cluster, "boot_volume_size", flavor.disk),
        count=group.node_count,
        minimum=minimum,
        maximum=maximum,
        autoscaled=minimum < maximum,
        ready_at=ready_at,
    )
