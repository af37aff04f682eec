"""What a new cluster of the real cloud has in it from the start, besides Kubernetes' own objects."""

from __future__ import annotations

from sandbox.clusters import spec
from sandbox.clusters.controller.kube import Kube, Object

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


def install(kube: Kube, cluster: spec.Cluster) -> None:
    """Create the storage classes and the CSI driver's object; what is there already stays as it is."""
    for name in (DEFAULT_CLASS, REPLICATED_CLASS):
        kube.create("/apis/storage.k8s.io/v1/storageclasses", _storage_class(name, cluster), exists_ok=True)
    csi_driver: Object = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {"name": PROVISIONER},
        # Nothing here can attach a volume, and kwok's pods need none attached.
        "spec": {"attachRequired": False, "podInfoOnMount": True},
    }
    kube.create("/apis/storage.k8s.io/v1/csidrivers", csi_driver, exists_ok=True)
