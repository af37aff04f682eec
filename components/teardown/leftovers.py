"""What is left of a gateway in the cloud: each thing with its cost a day and the command that removes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from openstack.connection import Connection
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from components.cloud.ownership import OWNER_LABEL, description
from components.homes.metadata import CLAIM, CSI_CLUSTER, is_home
from components.site import SITE

POLL_SECONDS = 5
CREDENTIAL = "magnum-"
"""A cluster's application credential is named after it: this prefix and the cluster's UUID."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """One thing that is left of a gateway."""

    kind: str
    name: str
    remove: str
    """The command that removes it."""
    cost: str = "0 SU"
    """A day. Jetstream2 does not bill storage and addresses in SU; they count against the quota."""
    going: bool = False
    """The cloud is deleting it."""
    kept: bool = False
    """The settings keep it."""

    def __str__(self) -> str:
        text = f"{self.kind} {self.name}: {self.cost} a day"
        return f"kept: {text}" if self.kept else f"{text}; remove it with `{self.remove}`"


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Whose leftovers are looked for."""

    name: str
    fqdn: str
    zone_id: str
    keep: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    """Stray credentials from before this gateway."""


def names_of(gateway: str, cloud: Connection) -> re.Pattern[str]:
    """A pattern for the names by which the cloud knows the gateway's cluster.

    Magnum knows it by its name, Cluster API by that name and 12 more characters. Another cluster whose name
    happens to have that form does not match.
    """
    others = [
        str(name)
        for cluster in cloud.container_infrastructure_management.clusters()
        if cluster.name != gateway
        for name in (cluster.name, cluster.stack_id)
        if name
    ]
    excluded = "".join(rf"(?!{re.escape(name)}(?![a-z0-9]))" for name in others)
    return re.compile(rf"{excluded}{re.escape(gateway)}(-[a-z0-9]{{12}})?(?![a-z0-9])")


def strays(cloud: Connection) -> Iterator[tuple[str, str]]:
    """Id and name of each credential whose cluster is gone.

    Nothing says which gateway the cluster belonged to, so only those count that were not there before.
    """
    clusters = {cluster.uuid for cluster in cloud.container_infrastructure_management.clusters()}
    project = cloud.current_project_id
    identity: Any = cloud.identity  # of version 3, as application credentials are
    for credential in identity.application_credentials(user=cloud.current_user_id):
        name = str(credential.name)
        ours = credential.project_id in (project, None)
        if ours and name.startswith(CREDENTIAL) and name.removeprefix(CREDENTIAL) not in clusters:
            yield str(credential.id), name


def _clusters(cloud: Connection, gateway: Gateway) -> Iterator[Left]:
    for cluster in cloud.container_infrastructure_management.clusters():
        if cluster.name == gateway.name:
            full = cloud.container_infrastructure_management.get_cluster(cluster)
            if (full.labels or {}).get(OWNER_LABEL) == gateway.name:
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
        cluster = rest.split("_")[0] if not service else _control_plane(str(balancer.name))
        if names.fullmatch(cluster):
            yield Left(
                kind="load balancer",
                name=balancer.name,
                remove=f"openstack loadbalancer delete --cascade {balancer.id}",
                going=balancer.provisioning_status == "PENDING_DELETE",
            )


def _control_plane(balancer: str) -> str:
    """The cluster whose API server is behind the load balancer, by Cluster API's name; else ''."""
    found = re.fullmatch(r"k8s-clusterapi-cluster-(?:magnum-[0-9a-f]+-)?(.+)-kubeapi", balancer)
    return found[1] if found else ""


def _addresses(cloud: Connection, gateway: Gateway, names: re.Pattern[str]) -> Iterator[Left]:
    for ip in cloud.network.ips():
        text = str(ip.description or "")
        reserved = text == description(gateway.name)
        made_for, _, cluster = text.rpartition(" from cluster ")
        if reserved or (made_for.startswith("Floating IP for Kubernetes") and names.fullmatch(cluster)):
            yield Left(
                kind="floating IP",
                name=ip.floating_ip_address,
                remove=f"openstack floating ip delete {ip.id}",
                kept=reserved and "address" in gateway.keep,
            )


def _of_a_machine(name: str, names: re.Pattern[str]) -> bool:
    """Whether it begins with Cluster API's name of the cluster. Anybody may use Magnum's name."""
    found = names.match(name)
    return found is not None and found[1] is not None


def _servers(cloud: Connection, names: re.Pattern[str]) -> Iterator[Left]:
    flavors = {flavor.id: flavor.name for flavor in cloud.compute.flavors(details=False)}
    for server in cloud.compute.servers(details=True):
        if _of_a_machine(server.name, names):
            flavor = server.flavor.original_name or flavors.get(server.flavor.id, "unknown flavor")
            price = SITE.su_per_hour.get(flavor)
            yield Left(
                kind="server",
                name=server.name,
                cost=f"the price of {flavor}" if price is None else f"{24 * price:g} SU",
                remove=f"openstack server delete {server.id}",
                going=server.task_state == "deleting",
            )


def _volumes(cloud: Connection, gateway: Gateway, names: re.Pattern[str]) -> Iterator[Left]:
    for volume in cloud.block_storage.volumes(details=True):
        said = volume.metadata or {}
        home, claimed = is_home(said, gateway.name), names.fullmatch(str(said.get(CSI_CLUSTER, "")))
        if home or claimed or _of_a_machine(volume.name or "", names):
            yield Left(
                kind="home" if home else "volume" if claimed else "root disk",
                name=f"{said[CLAIM]} ({volume.name or volume.id})" if home else volume.name or volume.id,
                cost=f"0 SU, {volume.size} GiB of the quota",
                remove=f"openstack volume delete {volume.id}",
                going=volume.status == "deleting",
                kept=home and "homes" in gateway.keep,
            )


def _records(cloud: Connection, gateway: Gateway) -> Iterator[Left]:
    for record in cloud.dns.recordsets(gateway.zone_id):
        if record.name == f"{gateway.fqdn}." and record.description == description(gateway.name):
            yield Left(
                kind="record",
                name=record.name,
                remove=f"openstack recordset delete {gateway.zone_id} {record.id}",
                going=record.status == "PENDING" and record.action == "DELETE",
            )


def _credentials(cloud: Connection, gateway: Gateway) -> Iterator[Left]:
    for key, name in strays(cloud):
        if key not in gateway.known:
            yield Left(
                kind="application credential",
                name=name,
                remove=f"openstack application credential delete {key}",
            )


def left(cloud: Connection, gateway: Gateway) -> list[Left]:
    """Everything of `gateway` that is in the cloud, including what is kept. Raises openstacksdk's errors."""
    names = names_of(gateway.name, cloud)
    looks: list[Iterable[Left]] = [
        _clusters(cloud, gateway),
        _balancers(cloud, names),
        _addresses(cloud, gateway, names),
        _servers(cloud, names),
        _volumes(cloud, gateway, names),
        _records(cloud, gateway),
        _credentials(cloud, gateway),
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
