"""Monitoring on a gateway that runs: switched on, changed by hand, switched off again."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from openstack.connection import Connection

from tests.lifecycle.hub_secrets import set_secrets
from tests.lifecycle.lifecycle import destroy, inventory, without_seats
from tests.lifecycle.search import Search
from tests.stack import Gateway

NAME = "seen"
WEBHOOK = "https://chat.our-lab.edu/hooks/of-the-tests"
NAMESPACES = ("prometheus", "grafana")
HUB = ("get", "-n", "jhub", "secret", "hub")


@pytest.fixture(scope="module")
def without(new_gateway: Callable[[str], Gateway]) -> Gateway:
    """A gateway that nobody watches."""
    return without_seats(new_gateway(NAME))


@pytest.fixture(scope="module")
def gateway(without: Gateway) -> Gateway:
    """The same, watched."""
    without.change(lambda config: config.update({"gateway:monitoring": {"enabled": True, "sizeGib": 3}}))
    set_secrets(without, {"alertWebhook": WEBHOOK})
    without.up()
    return without


def test_its_pods_run_under_restricted(gateway: Gateway) -> None:
    for namespace in NAMESPACES:
        labels = gateway.kubectl("get", "namespace", namespace)["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        gateway.wait("-n", namespace, "--for=condition=Ready", "pods", "--all")
    names = [pod["metadata"]["name"] for pod in gateway.kubectl("get", "pods", "-n", "prometheus")["items"]]
    assert sorted({name.removeprefix("prometheus-").partition("-")[0] for name in names}) == [
        "alertmanager",
        "kube",
        "server",
    ]


def test_nothing_changes_the_second_time(gateway: Gateway) -> None:
    assert "unchanged" in gateway.up("--expect-no-changes")
    gateway.pulumi("preview", "--refresh", "--expect-no-changes")


def test_its_secrets_are_nowhere_in_the_state(gateway: Gateway) -> None:
    found = gateway.kubectl("get", "-n", "prometheus", "secret", "prometheus-config")["data"]
    [job, *_] = json.loads(base64.b64decode(found["prometheus.yml"]))["scrape_configs"]
    token = job["authorization"]["credentials"]
    assert len(token) == 64
    values = base64.b64decode(gateway.kubectl(*HUB)["data"]["values.yaml"]).decode()
    assert token in values, "the hub knows it"
    search = Search({"token": token, "webhook": WEBHOOK})
    search.look("state", gateway.run("pulumi", "stack", "export", "--stack", gateway.name).stdout.encode())
    assert not search.found


def test_what_is_changed_by_hand_is_shown_and_put_back(gateway: Gateway) -> None:
    config = ("kubectl", "--kubeconfig", str(gateway.kubeconfig), "-n", "grafana")
    gateway.run(*config, "scale", "deployment/grafana", "--replicas=0")
    shown = gateway.pulumi("preview")
    assert "changed by hand: Deployment grafana: spec.replicas is 0, Helm set 1" in shown
    gateway.up()
    assert gateway.kubectl("get", "-n", "grafana", "deployment", "grafana")["spec"]["replicas"] == 1


def test_switched_off_it_takes_its_volume_along(gateway: Gateway, cloud: Connection) -> None:
    sizes = sorted(volume.size for volume in cloud.block_storage.volumes(details=True))
    assert 3 in sizes
    gateway.change(lambda config: config.update({"gateway:monitoring": {"enabled": False}}))
    gateway.up()
    there = [space["metadata"]["name"] for space in gateway.kubectl("get", "namespaces")["items"]]
    assert not set(NAMESPACES) & set(there)
    sizes.remove(3)
    assert sorted(volume.size for volume in cloud.block_storage.volumes(details=True)) == sizes


def test_a_watched_gateway_is_destroyed_whole(gateway: Gateway, cloud: Connection) -> None:
    gateway.change(lambda config: config.update({"gateway:monitoring": {"enabled": True}}))
    gateway.up()
    assert "audit: nothing of seen is left" in destroy(gateway)
    assert not inventory(cloud)["volumes"]
