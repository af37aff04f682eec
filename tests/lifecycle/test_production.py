"""Pulumi.production.example.yaml on the sandbox: refused as it is, and a gateway when it is filled in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.filled_in import CLIENT_SECRET, EXAMPLE, filled_in
from tests.lifecycle.conftest import PUBLISHED
from tests.lifecycle.lifecycle import destroy, preflight
from tests.stack import Gateway

NAME = "met"
SECRET = ("--secret", "gateway:oauthClientSecret", CLIENT_SECRET)
OURS = ("cert-manager", "grafana", "ingress-nginx", "jhub", "prometheus")
PRIVILEGED = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "privileged"},
    "spec": {
        "containers": [{"name": "one", "image": "registry.test/one", "securityContext": {"privileged": True}}]
    },
}


def use(gateway: Gateway, settings: dict[str, Any]) -> None:
    """Have the gateway's file hold these settings, with what only the sandbox has of its own."""
    own = yaml.safe_load(gateway.settings.read_text(encoding="utf-8"))["config"]
    here = ("openstack:cloud", "gateway:charts")

    def change(config: dict[str, Any]) -> None:
        config.clear()
        config.update(settings | {key: own[key] for key in here})

    gateway.change(change)


@pytest.fixture(scope="module")
def new(new_gateway: Callable[[str], Gateway]) -> Gateway:
    """A stack whose file is the example, as it is."""
    gateway = new_gateway(NAME)
    use(gateway, yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["config"])
    return gateway


@pytest.fixture(scope="module")
def gateway(new: Gateway) -> Gateway:
    """A gateway that is up, made from the example by an operator."""
    told, _ = preflight(new, code=1)
    assert "17 mistakes" in told
    assert told.count("is still a placeholder") == 16
    assert "gateway:oauthClientSecret: is a secret that must be set" in told
    zone = "sbx000001.projects.sandbox.localhost."
    use(new, filled_in(NAME) | {"gateway:zone": zone, "gateway:images": {"published": PUBLISHED}})
    new.pulumi("config", "set", *SECRET)
    assert preflight(new)[0] == "no mistakes\n"
    new.up()
    return new


def test_nothing_changes_the_second_time(gateway: Gateway) -> None:
    assert "unchanged" in gateway.up("--expect-no-changes")
    gateway.pulumi("preview", "--refresh", "--expect-no-changes")


def test_its_namespaces_take_restricted_pods_only(gateway: Gateway) -> None:
    manifest = gateway.folder / "privileged.json"
    manifest.write_text(json.dumps(PRIVILEGED))
    config = ("kubectl", "--kubeconfig", str(gateway.kubeconfig))
    for namespace in OURS:
        labels = gateway.kubectl("get", "namespace", namespace)["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        pods = gateway.kubectl("get", "pods", "-n", namespace)["items"]
        assert pods, f"{namespace} has pods all the same"
        refused = gateway.run(*config, "apply", "-n", namespace, "-f", str(manifest), code=1)
        assert 'violates PodSecurity "restricted' in refused.stderr


def test_its_core_has_three_masters_and_two_nodes(gateway: Gateway) -> None:
    nodes = [node["metadata"]["labels"] for node in gateway.kubectl("get", "nodes")["items"]]
    groups = [labels.get("capi.stackhpc.com/node-group") for labels in nodes]
    assert groups.count("default-worker") == 2
    shown = gateway.run("openstack", "coe", "cluster", "show", NAME, "-f", "json").stdout
    assert json.loads(shown)["master_count"] == 3


def in_a_cloud(gateway: Gateway) -> dict[str, str]:
    """Ids of what could be lost. Components have none; those and default providers are in the state only."""
    found = gateway.resources()
    return {name: key for name, key in found.items() if key and not name.startswith("default")}


def test_it_is_destroyed_only_after_it_was_said_twice(gateway: Gateway) -> None:
    before = in_a_cloud(gateway)
    assert f"{NAME}-gateway:protect" in destroy(gateway, code=1)
    assert in_a_cloud(gateway) == before, "something was deleted"
    gateway.change(lambda config: config.update({"gateway:protect": False, "gateway:keep": []}))
    gateway.up()
    destroy(gateway)
