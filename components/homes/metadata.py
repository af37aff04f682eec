"""A home that outlives its cluster: what is written on its Cinder volume, and what is made of that again.

Cinder takes keys and values of at most 255 characters (its API's schema of metadata).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.cloud.ownership import OWNER_LABEL

DRIVER = "cinder.csi.openstack.org"
CSI_CLUSTER = f"{DRIVER}/cluster"
"""Metadata of a volume: the cluster whose claim it was made for, by Cluster API's name."""
CSI_CLAIM = "csi.storage.k8s.io/pvc/name"
CSI_NAMESPACE = "csi.storage.k8s.io/pvc/namespace"

CLAIM = "gateway.claim"
CLASS = "gateway.storage-class"
LABEL = "gateway.label."
ANNOTATION = "gateway.annotation."
JANITOR = "janitor.capi.azimuth-cloud.com/keep"
"""Where a cluster's volumes are removed with it, by cluster-api-janitor-openstack, `true` spares this one."""
LONGEST = 255

COMPONENT = {"component": "singleuser-storage"}
"""The label of KubeSpawner's claims."""
CONTROL_PLANES_OWN = "kubernetes.io/"
"""In the annotations that Kubernetes and kubectl write; they are about the old cluster."""


def marks(gateway: str, claim: Any) -> dict[str, str]:
    """What is written on the volume of `claim` (a V1PersistentVolumeClaim), for `claim_of` to read."""
    meta = claim.metadata
    annotations = {
        key: text for key, text in (meta.annotations or {}).items() if CONTROL_PLANES_OWN not in key
    }
    details = {
        CLASS: str(claim.spec.storage_class_name),
        **{LABEL + key: text for key, text in (meta.labels or {}).items()},
        **{ANNOTATION + key: text for key, text in annotations.items()},
    }
    fitting = {key: text for key, text in details.items() if len(key) <= LONGEST and len(text) <= LONGEST}
    return {**fitting, **owned(gateway, meta.name)}


def owned(gateway: str, claim: str) -> dict[str, str]:
    """The least that is written on a kept volume: whose home it is; and it is spared with its cluster."""
    return {OWNER_LABEL: gateway, CLAIM: claim, JANITOR: "true"}


def is_home(metadata: Mapping[str, str] | None, gateway: str) -> bool:
    """Whether a volume with this metadata was kept as a home of `gateway`."""
    said = metadata or {}
    return said.get(OWNER_LABEL) == gateway and CLAIM in said


def volume_name(volume: Any) -> str:
    """The PersistentVolume's name of a kept Cinder volume."""
    return f"home-{volume.id}"


def persistent_volume(volume: Any, namespace: str, storage_class: str) -> dict[str, Any]:
    """The PersistentVolume of a kept Cinder `volume`, for its claim alone; it is not deleted with it yet."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        # Without the annotation the driver would not delete it, whatever its reclaim policy says later.
        "metadata": {
            "name": volume_name(volume),
            "annotations": {"pv.kubernetes.io/provisioned-by": DRIVER},
        },
        "spec": {
            "capacity": {"storage": f"{volume.size}Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": volume.metadata.get(CLASS, storage_class),
            # The driver's default, said here since Kubernetes sets the files' group only where it is.
            "csi": {"driver": DRIVER, "volumeHandle": volume.id, "fsType": "ext4"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": namespace,
                "name": volume.metadata[CLAIM],
            },
        },
    }


def claim_of(volume: Any, storage_class: str, persistent: str) -> dict[str, Any]:
    """The claim that was kept with a Cinder `volume`, bound to the PersistentVolume `persistent`."""

    def kept(prefix: str) -> dict[str, str]:
        return {
            key.removeprefix(prefix): text for key, text in volume.metadata.items() if key.startswith(prefix)
        }

    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": volume.metadata[CLAIM],
            "labels": {**COMPONENT, **kept(LABEL)},
            "annotations": kept(ANNOTATION),
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": volume.metadata.get(CLASS, storage_class),
            "volumeName": persistent,
            "resources": {"requests": {"storage": f"{volume.size}Gi"}},
        },
    }
