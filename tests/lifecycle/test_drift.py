"""What someone changes by hand is shown without writing the state, and healed by `refresh` and `up`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from openstack.connection import Connection

from sandbox.layout import ROOT
from sandbox.tests.magnum import eventually
from tests.lifecycle.lifecycle import (
    DEAD,
    USERS,
    cluster_deleted_by_hand,
    clusters,
    destroy,
    remove_what_is_left,
)
from tests.stack import Gateway

NAME = "drifts"
DRIFT = 7
"""The engine's exit code for changes where none were expected."""


@pytest.fixture(scope="module")
def gateway(new_gateway: Callable[[str], Gateway]) -> Gateway:
    """A gateway that is up."""
    gateway = new_gateway(NAME)
    gateway.up()
    return gateway


def drift(gateway: Gateway) -> tuple[int, str]:
    """What the two commands of `make drift` say: exit code and text."""
    # As in the Makefile; make itself answers every failed recipe with exit code 2, and names the true one.
    done = subprocess.run(
        ["make", "-f", str(ROOT / "Makefile"), "drift", f"STACK={gateway.name}"],
        cwd=gateway.folder,
        env=gateway.env,
        text=True,
        capture_output=True,
        check=False,
    )
    text = done.stdout + done.stderr
    if done.returncode == 0:
        assert "Previewing refresh" in text
        assert "Previewing update" in text
        return 0, text
    return int(text.rpartition(" Error ")[2].split()[0]), text


def client(gateway: Gateway, *words: str) -> str:
    """Run a client the way an operator does, with the stack's kubeconfig."""
    env = {**gateway.env, "KUBECONFIG": str(gateway.kubeconfig)}
    return Gateway(name=gateway.name, folder=gateway.folder, env=env).run(*words).stdout


def asked(cloud: Connection, path: str) -> dict[str, Any]:
    """What Magnum says of the cluster's node groups."""
    (cluster,) = clusters(cloud, NAME)
    url = f"/clusters/{cluster.uuid}/nodegroups{path}"
    answer = cloud.container_infrastructure_management.get(url, microversion="1.9")
    assert answer.ok, answer.text
    return dict(answer.json())


def _ids(gateway: Gateway) -> tuple[str, str]:
    """Ids of the zone and of the A record."""
    zone, _, record = gateway.resources()[f"{NAME}-record-a"].partition("/")
    return zone, record


def record_changed(gateway: Gateway, _: Connection) -> None:
    client(gateway, "openstack", "recordset", "set", *_ids(gateway), "--record", "203.0.113.250")


def record_deleted(gateway: Gateway, cloud: Connection) -> None:
    zone, record = _ids(gateway)
    client(gateway, "openstack", "recordset", "delete", zone, record)
    eventually(lambda: record not in [r.id for r in cloud.dns.recordsets(zone)])


def maximum_changed(gateway: Gateway, _: Connection) -> None:
    client(gateway, "openstack", "coe", "nodegroup", "update", NAME, "mediums", "--max-nodes", "7")


def node_group_deleted(gateway: Gateway, cloud: Connection) -> None:
    client(gateway, "openstack", "coe", "nodegroup", "delete", NAME, "mediums")
    eventually(lambda: "mediums" not in [g["name"] for g in asked(cloud, "")["nodegroups"]])


def release_changed(gateway: Gateway, _: Connection) -> None:
    chart = str(ROOT / "sandbox" / "charts" / "jupyterhub")
    change = ("--reuse-values", "--set", "singleuser.startTimeout=99")
    client(gateway, "helm", "upgrade", "jhub", chart, "--namespace", "jhub", *change)


def issuer_edited(gateway: Gateway, _: Connection) -> None:
    patch = '{"spec": {"acme": {"email": "someone@else.test"}}}'
    client(
        gateway, "kubectl", "patch", "clusterissuer", "letsencrypt-staging", "--type=merge", "--patch", patch
    )


def namespace_deleted(gateway: Gateway, _: Connection) -> None:
    client(gateway, "kubectl", "delete", "namespace", "jhub")


def hub_scaled_to_nothing(gateway: Gateway, _: Connection) -> None:
    client(gateway, "kubectl", "scale", "deployment", "hub", "--namespace", "jhub", "--replicas=0")


def service_deleted(gateway: Gateway, _: Connection) -> None:
    client(
        gateway, "kubectl", "delete", "service", "ingress-nginx-controller", "--namespace", "ingress-nginx"
    )


def secret_changed(gateway: Gateway, _: Connection) -> None:
    patch = '{"stringData": {"values.yaml": "somebody: else"}}'
    client(gateway, "kubectl", "patch", "secret", "hub", "--namespace", "jhub", "--patch", patch)


def address_detached(gateway: Gateway, _: Connection) -> None:
    client(gateway, "openstack", "floating", "ip", "unset", "--port", gateway.outputs()["ingress_ip"])


CASES: dict[str, tuple[Callable[[Gateway, Connection], None], list[str]]] = {
    "A record changed": (record_changed, ["~ openstack:dns/recordSet:RecordSet: (update)", "203.0.113.250"]),
    "A record deleted": (record_deleted, ["- openstack:dns/recordSet:RecordSet: (delete)"]),
    "maximum of a node group changed": (maximum_changed, ["maxNodeCount: 20 => 7"]),
    "node group deleted": (node_group_deleted, ["- openstack:containerinfra/nodeGroup:NodeGroup: (delete)"]),
    "release changed by helm": (release_changed, ["startTimeout"]),
    "issuer edited": (issuer_edited, ["someone@else.test"]),
    "hub scaled to nothing": (
        hub_scaled_to_nothing,
        ["Deployment hub: spec.replicas is 0, Helm set 1", "~ command:local:Command: (update)"],
    ),
    "chart's Service deleted": (service_deleted, ["Service ingress-nginx-controller: is missing"]),
    "chart's Secret changed": (
        secret_changed,
        ["Secret hub: data.values.yaml is another value, Helm set a secret one"],
    ),
    "namespace deleted": (
        namespace_deleted,
        ["- kubernetes:core/v1:Namespace: (delete)", "- kubernetes:helm.sh/v3:Release: (delete)"],
    ),
    "reserved address detached": (
        address_detached,
        ["~ openstack:networking/floatingIpAssociate:FloatingIpAssociate: (update)", "- portId"],
    ),
    "cluster deleted": (
        cluster_deleted_by_hand,
        [
            "- openstack:containerinfra/cluster:Cluster: (delete)",
            "- kubernetes:helm.sh/v3:Release: (delete)",
        ],
    ),
}


def end_state(gateway: Gateway, cloud: Connection) -> dict[str, Any]:
    """What a gateway is, as its parts say; ids and addresses of machines left out."""
    groups = [asked(cloud, f"/{group['uuid']}") for group in asked(cloud, "")["nodegroups"]]
    zone, _ = _ids(gateway)
    outputs = gateway.outputs()
    issuer = client(
        gateway, "kubectl", "get", "clusterissuer", "letsencrypt-staging", "-o", "jsonpath={.spec.acme.email}"
    )
    values = client(gateway, "helm", "get", "values", "jhub", "--namespace", "jhub", "--output", "json")
    return {
        "groups": {g["name"]: (g["min_node_count"], g["max_node_count"], g["status"][-8:]) for g in groups},
        "records": [
            (r.name, r.records) for r in cloud.dns.recordsets(zone) if r.type == "A" and NAME in r.name
        ],
        "address": [bool(ip.port_id) for ip in cloud.network.ips() if NAME in ip.description],
        "balancers": [b.name for b in cloud.load_balancer.load_balancers() if NAME in b.name],
        "issuer": issuer,
        "values": values,
        "url": outputs["url"],
        "certificate": outputs["certificate"][:5],
    }


@pytest.fixture(scope="module")
def undisturbed(gateway: Gateway, cloud: Connection) -> dict[str, Any]:
    """The end state of a gateway that nobody touched."""
    return end_state(gateway, cloud)


def test_what_the_gateway_changes_by_itself_is_no_drift(
    gateway: Gateway, undisturbed: dict[str, Any]
) -> None:
    before = len(gateway.kubectl("get", "nodes")["items"])
    # A user's pod, as the hub makes it, that makes the autoscaler add a node and the CSI driver a volume.
    client(gateway, "kubectl", "apply", "-f", str(USERS))
    eventually(lambda: len(gateway.kubectl("get", "nodes")["items"]) > before)
    # The certificate is taken away and made anew by cert-manager.
    client(gateway, "kubectl", "delete", "secret", "-n", "jhub", "certmanager-tls-jupyterhub")
    eventually(
        lambda: "certmanager-tls-jupyterhub" in client(gateway, "kubectl", "get", "secret", "-n", "jhub")
    )
    code, shown = drift(gateway)
    assert code == 0, shown
    client(gateway, "kubectl", "delete", "-f", str(USERS))


@pytest.mark.parametrize("case", CASES)
def test_drift_is_shown_and_healed(
    gateway: Gateway, cloud: Connection, undisturbed: dict[str, Any], case: str
) -> None:
    change, words = CASES[case]
    change(gateway, cloud)
    before = gateway.run("pulumi", "stack", "export", "--stack", NAME).stdout
    code, shown = drift(gateway)
    assert code == DRIFT, shown
    for word in words:
        assert word in shown
    assert gateway.run("pulumi", "stack", "export", "--stack", NAME).stdout == before, "the state was written"
    refreshed = Gateway(name=NAME, folder=gateway.folder, env=dict(gateway.env))
    if change is cluster_deleted_by_hand:  # the engine's own message names the variable
        refreshed.env.update(DEAD)
    refreshed.pulumi("refresh", "--yes", "--skip-preview")
    gateway.up()
    assert end_state(gateway, cloud) == undisturbed
    code, shown = drift(gateway)
    assert code == 0, shown
    if change is cluster_deleted_by_hand:  # the last case
        # Nobody in the new cluster knows the old one's volume of the hub's database.
        shown = destroy(gateway, code=1)
        assert f"audit: 1 left of {NAME}" in shown
        remove_what_is_left(gateway, shown)
