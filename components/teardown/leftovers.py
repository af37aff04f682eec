"""What is left of a gateway in the cloud: each thing with its cost a day and the command that removes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from openstack.connection import Connection
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from components.cloud.ownership import (
    CSI_CLUSTER,
    FILES,
    Owner,
    described,
    marked,
    names_of,
    of_a_machine,
)
from components.homes.metadata import CLAIM, is_home
from components.site import SITE
from components.teardown.left import Gateway, Left
from components.teardown.strays import strays

POLL_SECONDS = 5
CONTROL_PLANE = re.compile(r"k8s-clusterapi-cluster-(?:magnum-[0-9a-f]+-)?(.+)-kubeapi")
"""The load balancer of a cluster's API server, as cluster-api-provider-openstack calls it."""
SECURITY_GROUP = re.compile(
    r"k8s-cluster-(?:magnum-[0-9a-f]+-)?(.+)-secgroup-(?:controlplane|worker|bastion)"
)
"""The security groups of its machines (`securitygroups.go` there)."""


def _is_of(owner: Owner | None, gateway: Gateway) -> bool:
    return owner is not None and owner.gateway == gateway.name


def _clusters(cloud: Connection, gateway: Gateway) -> Iterator[Left]:
    for cluster in cloud.container_infrastructure_management.clusters():
        if cluster.name == gateway.name:
            full = cloud.container_infrastructure_management.get_cluster(cluster)
            if _is_of(marked(full.labels), gateway):
                yield Left(
                    kind="cluster",
                    name=f"{cluster.name} ({cluster.status})",
                    cost="see its servers",
                    remove=f"openstack coe cluster delete {cluster.uuid}",
                    going=cluster.status == "DELETE_IN_PROGRESS",
                )


def _balancers(cloud: Connection, names: re.Pattern[str]) -> Iterator[Left]:
    for balancer in cloud.load_balancer.load_balancers():
        service, _, rest = str(balancer.name).partition("kube_service_")
        cluster = rest.split("_")[0] if not service else _cluster_api(CONTROL_PLANE, balancer.name)
        if names.fullmatch(cluster):
            yield Left(
                kind="load balancer",
                name=balancer.name,
                remove=f"openstack loadbalancer delete --cascade {balancer.id}",
                going=balancer.provisioning_status == "PENDING_DELETE",
            )


def _cluster_api(pattern: re.Pattern[str], name: str) -> str:
    """The cluster by Cluster API's name in the `name` of what its OpenStack provider made; else ''."""
    found = pattern.fullmatch(name)
    return found[1] if found else ""


def _addresses(cloud: Connection, gateway: Gateway, names: re.Pattern[str]) -> Iterator[Left]:
    for ip in cloud.network.ips():
        text = str(ip.description or "")
        reserved = _is_of(described(text), gateway)
        made_for, _, cluster = text.rpartition(" from cluster ")
        if reserved or (made_for.startswith("Floating IP for Kubernetes") and names.fullmatch(cluster)):
            yield Left(
                kind="floating IP",
                name=ip.floating_ip_address,
                remove=f"openstack floating ip delete {ip.id}",
                kept=reserved and "address" in gateway.keep,
            )


def _servers(cloud: Connection, names: re.Pattern[str]) -> Iterator[Left]:
    flavors = {flavor.id: flavor.name for flavor in cloud.compute.flavors(details=False)}
    for server in cloud.compute.servers(details=True):
        if of_a_machine(server.name, names):
            flavor = server.flavor.original_name or flavors.get(server.flavor.id, "unknown flavor")
            price = SITE.su_per_hour.get(flavor)
            yield Left(
                kind="server",
                name=server.name,
                cost=f"the price of {flavor}" if price is None else f"{24 * price:g} SU",
                remove=f"openstack server delete {server.id}",
                going=server.task_state == "deleting",
            )


def _ports(cloud: Connection, names: re.Pattern[str]) -> Iterator[Left]:
    """The machines' ports, `<machine>-<number>`: a server that is deleted by hand leaves them."""
    for port in cloud.network.ports():
        if of_a_machine(port.name or "", names):
            yield Left(kind="port", name=port.name, remove=f"openstack port delete {port.id}")


def _security_groups(cloud: Connection, names: re.Pattern[str]) -> Iterator[Left]:
    for group in cloud.network.security_groups():
        # Of a load balancer: cloud-provider-openstack's `lb-sg-<Service's UID>-…`, which this text describes.
        of_a_service = re.fullmatch(r"Security Group for .* in cluster (.+)", group.description or "")
        cluster = of_a_service[1] if of_a_service else _cluster_api(SECURITY_GROUP, group.name)
        if names.fullmatch(cluster):
            remove = f"openstack security group delete {group.id}"
            yield Left(kind="security group", name=group.name, remove=remove)


def _snapshots(cloud: Connection, gateway: Gateway) -> Iterator[Left]:
    """Before the volumes: Cinder deletes none that has snapshots."""
    for snapshot in cloud.block_storage.snapshots(details=True):
        if _is_of(marked(snapshot.metadata), gateway):
            yield Left(
                kind="snapshot",
                name=snapshot.name or snapshot.id,
                cost=f"0 SU, {snapshot.size} GiB of the quota",
                remove=f"openstack volume snapshot delete {snapshot.id}",
                going=snapshot.status == "deleting",
                kept="homes" in gateway.keep,
            )


def _credentials(cloud: Connection, gateway: Gateway) -> Iterator[Left]:
    """The one that backups log in with."""
    identity: Any = cloud.identity  # of version 3, as application credentials are
    for credential in identity.application_credentials(user=cloud.current_user_id):
        if _is_of(described(credential.description), gateway):
            remove = f"openstack application credential delete {credential.id}"
            yield Left(kind="application credential", name=credential.name, remove=remove)


def _volumes(cloud: Connection, gateway: Gateway, names: re.Pattern[str]) -> Iterator[Left]:
    for volume in cloud.block_storage.volumes(details=True):
        said = volume.metadata or {}
        home, claimed = is_home(said, gateway.name), names.fullmatch(str(said.get(CSI_CLUSTER, "")))
        files = FILES in said and _is_of(marked(said), gateway)
        if home or claimed or files or of_a_machine(volume.name or "", names):
            kinds = {"home": home, "volume of files": files, "volume": claimed}
            yield Left(
                kind=next((kind for kind, is_one in kinds.items() if is_one), "root disk"),
                name=f"{said[CLAIM]} ({volume.name or volume.id})" if home else volume.name or volume.id,
                cost=f"0 SU, {volume.size} GiB of the quota",
                remove=f"openstack volume delete {volume.id}",
                going=volume.status == "deleting",
                kept=(home or files) and "homes" in gateway.keep,
            )


def _records(cloud: Connection, gateway: Gateway) -> Iterator[Left]:
    for record in cloud.dns.recordsets(gateway.zone_id):
        if record.name == f"{gateway.fqdn}." and _is_of(described(record.description), gateway):
            yield Left(
                kind="record",
                name=record.name,
                remove=f"openstack recordset delete {gateway.zone_id} {record.id}",
                going=record.status == "PENDING" and record.action == "DELETE",
            )


def left(cloud: Connection, gateway: Gateway) -> list[Left]:
    """Everything of `gateway` that is in the cloud, including what is kept. Raises openstacksdk's errors."""
    names = names_of(gateway.name, cloud)
    looks: list[Iterable[Left]] = [
        _clusters(cloud, gateway),
        _balancers(cloud, names),
        _addresses(cloud, gateway, names),
        _servers(cloud, names),
        _ports(cloud, names),
        _security_groups(cloud, names),
        _snapshots(cloud, gateway),
        _volumes(cloud, gateway, names),
        _records(cloud, gateway),
        _credentials(cloud, gateway),
        (stray for key, stray in strays(cloud, gateway.name) if key not in gateway.known),
    ]
    return [thing for look in looks for thing in look]


def settled(cloud: Connection, gateway: Gateway, *, timeout_s: float) -> list[Left]:
    """The same as `left`, once the cloud has finished deleting; at most `timeout_s` later."""
    wait = Retrying(
        stop=stop_after_delay(timeout_s),
        wait=wait_fixed(POLL_SECONDS),
        retry=retry_if_result(lambda found: any(thing.going for thing in found)),
    )
    try:
        return wait(left, cloud, gateway)
    except RetryError as error:
        return list(error.last_attempt.result())
