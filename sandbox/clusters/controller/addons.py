"""What a new cluster of the real cloud has in it from the start, besides Kubernetes' own objects."""

from __future__ import annotations

from sandbox.clusters import spec
from sandbox.clusters.controller import dns
from sandbox.clusters.controller.kube import Kube, Object
from sandbox.clusters.controller.workers import nodes
from sandbox.clusters.nodes import daemons
from sandbox.clusters.nodes.network import Network

PROVISIONER = "cinder.csi.openstack.org"
DEFAULT_CLASS = "default"
REPLICATED_CLASS = "replicated-hdd"


def _storage_class(name: str, cluster: spec.Cluster) -> Object:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if name == DEFAULT_CLASS else {}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": annotations},
        "provisioner": PROVISIONER,
        "parameters": {} if name == DEFAULT_CLASS else {"type": name},
        "reclaimPolicy": cluster.volume_reclaim,
        "allowVolumeExpansion": True,
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _system_workload(name: str, replicas: int, labels: dict[str, str], memory: str) -> Object:
    """A Deployment in kube-system that runs on any node, the control plane's included."""
    apart = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": labels}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "kube-system", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "priorityClassName": "system-cluster-critical",
                    "tolerations": [{"key": nodes.CONTROL_PLANE_LABEL, "effect": "NoSchedule"}],
                    "affinity": {
                        "podAntiAffinity": {
                            "preferredDuringSchedulingIgnoredDuringExecution": [
                                {"weight": 100, "podAffinityTerm": apart}
                            ]
                        }
                    },
                    "containers": [
                        {
                            "name": name,
                            "image": f"registry.k8s.io/{name}",
                            "resources": {"requests": {"cpu": "100m", "memory": memory}},
                        }
                    ],
                },
            },
        },
    }


def _api_server(cluster: spec.Cluster) -> Object:
    """Where pods of real nodes find what they call kubernetes.default."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "kubernetes", "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [Network(cluster).gateway], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": cluster.api_port, "protocol": "TCP"}],
    }


def install(kube: Kube, cluster: spec.Cluster) -> None:
    """Create storage classes, the CSI driver's object and system pods; what is there already stays as it is.

    Of the real cluster's system pods only these two are in kube-system, without a disruption budget, and on
    any node: kubeadm's CoreDNS, and the metrics server of capi-helm-charts' cluster-addons. With real nodes
    CoreDNS runs on these only, and the metrics server, of which there is no image, on kwok's.
    """
    coredns = _system_workload("coredns", 2, dns.LABELS, "70Mi")
    metrics = _system_workload("metrics-server", 1, {"app.kubernetes.io/name": "metrics-server"}, "200Mi")
    if cluster.real_nodes:
        dns.install(kube, Network(cluster).gateway)
        dns.complete(coredns)
        for workload, kind in ((coredns, nodes.REAL), (metrics, nodes.SIMULATED)):
            workload["spec"]["template"]["spec"]["nodeSelector"] = {nodes.KIND_LABEL: kind}
    for workload in (coredns, metrics):
        kube.create("/apis/apps/v1/namespaces/kube-system/deployments", workload, exists_ok=True)
    if cluster.real_nodes:
        slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
        kube.create(slices, _api_server(cluster), exists_ok=True)
        for path, right in daemons.rights().items():
            kube.create(path, right, exists_ok=True)
    for name in (DEFAULT_CLASS, REPLICATED_CLASS):
        kube.create("/apis/storage.k8s.io/v1/storageclasses", _storage_class(name, cluster), exists_ok=True)
    csi_driver: Object = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {"name": PROVISIONER},
        # Where all nodes are kwok's, no pod needs its volume attached.
        "spec": {"attachRequired": cluster.real_nodes > 0, "podInfoOnMount": True},
    }
    kube.create("/apis/storage.k8s.io/v1/csidrivers", csi_driver, exists_ok=True)
