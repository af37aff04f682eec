"""Another ingress controller on a running gateway: the address and the record stay; each is watched over."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from openstack.connection import Connection

from components.charts.versions import INGRESSES
from tests.lifecycle.test_drift import DRIFT, client, drift
from tests.lifecycle.test_killed import up_killed
from tests.stack import Gateway

NAME = "ingresses"
SERVICES = {"nginx": "ingress-nginx-controller", "traefik": "traefik"}
LONGEST_S = 120
"""More than this without a load balancer at the address is no switch that a user sits out."""


@pytest.fixture(scope="module")
def gateway(new_gateway: Callable[[str], Gateway]) -> Gateway:
    """A gateway that is up, with the default ingress."""
    gateway = new_gateway(NAME)
    gateway.up()
    return gateway


def kept(gateway: Gateway, cloud: Connection) -> dict[str, Any]:
    """What no switch may touch."""
    outputs, ids = gateway.outputs(), gateway.resources()
    names = ("address-floating-ip", "record-a", "hub-release", "hub-namespace", "magnum")
    hub = gateway.kubectl("get", "pods", "--namespace=jhub", "--selector=component=hub")["items"]
    return {
        "ids": {name: ids[f"{NAME}-{name}"] for name in names},
        "addresses": [ip.floating_ip_address for ip in cloud.network.ips() if NAME in ip.description],
        "url": outputs["url"],
        "ip": outputs["ingress_ip"],
        "hub": [pod["metadata"]["uid"] for pod in hub],
    }


def to_be_replaced(gateway: Gateway) -> set[str]:
    """What a preview shows as replaced, by name less the gateway's."""
    shown = gateway.run("pulumi", "preview", "--stack", NAME, "--json")
    steps = json.loads(shown.stdout)["steps"]
    return {step["urn"].split("::")[-1].removeprefix(f"{NAME}-") for step in steps if "replace" in step["op"]}


class Watched:
    """How long the floating IP `address` is attached to nothing while the block runs."""

    def __init__(self, cloud: Connection, address: str) -> None:
        self.away_s = 0.0
        self._cloud, self._address = cloud, address
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        last = time.monotonic()
        while not self._over.wait(0.2):
            (found,) = self._cloud.network.ips(floating_ip_address=self._address)
            now = time.monotonic()
            self.away_s += 0 if found.port_id else now - last
            last = now


@pytest.mark.parametrize("kind", ["traefik", "nginx"])
def test_a_running_gateway_switches(gateway: Gateway, cloud: Connection, kind: str) -> None:
    before = kept(gateway, cloud)
    gateway.change(lambda config: config.update({"gateway:ingress": kind}))
    replaced = to_be_replaced(gateway)
    assert {"ingress-namespace", "ingress-release"} <= replaced
    assert not replaced & before["ids"].keys()
    with Watched(cloud, before["ip"]) as watched:
        shown = gateway.up()
    assert ("ingress-nginx was retired" in shown) is (kind == "nginx")
    assert kept(gateway, cloud) == before
    assert 0 < watched.away_s < LONGEST_S, "never away: nobody looked"
    print(f"to {kind}: {watched.away_s:.1f} s without a load balancer at the address")
    only(gateway, cloud, kind, before["ip"])


def test_a_switch_that_is_interrupted_goes_on(gateway: Gateway, cloud: Connection) -> None:
    before = kept(gateway, cloud)
    gateway.change(lambda config: config.update({"gateway:ingress": "traefik"}))
    up_killed(gateway, f"{NAME}-ingress-release", with_plugins=True)
    gateway.up()
    gateway.pulumi("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    assert kept(gateway, cloud) == before
    only(gateway, cloud, "traefik", before["ip"])


def only(gateway: Gateway, cloud: Connection, kind: str, address: str) -> None:
    """This ingress is there, at the address, and nothing is left of the other."""
    chart = INGRESSES[kind].release
    balancers = [b.name for b in cloud.load_balancer.load_balancers() if f"_{NAME}_" in b.name]
    assert balancers == [f"kube_service_{NAME}_{chart}_{SERVICES[kind]}"]
    namespaces = {one["metadata"]["name"] for one in gateway.kubectl("get", "namespaces")["items"]}
    assert namespaces & {one.release for one in INGRESSES.values()} == {chart}
    hub = gateway.kubectl("get", "ingress", "--namespace=jhub", "jupyterhub")
    assert hub["status"]["loadBalancer"]["ingress"] == [{"ip": address}]
    gateway.up("--refresh", "--expect-no-changes")


def test_what_someone_deletes_of_traefik_is_put_back(gateway: Gateway, cloud: Connection) -> None:
    before = kept(gateway, cloud)
    client(gateway, "kubectl", "delete", "service", "traefik", "--namespace", "traefik")
    code, shown = drift(gateway)
    assert code == DRIFT, shown
    assert "Service traefik: is missing" in shown
    gateway.up()
    code, shown = drift(gateway)
    assert code == 0, shown
    assert kept(gateway, cloud) == before
