"""Whether the project's quotas hold the gateway: at its minimum, which `pulumi up` makes, and its maximum."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import SDKException

from components.cloud.existing import Existing
from components.cloud.flavors import Flavor
from components.cloud.ownership import CSI_CLUSTER, Owner, marked, names_of, of_a_machine
from components.settings.errors import Mistake
from components.settings.model import Settings

DATABASE_GIB = 1
"""Of the hub's database, the chart's default."""


@dataclass(frozen=True)
class Quota:
    """A limit of the project, below 0 for none, and what others than the gateway use of it."""

    limit: float
    others: float


Quotas = dict[str, Quota]
"""By what is counted."""


def _servers(connection: Connection, owner: Owner) -> list[Any]:
    """The flavor of each of the gateway's servers."""
    names = names_of(owner.gateway, connection)
    flavors = {flavor.id: flavor for flavor in connection.compute.flavors(details=True)}
    return [
        flavors.get(server.flavor.id, server.flavor)  # since Nova's 2.47 the server's own has no id
        for server in connection.compute.servers(details=True)
        if of_a_machine(server.name, names)
    ]


def find_servers(connection: Connection, _: Settings, owner: Owner) -> list[str] | None:
    """Names of the flavors of the gateway's servers; None where Nova does not tell."""
    try:
        return [str(found.name or found.original_name) for found in _servers(connection, owner)]
    except (SDKException, ClientException):
        return None


def _compute(connection: Connection, owner: Owner) -> Quotas:
    limits, ours = connection.compute.get_limits().absolute, _servers(connection, owner)
    ram = limits.total_ram_used - sum(flavor.ram for flavor in ours)
    return {
        "instances": Quota(limits.instances, limits.instances_used - len(ours)),
        "cores": Quota(limits.total_cores, limits.total_cores_used - sum(flavor.vcpus for flavor in ours)),
        "GiB of RAM": Quota(limits.total_ram / 1024, ram / 1024),
    }


def _volumes(connection: Connection, owner: Owner) -> Quotas:
    limits = connection.block_storage.get_limits().absolute
    names = names_of(owner.gateway, connection)
    ours = []
    for volume in connection.block_storage.volumes(details=True):
        of, cluster = marked(volume.metadata), str((volume.metadata or {}).get(CSI_CLUSTER, ""))
        if of == owner or names.fullmatch(cluster) or of_a_machine(volume.name or "", names):
            ours.append(volume.size)
    found = connection.block_storage.snapshots(details=True)
    copies = [snapshot.size for snapshot in found if marked(snapshot.metadata) == owner]
    gib = limits.total_gigabytes_used - sum(ours) - sum(copies)
    return {
        "volumes": Quota(limits.max_total_volumes, limits.total_volumes_used - len(ours)),
        "GiB of volumes": Quota(limits.max_total_volume_gigabytes, max(0, gib)),
        "snapshots": Quota(limits.max_total_snapshots, limits.total_snapshots_used - len(copies)),
    }


def _network(connection: Connection, _: Owner) -> Quotas:
    found = connection.network.get_quota(str(connection.current_project_id), details=True)
    counted = {"floating IPs": found.floating_ips, "security groups": found.security_groups}
    return {what: Quota(told["limit"], told["used"]) for what, told in counted.items()}


def _balancers(connection: Connection, _: Owner) -> Quotas:
    limit = connection.load_balancer.get_quota(str(connection.current_project_id)).load_balancers
    if limit is None:  # the deployment's default, which Octavia keeps to itself
        return {}
    return {"load balancers": Quota(limit, len(list(connection.load_balancer.load_balancers())))}


SERVICES: dict[str, Callable[[Connection, Owner], Quotas]] = {
    "Nova": _compute,
    "Cinder": _volumes,
    "Neutron": _network,
    "Octavia": _balancers,
}


def quotas(service: str) -> Callable[[Connection, Settings, Owner], Quotas | str]:
    """A look at the quotas of a service; its result is why they are not known where it does not tell."""

    def look(connection: Connection, _: Settings, owner: Owner) -> Quotas | str:
        try:
            return SERVICES[service](connection, owner)
        except (SDKException, ClientException) as error:
            return f"the quotas of {service} are not known: {error}"

    return look


def demand(
    settings: Settings,
    flavors: Mapping[str, Flavor],
    labels: Mapping[str, str],
    existing: Existing,
    *,
    most: bool,
) -> dict[str, float]:
    """What the gateway counts against quotas: with every node group at its minimum, or at its maximum.

    labels: the cluster's, those of its template included.
    """
    cluster, storage = settings.cluster, settings.hub.storage
    nodes = [cluster.master_flavor] * cluster.masters + [cluster.flavor] * cluster.workers
    for group in settings.node_groups:
        nodes += [group.flavor] * (group.max if most else group.min)
    machines = [flavors[name] for name in nodes]
    disk = int(labels.get("boot_volume_size") or 0)
    people = {*settings.hub.admins, *settings.hub.users} if most and storage.type == "home" else set()
    # While a new snapshot is taken, the oldest is still there. Cinder counts the GiB of both (its setting
    # no_snapshot_gb_quota is off by default).
    copies = len(people) * (settings.hub.backup.keep + 1 if settings.hub.backup else 0)
    watched, measured = settings.monitoring.enabled, settings.monitoring.size_gib
    files = settings.hub.files_gib
    needed: dict[str, float] = {
        "instances": len(machines),
        "cores": sum(flavor.vcpu for flavor in machines),
        "GiB of RAM": sum(flavor.gib for flavor in machines),
        "volumes": len(machines) * bool(disk) + len(people) + 1 + watched + bool(files),
        "GiB of volumes": len(machines) * disk
        + (len(people) + copies) * storage.size_gib
        + DATABASE_GIB
        + watched * measured
        + files,
        "snapshots": copies,
    }
    if existing.cluster is not None and not existing.cluster.failed:
        return needed
    # The ingress's are certain, and the control plane's and the workers' security groups. Most templates have
    # a load balancer with an address for the Kubernetes API, too.
    address = 1 + most - bool(existing.address)
    return needed | {"floating IPs": address, "load balancers": 1 + most, "security groups": 2}


def findings(
    settings: Settings,
    flavors: Mapping[str, Flavor],
    labels: Mapping[str, str],
    existing: Existing,
    answers: Iterable[Quotas | str],
) -> tuple[list[Mistake], list[str]]:
    """What the quotas don't hold of the gateway at its minimum; and warnings of what they don't hold later.

    answers: of the looks at each service.
    """
    known: Quotas = {}
    unknown: list[str] = []
    for answer in answers:
        if isinstance(answer, str):
            unknown.append(answer)
        else:
            known |= answer
    floor, most = (
        dict(_shortages(known, demand(settings, flavors, labels, existing, most=most)))
        for most in (False, True)
    )
    mistakes = [
        Mistake(key=f"quota of {what}", rule=f"must hold the gateway at its minimum, which {words}")
        for what, words in floor.items()
    ]
    return mistakes, [
        *unknown,
        *(
            f"quota of {what}: the gateway at its maximum {words}, so what is beyond that is refused: nodes,"
            " homes, or snapshots of homes"
            for what, words in most.items()
            if what not in floor
        ),
    ]


def _shortages(known: Quotas, needed: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    for what, amount in needed.items():
        quota = known.get(what)
        if quota is not None and 0 <= quota.limit < quota.others + amount:
            left = max(0, quota.limit - quota.others)
            yield what, f"needs {amount:g}; of the project's {quota.limit:g} there are {left:g} left for it"
