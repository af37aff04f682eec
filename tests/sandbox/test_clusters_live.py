"""Clusters that the real Magnum makes: what is in them, what they take of the cloud, and their end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openstack
import pytest
from openstack.connection import Connection

from tests.sandbox.magnum import Kubectl, Magnum, eventually

ROOT = Path(__file__).parents[2]
HOST = "clusters.sbx000001.projects.sandbox.test."


@pytest.fixture(scope="module")
def magnum(cloud: Connection) -> Magnum:
    return Magnum(cloud)


@pytest.fixture(scope="module")
def cluster(magnum: Magnum) -> Iterator[dict[str, Any]]:
    made = magnum.create("live", labels={"auto_scaling_enabled": "true"})
    assert made["status"] == "CREATE_COMPLETE", made["status_reason"]
    yield made
    magnum.delete(made["uuid"])


@pytest.fixture(scope="module")
def kubectl(
    cluster: dict[str, Any], sandbox_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Kubectl:
    return Kubectl.of(cluster["name"], tmp_path_factory.mktemp("kubeconfig"), sandbox_env)


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    kubectl.run("create", "namespace", "demo")
    yield "demo"
    kubectl.run("delete", "namespace", "demo")


def service(namespace: str, **spec: Any) -> dict[str, Any]:
    annotations = spec.pop("annotations", {})
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "front", "namespace": namespace, "annotations": annotations},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 443}], **spec},
    }


def address(kubectl: Kubectl, namespace: str) -> str:
    def look() -> str:
        ingress = kubectl.get("service", "front", "-n", namespace)["status"]["loadBalancer"].get("ingress")
        return str(ingress[0]["ip"]) if ingress else ""

    return eventually(look)


def workload(namespace: str, name: str, *, replicas: int = 1, **pod: Any) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "c", "image": "any", **pod.pop("container", {})}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], **pod}},
        },
    }


def node_names(kubectl: Kubectl, group: str) -> list[str]:
    found = kubectl.get("nodes", "-l", f"capi.stackhpc.com/node-group={group}")["items"]
    return [one["metadata"]["name"] for one in found]


def test_the_kubeconfig_is_verified_by_the_clusters_own_ca(kubectl: Kubectl, tmp_path: Path) -> None:
    assert kubectl.run("get", "--raw", "/readyz") == "ok"
    broken = tmp_path / "config"
    broken.write_text(kubectl.kubeconfig.read_text().replace("certificate-authority-data", "x-unused"))
    refused = Kubectl(broken, kubectl.env).run("get", "nodes", code=1)
    assert "certificate signed by unknown authority" in refused


def test_nodes_follow_the_node_groups(kubectl: Kubectl, cluster: dict[str, Any]) -> None:
    nodes = {one["metadata"]["name"]: one for one in kubectl.get("nodes")["items"]}
    workers = node_names(kubectl, "default-worker")
    masters = set(nodes) - set(workers)
    assert (len(workers), len(masters)) == (1, 1)
    assert workers[0].startswith(f"{cluster['stack_id']}-default-worker-")
    taints = nodes[masters.pop()]["spec"]["taints"]
    assert [one["key"] for one in taints] == ["node-role.kubernetes.io/control-plane"]


def test_a_group_grows_for_pending_pods_to_its_max_and_shrinks_to_its_min_without_magnum_knowing(
    magnum: Magnum, cluster: dict[str, Any], kubectl: Kubectl, namespace: str
) -> None:
    group = magnum.add_group(cluster["uuid"], "mediums", low=1, high=2)
    assert magnum.group(cluster["uuid"], group)["status"] == "CREATE_COMPLETE"
    asked = {"resources": {"requests": {"cpu": "7"}}}
    selector = {"capi.stackhpc.com/node-group": "mediums"}
    kubectl.apply(workload(namespace, "desktops", replicas=4, container=asked, nodeSelector=selector))

    def running() -> int:
        return int(kubectl.get("deployment", "desktops", "-n", namespace)["status"].get("readyReplicas", 0))

    eventually(lambda: running() == 2)
    assert len(node_names(kubectl, "mediums")) == 2
    changed = magnum.set_group(cluster["uuid"], group, max_node_count=3)
    assert (changed["status"], changed["max_node_count"]) == ("UPDATE_COMPLETE", 3)
    eventually(lambda: running() == 3)
    assert magnum.group(cluster["uuid"], group)["node_count"] == 1
    kubectl.run("delete", "deployment", "desktops", "-n", namespace)
    eventually(lambda: len(node_names(kubectl, "mediums")) == 1)
    magnum.request("DELETE", f"/clusters/{cluster['uuid']}/nodegroups/{group}")
    eventually(lambda: not node_names(kubectl, "mediums"))
    assert magnum.settled(cluster["uuid"])["status"] == "UPDATE_COMPLETE"


def test_of_two_node_groups_at_once_the_second_fails_and_the_first_does_not(
    magnum: Magnum, cluster: dict[str, Any]
) -> None:
    first = magnum.add_group(cluster["uuid"], "first")
    second = magnum.add_group(cluster["uuid"], "second")
    refused = magnum.group(cluster["uuid"], second)
    assert refused["status"] == "CREATE_FAILED"
    assert "another operation is in progress (node group first)" in refused["status_reason"]
    assert magnum.group(cluster["uuid"], first)["status"] == "CREATE_COMPLETE"
    for group in (first, second):
        magnum.request("DELETE", f"/clusters/{cluster['uuid']}/nodegroups/{group}")
        magnum.settled(cluster["uuid"])
    names = [
        one["name"] for one in magnum.request("GET", f"/clusters/{cluster['uuid']}/nodegroups")["nodegroups"]
    ]
    assert sorted(names) == ["default-master", "default-worker"]


def test_an_injected_fault_strikes_one_node_group(
    magnum: Magnum, cluster: dict[str, Any], sandbox_env: dict[str, str]
) -> None:
    folder = Path(sandbox_env["SANDBOX_HOME"]) / "run" / "faults"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "live.broken").write_text("create_failed")
    broken = magnum.group(cluster["uuid"], magnum.add_group(cluster["uuid"], "broken"))
    assert (broken["status"], broken["status_reason"]) == (
        "CREATE_FAILED",
        "injected fault: the machines did not come up",
    )
    (folder / "live.slow").write_text("hang")
    slow = magnum.add_group(cluster["uuid"], "slow")
    joined = f"/clusters/{cluster['uuid']}/nodegroups/{slow}"
    time.sleep(3)
    assert magnum.request("GET", joined)["status"] == "CREATE_IN_PROGRESS"
    (folder / "live.slow").unlink()
    assert magnum.group(cluster["uuid"], slow)["status"] == "CREATE_COMPLETE"
    for group in (broken["uuid"], slow):
        magnum.request("DELETE", f"/clusters/{cluster['uuid']}/nodegroups/{group}")
        magnum.settled(cluster["uuid"])


def test_a_group_below_one_node_is_refused(magnum: Magnum, cluster: dict[str, Any]) -> None:
    body = {
        "name": "none",
        "flavor_id": "m3.medium",
        "node_count": 1,
        "min_node_count": 0,
        "max_node_count": 2,
    }
    group = magnum.request("POST", f"/clusters/{cluster['uuid']}/nodegroups", json=body)["uuid"]
    refused = magnum.group(cluster["uuid"], group)
    assert (refused["status"], refused["status_reason"]) == (
        "CREATE_FAILED",
        "Node group none: its min (0) must be at least 1.",
    )
    magnum.request("DELETE", f"/clusters/{cluster['uuid']}/nodegroups/{group}")
    magnum.settled(cluster["uuid"])


def test_a_load_balancer_and_its_address_go_with_the_service(
    cloud: Connection, kubectl: Kubectl, namespace: str
) -> None:
    kubectl.apply(service(namespace))
    given = address(kubectl, namespace)
    found = cloud.network.find_ip(given, ignore_missing=False)
    assert found.description == "Floating IP for Kubernetes external service demo/front from cluster live"
    balancer = cloud.load_balancer.find_load_balancer("kube_service_live_demo_front", ignore_missing=False)
    assert balancer.provisioning_status == "ACTIVE"
    kubectl.run("delete", "service", "front", "-n", namespace)
    assert cloud.load_balancer.find_load_balancer("kube_service_live_demo_front") is None
    assert cloud.network.find_ip(given) is None


def test_a_reserved_address_is_used_and_outlives_the_service(
    cloud: Connection, kubectl: Kubectl, namespace: str
) -> None:
    public = cloud.network.find_network("public", ignore_missing=False)
    reserved = cloud.network.create_ip(floating_network_id=public.id, description="of the gateway")
    kubectl.apply(service(namespace, loadBalancerIP=reserved.floating_ip_address))
    assert address(kubectl, namespace) == reserved.floating_ip_address
    kubectl.run("delete", "service", "front", "-n", namespace)
    left = cloud.network.get_ip(reserved.id)
    assert left.port_id is None
    cloud.network.delete_ip(left)


def test_an_address_that_is_not_there_keeps_the_service_pending_and_says_why(
    kubectl: Kubectl, namespace: str
) -> None:
    kubectl.apply(service(namespace, loadBalancerIP="203.0.113.250"))

    def reasons() -> list[str]:
        events = kubectl.get("events", "-n", namespace)["items"]
        return [one["message"] for one in events if one["reason"] == "SyncLoadBalancerFailed"]

    assert "there is no floating IP 203.0.113.250" in eventually(reasons)[0]
    assert not kubectl.get("service", "front", "-n", namespace)["status"]["loadBalancer"]


def test_a_volume_outlives_its_claim(cloud: Connection, kubectl: Kubectl, namespace: str) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "3Gi"}}},
    }
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    kubectl.apply(claim, workload(namespace, "keeper", volumes=volumes))
    path = ("persistentvolumeclaim", "data", "-n", namespace)
    eventually(lambda: kubectl.get(*path)["status"]["phase"] == "Bound")
    name = kubectl.get(*path)["spec"]["volumeName"]
    volume = cloud.block_storage.find_volume(name, ignore_missing=False)
    assert volume.size == 3
    kubectl.run("delete", "deployment/keeper", "persistentvolumeclaim/data", "-n", namespace)
    eventually(lambda: kubectl.get("persistentvolume", name)["status"]["phase"] == "Released")
    assert cloud.block_storage.find_volume(name)
    kubectl.run("delete", "persistentvolume", name)
    cloud.block_storage.delete_volume(volume.id)


def test_jobs_complete(kubectl: Kubectl, namespace: str) -> None:
    kubectl.run("create", "job", "once", "--image=any", "-n", namespace)
    kubectl.run("wait", "--for=condition=complete", "job/once", "-n", namespace, "--timeout=30s")


def test_a_certificate_is_ready_once_the_name_leads_to_the_ingress(
    cloud: Connection, kubectl: Kubectl, namespace: str, sandbox_env: dict[str, str], tmp_path: Path
) -> None:
    env = {**sandbox_env, "KUBECONFIG": str(kubectl.kubeconfig)}
    for chart, more in (("ingress-nginx", []), ("cert-manager", ["--set", "crds.enabled=true"])):
        where = ["--namespace", chart, "--create-namespace", "--wait", "--timeout", "90s"]
        command = ["helm", "install", chart, str(ROOT / "sandbox" / "charts" / chart), *where, *more]
        subprocess.run(command, env=env, check=True, capture_output=True)
    host = HOST.rstrip(".")
    issuer = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "ClusterIssuer",
        "metadata": {"name": "acme"},
        "spec": {"acme": {"server": "https://acme.sandbox.test/directory"}},
    }
    path = {"path": "/", "pathType": "Prefix"}
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "web",
            "namespace": namespace,
            "annotations": {"cert-manager.io/cluster-issuer": "acme"},
        },
        "spec": {
            "ingressClassName": "nginx",
            "rules": [{"host": host, "http": {"paths": [{**path, "backend": backend}]}}],
            "tls": [{"hosts": [host], "secretName": "web-tls"}],
        },
    }
    kubectl.apply(issuer, ingress)

    def reason() -> str:
        challenges = kubectl.get("challenges", "-n", namespace)["items"]
        return str(challenges[0].get("status", {}).get("reason", "")) if challenges else ""

    assert "no such host" in eventually(reason)
    front = kubectl.get("service", "ingress-nginx-controller", "-n", "ingress-nginx")
    ip = front["status"]["loadBalancer"]["ingress"][0]["ip"]
    zone = cloud.dns.find_zone("sbx000001.projects.sandbox.test.", ignore_missing=False)
    record = cloud.dns.create_recordset(zone, name=HOST, type="A", records=[ip])
    kubectl.run("wait", "--for=condition=ready", "certificate/web-tls", "-n", namespace, "--timeout=60s")
    assert kubectl.get("ingress", "web", "-n", namespace)["status"]["loadBalancer"]["ingress"] == [{"ip": ip}]
    assert kubectl.get("secret", "web-tls", "-n", namespace)["type"] == "kubernetes.io/tls"
    cloud.dns.delete_recordset(record)
    kubectl.run("delete", "namespace", "ingress-nginx", "cert-manager")


def test_a_dead_api_server_is_started_again_and_a_halted_one_stays_away(
    cluster: dict[str, Any], kubectl: Kubectl, sandbox_env: dict[str, str]
) -> None:
    def plane(call: str) -> None:
        program = (
            "from sandbox.clusters import spec; from sandbox.clusters.control_plane import ControlPlane;"
            f"ControlPlane(spec.load('{cluster['uuid']}')).{call}()"
        )
        subprocess.run([sys.executable, "-c", program], env=sandbox_env, cwd=ROOT, check=True)

    plane("halt")
    kubectl.run("get", "nodes", code=1)
    plane("recover")
    eventually(
        lambda: (
            subprocess.run(
                ["kubectl", "--kubeconfig", str(kubectl.kubeconfig), "get", "nodes"],
                env=sandbox_env,
                capture_output=True,
                check=False,
            ).returncode
            == 0
        )
    )


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"flavor_id": "m3.tiny"}, "it has 1 vCPU, at least 2 are required"),
        ({"flavor_id": "m3.2xl", "node_count": 20}, "Quota exceeded for cores"),
        ({"labels": {"sandbox_fault": "create_failed"}}, "injected fault"),
    ],
)
def test_a_cluster_that_cannot_be_made_says_why(magnum: Magnum, wanted: dict[str, Any], reason: str) -> None:
    failed = magnum.create("impossible", **wanted)
    assert failed["status"] == "CREATE_FAILED"
    assert reason in failed["status_reason"]
    magnum.delete(failed["uuid"])


def test_keystones_own_refusal_of_a_restricted_credential_is_the_reason(sandbox_env: dict[str, str]) -> None:
    restricted = Magnum(openstack.connect(cloud="sandbox-restricted"))
    failed = restricted.create("restricted")
    assert failed["status"] == "CREATE_FAILED"
    assert "not allowed for managing additional application credentials" in failed["status_reason"]
    restricted.delete(failed["uuid"])


def test_a_deleted_cluster_leaves_what_the_real_one_leaves_and_nothing_else(
    cloud: Connection, magnum: Magnum, sandbox_env: dict[str, str], tmp_path: Path
) -> None:
    made = magnum.create("brief")
    kubectl = Kubectl.of("brief", tmp_path, sandbox_env)
    kubectl.apply(service("default"))
    left_behind = address(kubectl, "default")
    servers = [one.name for one in cloud.compute.servers() if one.name.startswith(made["stack_id"])]
    assert len(servers) == 2
    magnum.delete(made["uuid"])
    assert not [one.name for one in cloud.compute.servers() if one.name in servers]
    run = Path(sandbox_env["SANDBOX_HOME"]) / "run"
    assert not list((run / "processes").glob(f"{made['stack_id']}*"))
    assert not (run / "clusters" / made["uuid"]).exists()
    listed = cloud.identity.get(f"/users/{cloud.current_user_id}/application_credentials").json()
    names = [one["name"] for one in listed["application_credentials"]]
    assert f"magnum-{made['uuid']}" not in names
    balancer = cloud.load_balancer.find_load_balancer("kube_service_brief_default_front")
    assert balancer is not None
    address_left = cloud.network.find_ip(left_behind)
    assert address_left is not None
    cloud.load_balancer.delete_load_balancer(balancer, cascade=True)
    cloud.network.delete_ip(address_left)
