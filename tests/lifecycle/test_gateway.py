"""The paper's gateway converges: real engine, real Keystone, Magnum, Designate and Kubernetes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from openstack.connection import Connection

from sandbox.tests.magnum import eventually
from tests.lifecycle.lifecycle import USERS, clusters, inventory
from tests.stack import Gateway

GROUP = "capi.stackhpc.com/node-group"


@pytest.fixture(scope="module")
def empty(cloud: Connection) -> dict[str, list[str]]:
    """The project before the gateway was."""
    return inventory(cloud)


@pytest.fixture(scope="module")
def gateway(new_gateway: Callable[[str], Gateway], empty: dict[str, list[str]]) -> Gateway:
    """A gateway that is up, of last year's Kubernetes."""
    gateway = new_gateway("gw25")
    gateway.change(lambda config: config["gateway:cluster"].update({"template": "kubernetes-1-33-jammy"}))
    gateway.up()
    return gateway


def nodes_by_group(gateway: Gateway) -> dict[str, list[str]]:
    """Names of the cluster's nodes, by node group."""
    groups: dict[str, list[str]] = {}
    for node in gateway.kubectl("get", "nodes")["items"]:
        groups.setdefault(node["metadata"]["labels"].get(GROUP), []).append(node["metadata"]["name"])
    return groups


def test_one_address_from_dns_to_the_cloud(gateway: Gateway, cloud: Connection) -> None:
    outputs = gateway.outputs()
    answer = gateway.run("dig", "+short", outputs["fqdn"]).stdout.strip()
    service = gateway.kubectl("get", "service", "-n", "ingress-nginx", "ingress-nginx-controller")
    external = service["status"]["loadBalancer"]["ingress"][0]["ip"]
    reserved = [ip.floating_ip_address for ip in cloud.network.ips() if "gw25" in ip.description]
    assert [answer] == [outputs["ingress_ip"]] == [external] == reserved


def test_ingress_of_the_hub(gateway: Gateway) -> None:
    ingress = gateway.kubectl("get", "ingress", "-n", "jhub", "jupyterhub")
    assert ingress["spec"]["rules"][0]["host"] == gateway.outputs()["fqdn"]
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt-staging"


def test_core_pods_on_default_worker_and_placeholders_on_mediums(gateway: Gateway) -> None:
    group = {name: group for group, names in nodes_by_group(gateway).items() for name in names}
    pods = gateway.kubectl("get", "pods", "-n", "jhub")["items"]
    where = {
        component: {
            group[p["spec"]["nodeName"]] for p in pods if p["metadata"]["labels"]["component"] == component
        }
        for component in ("hub", "proxy", "user-scheduler", "user-placeholder")
    }
    assert where == {
        "hub": {"default-worker"},
        "proxy": {"default-worker"},
        "user-scheduler": {"default-worker"},
        "user-placeholder": {"mediums"},
    }


def test_certificate_is_ready_and_of_the_sandboxs_authority(gateway: Gateway) -> None:
    assert gateway.outputs()["certificate"].startswith("Ready, valid until 20")
    certificate = gateway.kubectl("get", "certificate", "-n", "jhub", "certmanager-tls-jupyterhub")
    assert certificate["spec"]["dnsNames"] == [gateway.outputs()["fqdn"]]


def test_kubeconfig_verifies_the_clusters_authority(gateway: Gateway) -> None:
    config = yaml.safe_load(gateway.outputs()["kubeconfig"])
    cluster = config["clusters"][0]["cluster"]
    assert cluster["certificate-authority-data"]
    assert "insecure-skip-tls-verify" not in cluster
    other = gateway.folder / "wrong-authority"
    cluster["certificate-authority-data"] = config["users"][0]["user"]["client-certificate-data"]
    other.write_text(yaml.safe_dump(config))
    refused = gateway.run("kubectl", "--kubeconfig", str(other), "get", "nodes", code=1)
    assert "x509" in refused.stderr


def test_secrets_are_marked_in_the_outputs(gateway: Gateway) -> None:
    shown = gateway.pulumi("stack", "output")
    for key in ("kubeconfig", "hub_admin_password"):
        assert any(line.split()[:2] == [key, "[secret]"] for line in shown.splitlines())


def test_nothing_changes_the_second_time(gateway: Gateway) -> None:
    before = gateway.resources()
    assert "unchanged" in gateway.up("--expect-no-changes")
    gateway.pulumi("preview", "--refresh", "--expect-no-changes")
    gateway.pulumi("refresh", "--preview-only", "--expect-no-changes")
    assert gateway.resources() == before


def test_a_count_moved_by_the_autoscaler_is_no_drift(gateway: Gateway) -> None:
    before = len(nodes_by_group(gateway)["mediums"])
    gateway.kubectl("apply", "-f", str(USERS))
    deadline = time.monotonic() + 60
    while len(nodes_by_group(gateway)["mediums"]) <= before:
        assert time.monotonic() < deadline, "the node group did not grow"
        time.sleep(0.5)
    plan = gateway.pulumi("preview", "--refresh", "--diff")
    assert "nodeCount" not in plan
    assert "containerinfra" not in plan.replace("containerinfra/", "")
    gateway.run("kubectl", "--kubeconfig", str(gateway.kubeconfig), "delete", "-f", str(USERS))


def test_more_nodes_at_most_is_an_update_in_place(gateway: Gateway) -> None:
    before = gateway.resources()

    def grow(config: dict[str, Any]) -> None:
        config["gateway:nodeGroups"][0]["max"] = 30

    gateway.change(grow)
    shown = gateway.up()
    assert "1 updated" in shown
    assert "replaced" not in shown
    assert gateway.resources() == before


def test_a_new_node_group_leaves_the_others_alone(gateway: Gateway) -> None:
    before = gateway.resources()

    def add(config: dict[str, Any]) -> None:
        config["gateway:nodeGroups"].append({"name": "larges", "flavor": "m3.large", "min": 1, "max": 4})

    gateway.change(add)
    gateway.up()
    after = gateway.resources()
    assert set(after) - set(before) == {"gw25-larges", "gw25-larges-magnum"}
    assert {urn: after[urn] for urn in before} == before
    assert len(nodes_by_group(gateway)["larges"]) == 1


def test_another_flavor_replaces_the_node_group_once(gateway: Gateway) -> None:
    before = gateway.resources()

    def smaller(config: dict[str, Any]) -> None:
        config["gateway:nodeGroups"][1]["flavor"] = "m3.medium"

    gateway.change(smaller)
    assert "1 replaced" in gateway.up()
    after = gateway.resources()
    assert {urn for urn in before if after[urn] != before[urn]} == {"gw25-larges-magnum"}
    gateway.up("--refresh", "--expect-no-changes")
    assert gateway.resources() == after


def test_what_only_a_new_cluster_can_have_is_refused(gateway: Gateway) -> None:
    before, settings = gateway.resources(), gateway.settings.read_text()
    gateway.change(lambda config: config["gateway:cluster"].update({"flavor": "m3.large", "masters": 3}))
    shown = gateway.up(code=1)
    assert "gateway:cluster.flavor: must be m3.quad, what the cluster has" in shown
    assert "gateway:cluster.masters: must be 1, what the cluster has" in shown
    assert "nothing was changed" in shown
    gateway.settings.write_text(settings)
    assert gateway.resources() == before


def test_an_upgrade_of_kubernetes_is_followed(gateway: Gateway, cloud: Connection) -> None:
    before = gateway.resources()
    gateway.run("openstack", "coe", "cluster", "upgrade", "gw25", "kubernetes-1-34-jammy")
    eventually(lambda: [c.status for c in clusters(cloud, "gw25")] == ["UPDATE_COMPLETE"])
    shown = gateway.up(code=1)
    assert "gateway:cluster.template: must be kubernetes-1-34-jammy, what the cluster has" in shown
    gateway.change(lambda config: config["gateway:cluster"].update({"template": "kubernetes-1-34-jammy"}))
    gateway.up("--expect-no-changes")
    gateway.up("--refresh")
    gateway.up("--refresh", "--expect-no-changes")
    assert gateway.resources() == before


def test_destroy_leaves_the_cloud_as_it_was(
    gateway: Gateway, cloud: Connection, empty: dict[str, list[str]]
) -> None:
    gateway.pulumi("destroy", "--yes", "--skip-preview")
    assert inventory(cloud) == empty
