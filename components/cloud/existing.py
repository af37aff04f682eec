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
    Owner,
    described,
    marked,
)
from components.settings.errors import Mistake, SettingsError
from components.settings.model import DEFAULT_WORKER, Settings

TWO_WAYS = "for another one `pulumi stack init` a stack of its own, or `pulumi destroy` this gateway first"


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


def check_owner(owner: Owner, found: Owner | None, what: str) -> None:
    """Raises SettingsError where what the cloud has under the gateway's name is not the owner's."""
    if found is None or found.gateway != owner.gateway or not found.stack:
        rule = f"is the name of a {what} that no gateway created; choose another, or delete that one"
        raise _name(owner.gateway, rule)
    if found.stack != owner.stack:
        raise _name(
            owner.gateway,
            f"is the name of a gateway of the stack {found.stack}; choose another. If this is that stack,"
            f" renamed, set gateway:renamed: {{from: {found.stack}, to: {owner.stack}}}",
        )


def check_moved(owner: Owner, found: Owner | None) -> None:
    """Raises SettingsError where the owner's stack already has something as a gateway of another name."""
    if found is not None and found.stack == owner.stack and found.gateway != owner.gateway:
        raise _name(owner.gateway, f"must stay {found.gateway}; {TWO_WAYS}")


def _name(value: str, rule: str) -> SettingsError:
    return SettingsError([Mistake(key="gateway:name", rule=rule, value=value)])


def find_cluster(connection: Connection, settings: Settings, owner: Owner) -> ExistingCluster | None:
    """The cluster of the gateway's name.

    Raises SettingsError: it is somebody else's, is being deleted, or can't become what the settings want; or
    this stack has a gateway of another name.
    """
    clusters = list(connection.container_infrastructure_management.clusters())
    for cluster in clusters:
        if not cluster.status.startswith("DELETE"):
            check_moved(owner, marked(cluster.labels))
    named = [cluster for cluster in clusters if cluster.name == settings.name]
    if not named:
        return None
    if len(named) > 1:
        # Magnum allows it; it happens when a run is interrupted and the creation that it began fails later.
        listed = ", ".join(f"{cluster.uuid} in {cluster.status}" for cluster in named)
        rule = f"is the name of {len(named)} clusters ({listed}); delete all but one of them"
        raise _name(settings.name, rule)
    found = connection.container_infrastructure_management.get_cluster(named[0])
    labels, status = found.labels or {}, found.status or ""
    check_owner(owner, marked(labels), "cluster")
    if status.startswith("DELETE"):
        rule = f"is still the name of a cluster in {status}; wait until it is gone and run this again"
        raise _name(settings.name, rule)
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


def find_address(connection: Connection, settings: Settings, owner: Owner) -> str | None:
    """Id of the gateway's address in the network that the settings name.

    Raises SettingsError: it is another stack's, or in another network.
    """
    public = settings.network.public
    names = {network.id: network.name for network in connection.network.networks()}
    ours: dict[str | None, str] = {}  # the first in each network
    for ip in connection.network.ips():
        found = described(ip.description)
        if found is not None and found.gateway == owner.gateway:
            check_owner(owner, found, "floating IP")
            ours.setdefault(names.get(ip.floating_network_id), str(ip.id))
    if ours and public not in ours:
        has = next(iter(ours))
        rule = f"must be {has}, where the gateway's address is; for another one destroy the gateway first"
        raise SettingsError([Mistake(key="gateway:network.public", rule=rule, value=public)])
    return ours.get(public)


def find_record(connection: Connection, settings: Settings, owner: Owner) -> str | None:
    """Id of the gateway's record, as the engine imports it.

    Raises SettingsError: it is somebody else's; or this stack has one of another name or in another zone.
    """
    fqdn, here = f"{settings.fqdn}.", None
    for zone in connection.dns.zones():
        for record in connection.dns.recordsets(zone.id):
            if record.type not in ("A", "AAAA", "CNAME"):
                continue
            found = described(record.description)
            check_moved(owner, found)
            if record.name == fqdn:
                check_owner(owner, found, "record")
                here = f"{zone.id}/{record.id}"
            elif found == owner:
                rule = f"must stay {zone.name}, where the gateway's record is; {TWO_WAYS}"
                raise SettingsError([Mistake(key="gateway:zone", rule=rule, value=settings.zone)])
    return here


def check_homes(connection: Connection, _: Settings, owner: Owner) -> None:
    """Raises SettingsError where another stack's gateway of this name left homes to be taken back."""
    for volume in connection.block_storage.volumes(details=True):
        found = marked(volume.metadata)
        if found is not None and found.gateway == owner.gateway and found.stack:
            check_owner(owner, found, "home")
