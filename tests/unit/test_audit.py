"""The audit's eye for what is a gateway's own: all of it, and nothing of others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from components.cloud.ownership import CSI_CLUSTER, Owner
from components.homes import metadata as kept_homes
from components.teardown import leftovers as audit
from components.teardown.left import Gateway
from tests.unit.conftest import OWNER

STACK = "gw25-abcdefghijkl"
"""What Cluster API calls a cluster of the name gw25."""
ZONE = "zone-uuid"
GATEWAY = Gateway(name="gw25", fqdn="gw25.x.test", zone_id=ZONE)


def thing(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**fields)


def balancer(name: str, status: str = "ACTIVE") -> SimpleNamespace:
    return thing(id=f"id of {name}", name=name, provisioning_status=status)


def address(text: str) -> SimpleNamespace:
    return thing(id=f"id of {text}", floating_ip_address=text, description=text)


def server(name: str) -> SimpleNamespace:
    flavor = thing(original_name="m3.medium", id="3")
    return thing(id=f"id of {name}", name=name, flavor=flavor, task_state=None)


def volume(name: str, cluster: str = "") -> SimpleNamespace:
    metadata = {CSI_CLUSTER: cluster} if cluster else {}
    return thing(id=f"id of {name}", name=name, metadata=metadata, size=10, status="available")


def snapshot(name: str, metadata: dict[str, str]) -> SimpleNamespace:
    return thing(id=f"id of {name}", name=name, metadata=metadata, size=10, status="available")


def record(name: str, text: str) -> SimpleNamespace:
    return thing(id=f"id of {text}", name=name, description=text, status="ACTIVE", action="NONE")


def credential(cluster: str, project: str = "p", text: str | None = None) -> SimpleNamespace:
    return thing(id=f"id of {cluster}", name=f"magnum-{cluster}", project_id=project, description=text)


def port(name: str) -> SimpleNamespace:
    return thing(id=f"id of {name}", name=name)


def security_group(name: str, text: str = "") -> SimpleNamespace:
    return thing(id=f"id of {name}", name=name, description=text)


def uuid(digit: int) -> str:
    return "-".join(f"{digit}" * length for length in (8, 4, 4, 4, 12))


class Cloud:
    """Just enough of openstacksdk's connection to be audited."""

    current_project_id, current_user_id = "p", "u"

    def __init__(self, **has: list[Any]) -> None:
        def listed(kind: str) -> Any:
            return lambda *_, **__: has.get(kind, [])

        self.container_infrastructure_management = thing(
            clusters=listed("clusters"), get_cluster=lambda found: found
        )
        self.load_balancer = thing(load_balancers=listed("balancers"))
        self.network = thing(
            ips=listed("ips"), ports=listed("ports"), security_groups=listed("security_groups")
        )
        self.compute = thing(servers=listed("servers"), flavors=listed("flavors"))
        self.block_storage = thing(volumes=listed("volumes"), snapshots=listed("snapshots"))
        self.dns = thing(recordsets=listed("records"))
        self.identity = thing(application_credentials=listed("credentials"))


def names(gateway: Gateway = GATEWAY, /, **has: list[Any]) -> list[str]:
    cloud: Any = Cloud(**has)
    return [left.name for left in audit.left(cloud, gateway) if not left.kept]


CASES: dict[str, tuple[str, list[Any], list[Any]]] = {
    "load balancers": (
        "balancers",
        [
            balancer("kube_service_gw25_ingress-nginx_ingress-nginx-controller"),
            balancer(f"kube_service_{STACK}_jhub_proxy"),
            balancer(f"k8s-clusterapi-cluster-magnum-0123abcd-{STACK}-kubeapi"),
        ],
        [
            balancer("kube_service_gw25b_ingress-nginx_ingress-nginx-controller"),
            balancer("kube_service_shop_gw25_front"),
            balancer("k8s-clusterapi-cluster-magnum-0123abcd-shop-abcdefghijkl-kubeapi"),
            balancer("kube_service_my-gw25_a_b"),
            balancer("gw25"),
        ],
    ),
    "floating IPs": (
        "ips",
        [
            address(OWNER.description),
            address(f"Floating IP for Kubernetes external service a/b from cluster {STACK}"),
        ],
        [
            address(Owner("gw25b", "gateway/dev").description),
            address("Floating IP for Kubernetes external service gw25/b from cluster shop"),
            address(""),
        ],
    ),
    "servers": (
        "servers",
        [server(f"{STACK}-mediums-x1")],
        [
            server("gw25-shop"),
            server("gw25-prod-abcdefghijkl-a"),
            server(f"{STACK}m-a"),
            server("shop-abcdefghijkl-a"),
        ],
    ),
    "volumes": (
        "volumes",
        [volume("pvc-1", "gw25"), volume("pvc-2", STACK), volume(f"{STACK}-mediums-x1-root")],
        [volume("pvc-3", "shop"), volume("pvc-4"), volume("gw25-backup"), volume("")],
    ),
    "snapshots": (
        "snapshots",
        [snapshot("gw25-claim-ann-1", OWNER.marks)],
        [
            snapshot("gw25b-claim-ann-1", Owner("gw25b", "gateway/dev").marks),
            snapshot("gw25-claim-ann-2", {CSI_CLUSTER: STACK}),
            snapshot("mine", {}),
        ],
    ),
    "credential of backups": (
        "credentials",
        [thing(id="a-1", name="gw25-backup-credential-1", project_id="p", description=OWNER.description)],
        [thing(id="a-2", name="gw25-backup-credential-2", project_id="p", description="mine")],
    ),
    "records": (
        "records",
        [record("gw25.x.test.", OWNER.description)],
        [record("gw25.x.test.", "mine"), record("www.x.test.", OWNER.description)],
    ),
    "credentials": (
        "credentials",
        [
            credential(uuid(1)),
            credential(f"{uuid(2)}-0123abcd", text="Magnum cluster (gw25)"),
            credential(uuid(3), text=f"Magnum cluster ({uuid(3)})"),
        ],
        [
            credential(uuid(4), project="other"),
            credential(f"{uuid(5)}-0123abcd", text="Magnum cluster (shop)"),
            credential("mine"),
        ],
    ),
    "ports": (
        "ports",
        [
            port(f"{STACK}-mediums-x1-y2-0"),
            port(f"octavia-lb-{uuid(1)}"),
            port(f"ovn-lb-vip-{uuid(2)}"),
        ],
        [port(""), port("gw25-printer-0"), port("shop-abcdefghijkl-workers-x1-0"), port("octavia-lb-mine")],
    ),
    "security groups": (
        "security_groups",
        [
            security_group(f"k8s-cluster-magnum-0123abcd-{STACK}-secgroup-controlplane"),
            security_group(f"k8s-cluster-magnum-0123abcd-{STACK}-secgroup-worker"),
            security_group(
                f"lb-sg-{uuid(1)}-ingress-nginx-controller",
                f"Security Group for ingress-nginx/controller Service LoadBalancer in cluster {STACK}",
            ),
        ],
        [
            security_group("default", "Default security group"),
            security_group("k8s-cluster-magnum-0123abcd-shop-abcdefghijkl-secgroup-worker"),
            security_group(
                f"lb-sg-{uuid(2)}-a-b", "Security Group for a/b Service LoadBalancer in cluster shop"
            ),
            security_group("gw25"),
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_its_own_and_nothing_else(case: str) -> None:
    kind, ours, others = CASES[case]
    expected = [getattr(one, "floating_ip_address", None) or one.name for one in ours]
    assert names(**{kind: [*others, *ours]}) == expected


def test_a_cluster_whose_name_looks_like_the_stack_of_ours() -> None:
    other = thing(name=STACK, uuid="c-2", stack_id=f"{STACK}-mnopqrstuvwx")
    mine = balancer("kube_service_gw25_a_b")
    theirs = [balancer(f"kube_service_{STACK}_a_b")]
    assert names(clusters=[other], balancers=[*theirs, mine]) == [mine.name]


def test_snapshots_stay_with_the_homes_and_go_before_their_volumes() -> None:
    kept = Gateway(name="gw25", fqdn="gw25.x.test", zone_id=ZONE, keep=frozenset({"homes"}))
    has = {"snapshots": [snapshot("one", OWNER.marks)], "volumes": [volume("pvc-1", STACK)]}
    assert names(kept, **has) == ["pvc-1"]
    assert names(**has) == ["one", "pvc-1"], "Cinder deletes no volume that has snapshots"


def test_a_reserved_address_may_be_kept() -> None:
    kept = Gateway(name="gw25", fqdn="gw25.x.test", zone_id=ZONE, keep=frozenset({"address"}))
    assert names(kept, ips=[address(OWNER.description)]) == []


def test_homes_may_be_kept() -> None:
    home = volume("pvc-1", STACK)
    home.metadata.update(kept_homes.owned(OWNER, "claim-user1"))
    others = [volume("pvc-2", STACK), volume("pvc-3", "shop")]
    others[1].metadata.update(kept_homes.owned(Owner("shop", "shop/dev"), "claim-user1"))
    cloud: Any = Cloud(volumes=[home, *others])
    kept = Gateway(name="gw25", fqdn="gw25.x.test", zone_id=ZONE, keep=frozenset({"homes"}))
    assert [str(left) for left in audit.left(cloud, kept)] == [
        "kept: home claim-user1 (pvc-1): 0 SU, 10 GiB of the quota a day",
        "volume pvc-2: 0 SU, 10 GiB of the quota a day; remove it with `openstack volume delete id of pvc-2`",
    ]
    assert names(GATEWAY, volumes=[home]) == ["claim-user1 (pvc-1)"]


def test_strays_of_what_lives_or_went_before_do_not_count() -> None:
    before = [credential(uuid(1)), port(f"octavia-lb-{uuid(1)}")]
    known = Gateway(name="gw25", fqdn="gw25.x.test", zone_id=ZONE, known=frozenset(one.id for one in before))
    living = thing(name="shop", uuid=uuid(2), stack_id="shop-abcdefghijkl")
    found = names(
        known,
        clusters=[living],
        balancers=[thing(id=uuid(2), name="front", provisioning_status="ACTIVE")],
        credentials=[before[0], credential(uuid(2)), credential(f"{uuid(2)}-0123abcd")],
        ports=[before[1], port(f"octavia-lb-{uuid(2)}")],
    )
    assert found == []


def test_a_server_costs_its_flavor_for_a_day() -> None:
    cloud: Any = Cloud(servers=[server(f"{STACK}-mediums-x1")])
    (left,) = audit.left(cloud, GATEWAY)
    assert str(left) == (
        f"server {STACK}-mediums-x1: 192 SU a day; remove it with"
        f" `openstack server delete id of {STACK}-mediums-x1`"
    )


def test_what_is_being_deleted_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "POLL_SECONDS", 0)
    going = [balancer("kube_service_gw25_a_b", "PENDING_DELETE")]
    answers = iter([going, going, []])
    cloud: Any = Cloud()
    cloud.load_balancer = thing(load_balancers=lambda: next(answers))
    assert audit.settled(cloud, GATEWAY, timeout_s=60) == []
