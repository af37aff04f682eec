"""What a gateway already has in the cloud, so that it is imported, not created twice.

The stack's state lacks what a run created whose engine was killed between the request and its answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import raise_from_response

from components.cloud.ownership import (
    ATTEMPT_LABEL,
    AUTOSCALING_LABEL,
    GROUP_ATTEMPT_LABEL,
    NODE_GROUPS,
    OWNER_LABEL,
    description,
)
from components.settings.errors import Mistake, SettingsError
from components.settings.model import DEFAULT_WORKER, Settings


@dataclass(frozen=True, kw_only=True)
class Made:
    """What Magnum has created for the gateway, or failed to."""

    id: str
    """The id for an import: the cluster's, or `<cluster id>/<node group id>`."""
    attempt: int = 1
    """Number of creations of this name so far, this one included."""
    failed: bool = False
    """Its creation failed, so only a new one helps."""

    @property
    def attempt_wanted(self) -> int:
        """The attempt that the gateway needs: the next one if this one failed."""
        return self.attempt + self.failed


@dataclass(frozen=True, kw_only=True)
class ExistingCluster(Made):
    """The gateway's cluster as Magnum has it."""

    template_id: str
    """UUID of the template that it has now. The cloud may not offer it any more."""


@dataclass(frozen=True, kw_only=True)
class ExistingNodeGroup(Made):
    """A node group of the gateway's cluster as Magnum has it."""

    flavor: str


@dataclass(frozen=True, kw_only=True)
class Existing:
    """What this gateway already has in the cloud. The engine ignores what its state holds already."""

    cluster: ExistingCluster | None = None
    address: str | None = None
    record: str | None = None
    node_groups: dict[str, ExistingNodeGroup] = field(default_factory=dict)


def find_cluster(connection: Connection, settings: Settings) -> ExistingCluster | None:
    """The cluster of the gateway's name.

    Raises SettingsError: it is somebody else's, is being deleted, or can't become what the settings want.
    """
    named = [c for c in connection.container_infrastructure_management.clusters() if c.name == settings.name]
    if not named:
        return None
    if len(named) > 1:
        # Magnum allows it; it happens when a run is interrupted and the creation that it began fails later.
        listed = ", ".join(f"{cluster.uuid} in {cluster.status}" for cluster in named)
        rule = f"is the name of {len(named)} clusters ({listed}); delete all but one of them"
        raise SettingsError([Mistake(key="gateway:name", rule=rule, value=settings.name)])
    found = connection.container_infrastructure_management.get_cluster(named[0])
    labels, status = found.labels or {}, found.status or ""
    if labels.get(OWNER_LABEL) != settings.name:
        rule = "is the name of a cluster that this gateway did not make; choose another, or delete that one"
        raise SettingsError([Mistake(key="gateway:name", rule=rule, value=settings.name)])
    if status.startswith("DELETE"):
        rule = f"is still the name of a cluster in {status}; wait until it is gone and run this again"
        raise SettingsError([Mistake(key="gateway:name", rule=rule, value=settings.name)])
    failed = status == "CREATE_FAILED"
    if not failed and (changed := list(_changed(settings, found))):
        raise SettingsError(changed)
    return ExistingCluster(
        id=str(found.uuid),
        template_id=str(found.cluster_template_id),
        attempt=int(labels.get(ATTEMPT_LABEL, 1)),
        failed=failed,
    )


def _changed(settings: Settings, found: Any) -> Iterator[Mistake]:
    """What the settings want of the cluster `found` that Magnum can give to a new one only."""
    cluster, network, labels = settings.cluster, settings.network, found.labels or {}
    fixed: dict[str, tuple[Any, Any]] = {
        "cluster.flavor": (cluster.flavor, found.flavor_id),
        "cluster.masterFlavor": (cluster.master_flavor, found.master_flavor_id),
        "cluster.masters": (cluster.masters, found.master_count),
        "network.fixed": (network.fixed, found.fixed_network),
        "network.subnet": (network.subnet, found.fixed_subnet),
        **{f"cluster.labels.{key}": (wanted, labels.get(key)) for key, wanted in cluster.labels.items()},
    }
    for key, (wanted, has) in fixed.items():
        if wanted != has:
            rule = f"must be {has}, what the cluster has; for another one destroy the gateway first"
            yield Mistake(key=f"gateway:{key}", rule=rule, value=wanted)
    if labels.get(AUTOSCALING_LABEL, "false").lower() != "true":
        rule = "must be its min, since the cluster was made without autoscaling; destroy the gateway first"
        for i, group in enumerate(settings.node_groups):
            if group.max > group.min:
                yield Mistake(key=f"gateway:nodeGroups[{i}].max", rule=rule, value=group.max)


def find_node_groups(connection: Connection, cluster: str, workers: int) -> dict[str, ExistingNodeGroup]:
    """The cluster's node groups by name, but for those that are being deleted.

    Raises SettingsError: the cluster has another count of nodes of its own than `workers`.
    """
    magnum = connection.container_infrastructure_management

    def get(path: str) -> dict[str, Any]:
        answer = magnum.get(f"/clusters/{cluster}/nodegroups{path}", microversion=NODE_GROUPS)
        raise_from_response(answer)
        return dict(answer.json())

    groups = get("")["nodegroups"]
    count = next((group["node_count"] for group in groups if group["name"] == DEFAULT_WORKER), workers)
    if count != workers:
        # Its Cluster API driver refuses the update that the provider sends for another count.
        rule = (
            f"must be {count}, what the cluster has; Magnum changes it by `openstack coe cluster resize` only"
        )
        raise SettingsError([Mistake(key="gateway:cluster.workers", rule=rule, value=workers)])
    return {
        group["name"]: ExistingNodeGroup(
            id=f"{cluster}/{group['uuid']}",
            flavor=group["flavor_id"],
            attempt=int((get(f"/{group['uuid']}").get("labels") or {}).get(GROUP_ATTEMPT_LABEL, 1)),
            failed=group["status"] == "CREATE_FAILED",
        )
        for group in groups
        if not group["is_default"] and not group["status"].startswith("DELETE")
    }


def find_address(connection: Connection, settings: Settings) -> str | None:
    """Id of the gateway's address.

    Raises SettingsError: it is of another network than the settings name.
    """
    ours = description(settings.name)
    found = [ip for ip in connection.network.ips(description=ours) if ip.description == ours]
    networks = {network.id: network.name for network in connection.network.networks()}
    wanted = settings.network.public
    here = next((str(ip.id) for ip in found if networks.get(ip.floating_network_id) == wanted), None)
    if found and here is None:
        has = networks.get(found[0].floating_network_id, found[0].floating_network_id)
        rule = f"must be {has}, where the gateway's address is; for another one delete that address first"
        raise SettingsError([Mistake(key="gateway:network.public", rule=rule, value=wanted)])
    return here


def find_record(connection: Connection, settings: Settings, zone_id: str) -> str | None:
    """Id of the gateway's record, as the engine imports it.

    Raises SettingsError: it is somebody else's.
    """
    fqdn = f"{settings.fqdn}."
    records = [
        r
        for r in connection.dns.recordsets(zone_id, name=fqdn)
        if r.name == fqdn and r.type in ("A", "CNAME")
    ]
    if not records:
        return None
    if records[0].description != description(settings.name):
        rule = (
            f"gives the host {fqdn}, which has a record that this gateway did not make; choose another name"
        )
        raise SettingsError([Mistake(key="gateway:name", rule=rule, value=settings.name)])
    return f"{zone_id}/{records[0].id}"
