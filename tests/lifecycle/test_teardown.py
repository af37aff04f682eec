"""`pulumi destroy` leaves nothing that bills, whatever happened before; or its audit at the end tells it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openstack.connection import Connection

from tests.lifecycle.lifecycle import (
    DEAD,
    UNREACHABLE,
    api_server_dead,
    cluster_deleted_by_hand,
    destroy,
    in_the_background,
    inventory,
    killed_when_it_shows,
    log_in,
    remove_what_is_left,
    with_ids,
)
from tests.stack import Gateway

NewGateway = Callable[[str], Gateway]
OTHERS = ("kube_service_shop_web_front", "front of the shop")
"""Load balancers that someone else has in the project: of another cluster, and of none."""


@pytest.fixture(scope="module", autouse=True)
def others(cloud: Connection) -> Iterator[list[str]]:
    """Load balancers of others, there all the time; their ids."""
    subnet = next(cloud.network.subnets(name="auto_allocated_subnet_v4"))
    made = [cloud.load_balancer.create_load_balancer(name=name, vip_subnet_id=subnet.id) for name in OTHERS]
    yield [balancer.id for balancer in made]
    for balancer in made:
        cloud.load_balancer.delete_load_balancer(balancer, cascade=True)


@pytest.fixture
def empty(cloud: Connection, others: list[str]) -> dict[str, list[str]]:
    """The project before the gateway was."""
    return inventory(cloud)


def test_with_running_users_in_the_order_of_what_holds_money(
    new_gateway: NewGateway, cloud: Connection, empty: dict[str, list[str]]
) -> None:
    gateway = new_gateway("users")
    gateway.up()
    log_in(gateway)
    assert len([v for v in inventory(cloud)["volumes"] if v.startswith("pvc-")]) == 3
    shown = destroy(gateway)
    gone = [
        name.removeprefix("users-")
        for name in re.findall(r"^ -  \S+ (\S+) deleted", shown, flags=re.MULTILINE)
    ]
    order = ["hub-release", "hub-namespace", "ingress-namespace", "volumes", "magnum", "audit-cloud"]
    assert [name for name in gone if name in order] == order, shown
    for earlier, later in [
        ("hub-namespace", "mediums-magnum"),
        ("mediums-magnum", "magnum"),
        ("certificates-namespace", "volumes"),
        ("ingress-namespace", "address-floating-ip"),
        ("record-a", "audit-cloud"),
        ("address-floating-ip", "audit-cloud"),
    ]:
        assert gone.index(earlier) < gone.index(later), shown
    assert inventory(cloud) == empty


@pytest.mark.parametrize("breaking", [cluster_deleted_by_hand, api_server_dead])
def test_without_an_api_server(
    new_gateway: NewGateway,
    cloud: Connection,
    empty: dict[str, list[str]],
    breaking: Callable[[Gateway, Connection], None],
) -> None:
    gateway = new_gateway(breaking.__name__.split("_", maxsplit=1)[0])
    gateway.up()
    log_in(gateway)
    breaking(gateway, cloud)
    assert UNREACHABLE in destroy(gateway, "--refresh", code=1), "the engine must say how to go on"

    # Nobody in the cluster can remove its load balancer and volumes any more: the audit lists them.
    shown = destroy(gateway, "--refresh", code=1, **DEAD)
    assert f"audit: 4 left of {gateway.name}" in shown
    balancer = f"kube_service_{gateway.name}_ingress-nginx_ingress-nginx-controller"
    assert f"load balancer {balancer}: 0 SU a day" in shown
    assert shown.count("0 SU, 10 GiB of the quota a day") >= 2
    assert not set(OTHERS) & set(re.findall(r"load balancer (.*?):", shown))

    # Its commands, and no others, make an end of it.
    remove_what_is_left(gateway, shown)
    destroy(gateway)
    assert inventory(cloud) == empty


def test_a_cluster_that_could_not_clean_up(
    new_gateway: NewGateway, cloud: Connection, empty: dict[str, list[str]]
) -> None:
    gateway = new_gateway("revoked")
    gateway.up()
    identity: Any = cloud.identity
    (own,) = [
        credential.id
        for credential in identity.application_credentials(cloud.current_user_id)
        if credential.name.startswith(f"magnum-{gateway.outputs()['cluster_id']}")
    ]
    gateway.run("openstack", "application", "credential", "delete", own)
    cluster_deleted_by_hand(gateway, cloud)
    network = next(cloud.network.networks(name="auto_allocated_network"))
    stray = cloud.network.create_port(name=f"octavia-lb-{uuid.uuid4()}", network_id=network.id)
    shown = destroy(gateway, "--refresh", code=1, **DEAD)
    kinds = re.findall(r"^ +(\D+?) \S+: .* a day; remove it with", shown, flags=re.MULTILINE)
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "load balancer": 1,
        "server": 3,
        "port": 4,
        "security group": 2,
        "volume": 1,
    }, shown
    assert f"port {stray.name}: 0 SU a day" in shown
    remove_what_is_left(gateway, shown)
    destroy(gateway)
    assert inventory(cloud) == empty


def test_killed_and_repeated(new_gateway: NewGateway, cloud: Connection, empty: dict[str, list[str]]) -> None:
    gateway = new_gateway("killed-twice")
    gateway.up()
    log_in(gateway)
    for moment in ("hub-namespace deleting", "ingress-namespace deleting", "magnum deleting"):
        killed_when_it_shows(in_the_background(gateway, "destroy"), f"{gateway.name}-{moment}")
        gateway.pulumi("cancel", "--yes")
    destroy(gateway)
    assert inventory(cloud) == empty


def test_protected_and_kept(new_gateway: NewGateway, cloud: Connection, empty: dict[str, list[str]]) -> None:
    gateway = new_gateway("kept")
    gateway.change(lambda config: config.update({"gateway:protect": True, "gateway:keep": ["address"]}))
    gateway.up()
    address, before = gateway.outputs()["ingress_ip"], gateway.resources()
    shown = destroy(gateway, code=1)
    assert "kept-gateway:protect" in shown
    assert "cannot be deleted" in shown
    assert "remove the `protect` flag" in shown
    assert with_ids(gateway.resources()) == with_ids(before), "something was deleted"
    assert "replaced" not in gateway.up()
    assert gateway.resources().keys() == before.keys()
    assert with_ids(gateway.resources()) == with_ids(before)

    gateway.change(lambda config: config.update({"gateway:protect": False}))
    assert gateway.up().count("replaced") == 0
    destroy(gateway)
    (kept,) = [ip for ip in cloud.network.ips() if "kept" in ip.description]
    assert (kept.floating_ip_address, kept.port_id) == (address, None)

    gateway.up()
    assert gateway.outputs()["ingress_ip"] == address
    gateway.up("--expect-no-changes")
    gateway.change(lambda config: config.update({"gateway:keep": []}))
    gateway.up()
    destroy(gateway)
    assert inventory(cloud) == empty
