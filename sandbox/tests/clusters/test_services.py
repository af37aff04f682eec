"""What a cluster takes of the cloud for its objects: load balancers, addresses, volumes, certificates."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from kubernetes.client.exceptions import ApiException
from openstack.connection import Connection

from sandbox.clusters.controller.kube import Kube
from sandbox.layout import ROOT
from sandbox.tests.clusters.objects import address, service, workload
from sandbox.tests.magnum import Kubectl, eventually

HOST = "clusters.sbx000001.projects.sandbox.localhost."


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


def test_what_is_there_is_left_alone_by_whoever_makes_it_again(kubectl: Kubectl, namespace: str) -> None:
    kube, path = Kube(kubectl.kubeconfig), f"/api/v1/namespaces/{namespace}/services"
    wanted = service(namespace, type="ClusterIP", clusterIP="10.254.7.7")
    kube.create(path, wanted)
    made = kubectl.get("service", "front", "-n", namespace)
    kube.create(path, wanted, exists_ok=True)
    assert kubectl.get("service", "front", "-n", namespace) == made
    other = wanted | {"metadata": {"name": "other", "namespace": namespace}}
    with pytest.raises(ApiException, match="provided IP is already allocated"):
        kube.create(path, other, exists_ok=True)


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
        "spec": {"acme": {"server": "https://acme.sandbox.localhost/directory"}},
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
    zone = cloud.dns.find_zone("sbx000001.projects.sandbox.localhost.", ignore_missing=False)
    record = cloud.dns.create_recordset(zone, name=HOST, type="A", records=[ip])
    kubectl.run("wait", "--for=condition=ready", "certificate/web-tls", "-n", namespace, "--timeout=60s")
    assert kubectl.get("ingress", "web", "-n", namespace)["status"]["loadBalancer"]["ingress"] == [{"ip": ip}]
    assert kubectl.get("secret", "web-tls", "-n", namespace)["type"] == "kubernetes.io/tls"
    cloud.dns.delete_recordset(record)
    kubectl.run("delete", "namespace", "ingress-nginx", "cert-manager")
