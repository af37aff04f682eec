"""What the program must know of the cloud before it makes anything: one read-only look, all mistakes at once.

Names in the settings become ids here. What this gateway made earlier but the stack's state does not hold
(its engine was killed between the call and its answer) is found too, so that it is taken up, not made twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import openstack
from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import ConfigException, SDKException, raise_from_response

from components.errors import Mistake, SettingsError
from components.settings import DEFAULT_WORKER, Settings

OWNER_LABEL = "gateway"
"""The cluster's label that says which gateway made it."""
ATTEMPT_LABEL = "gateway_attempt"
"""The cluster's label that counts up when a cluster whose creation failed is made anew."""
GROUP_ATTEMPT_LABEL = "gateway_group_attempt"
"""The same of a node group, by a name of its own since it inherits the cluster's labels."""
NODE_GROUPS = "1.9"
"""Magnum's API since this microversion has node groups; without it the answer is 406."""


def description(gateway: str) -> str:
    """The text by which an address or a record is known as the gateway's own."""
    return f"Science gateway {gateway}, made by Pulumi"


@dataclass(frozen=True, kw_only=True)
class ExistingCluster:
    """The gateway's cluster as Magnum has it."""

    id: str
    attempt: int = 1
    """How many clusters were tried, this one included."""
    failed: bool = False
    """Its creation failed, so that nothing but a new one can help."""


@dataclass(frozen=True, kw_only=True)
class ExistingNodeGroup:
    """A node group of the gateway's cluster as Magnum has it."""

    id: str
    """As the engine imports it: `<cluster id>/<node group id>`."""
    attempt: int = 1
    """How many node groups of this name were tried, this one included."""
    failed: bool = False
    """Its creation failed, so that nothing but a new one can help."""


@dataclass(frozen=True, kw_only=True)
class Existing:
    """What this gateway already has in the cloud, by id; the engine skips what its state holds."""

    cluster: ExistingCluster | None = None
    address: str | None = None
    record: str | None = None
    node_groups: dict[str, ExistingNodeGroup] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The cloud as the program needs it."""

    template_id: str
    zone_id: str
    existing: Existing = Existing()


def survey(settings: Settings, cloud: str | None) -> Survey:
    """Look up all that `settings` names in `cloud` (of clouds.yaml; OS_CLOUD or OS_* where it is None).

    Raises SettingsError: the cloud can't be reached, or does not have what is named.
    """
    try:
        connection: Connection = openstack.connect(cloud=cloud)
        connection.authorize()
    except (ConfigException, SDKException, ClientException) as error:
        raise SettingsError([_unreachable(cloud, error)]) from None
    looks: list[Callable[[Connection, Settings], Any]] = [
        _template,
        _zone,
        _flavors,
        _networks,
        _cluster,
        _address,
    ]
    mistakes: list[Mistake] = []
    found: list[Any] = []
    with ThreadPoolExecutor(max_workers=len(looks)) as pool:
        for future in [pool.submit(look, connection, settings) for look in looks]:
            try:
                found.append(future.result())
            except SettingsError as error:
                found.append(None)
                mistakes.extend(error.mistakes)
            except (SDKException, ClientException) as error:
                found.append(None)
                mistakes.append(_unreachable(cloud, error))
    if mistakes:
        raise SettingsError(dict.fromkeys(mistakes))
    template_id, zone_id, _, _, cluster, address = found
    try:
        record = _record(connection, settings, zone_id)
        alive = cluster and not cluster.failed  # the groups of one that failed go with it
        node_groups = _node_groups(connection, cluster.id, settings.cluster.workers) if alive else {}
    except (SDKException, ClientException) as error:
        raise SettingsError([_unreachable(cloud, error)]) from None
    existing = Existing(cluster=cluster, address=address, record=record, node_groups=node_groups)
    return Survey(template_id=template_id, zone_id=zone_id, existing=existing)


def _unreachable(cloud: str | None, error: Exception) -> Mistake:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return Mistake(
        key="openstack:cloud",
        rule=f"must name a cloud of clouds.yaml that answers ({reason})",
        value=cloud or "the cloud of OS_CLOUD or OS_AUTH_URL",
        example="`openstack --os-cloud NAME token issue` must work",
    )


def _one_of(key: str, wanted: str, names: Iterable[str], what: str) -> Mistake:
    offered = ", ".join(sorted(names)) or "none"
    return Mistake(key=f"gateway:{key}", rule=f"must be a {what} of this cloud ({offered})", value=wanted)


def _template(connection: Connection, settings: Settings) -> str:
    templates = list(connection.container_infrastructure_management.cluster_templates())
    matches = [template for template in templates if template.name == settings.cluster.template]
    if not matches:
        names = [template.name for template in templates]
        raise SettingsError(
            [_one_of("cluster.template", settings.cluster.template, names, "cluster template")]
        )
    return str(matches[0].uuid)


def _zone(connection: Connection, settings: Settings) -> str:
    zones = list(connection.dns.zones())
    matches = [zone for zone in zones if zone.name == settings.zone]
    if not matches:
        raise SettingsError([_one_of("zone", settings.zone, [zone.name for zone in zones], "DNS zone")])
    return str(matches[0].id)


def _flavors(connection: Connection, settings: Settings) -> None:
    names = {flavor.name for flavor in connection.compute.flavors(details=False)}
    wanted = {
        "cluster.flavor": settings.cluster.flavor,
        "cluster.masterFlavor": settings.cluster.master_flavor,
        **{f"nodeGroups[{i}].flavor": group.flavor for i, group in enumerate(settings.node_groups)},
    }
    missing = [_one_of(key, flavor, names, "flavor") for key, flavor in wanted.items() if flavor not in names]
    if missing:
        raise SettingsError(missing)


def _networks(connection: Connection, settings: Settings) -> None:
    names = {network.name for network in connection.network.networks()}
    subnets = {subnet.name for subnet in connection.network.subnets()}
    wanted = settings.network
    checks = [
        ("network.public", wanted.public, names, "network"),
        ("network.fixed", wanted.fixed, names, "network"),
        ("network.subnet", wanted.subnet, subnets, "subnet"),
    ]
    missing = [_one_of(key, name, known, what) for key, name, known, what in checks if name not in known]
    if missing:
        raise SettingsError(missing)


def _cluster(connection: Connection, settings: Settings) -> ExistingCluster | None:
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
    if not failed and (changed := {k: v for k, v in settings.cluster.labels.items() if labels.get(k) != v}):
        rule = "can't change once the cluster is made; put the old ones back, or destroy the gateway first"
        shown = ", ".join(f"{key}: {value}" for key, value in changed.items())
        raise SettingsError([Mistake(key="gateway:cluster.labels", rule=rule, value=shown)])
    return ExistingCluster(id=str(found.uuid), attempt=int(labels.get(ATTEMPT_LABEL, 1)), failed=failed)


def _node_groups(connection: Connection, cluster: str, workers: int) -> dict[str, ExistingNodeGroup]:
    """The cluster's node groups by name, but for those that are being deleted."""
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
            attempt=int((get(f"/{group['uuid']}").get("labels") or {}).get(GROUP_ATTEMPT_LABEL, 1)),
            failed=group["status"] == "CREATE_FAILED",
        )
        for group in groups
        if not group["is_default"] and not group["status"].startswith("DELETE")
    }


def _address(connection: Connection, settings: Settings) -> str | None:
    ours = description(settings.name)
    return next(
        (str(ip.id) for ip in connection.network.ips(description=ours) if ip.description == ours), None
    )


def _record(connection: Connection, settings: Settings, zone_id: str) -> str | None:
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
