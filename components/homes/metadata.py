"""A home that outlives its cluster: the metadata on its Cinder volume, and the objects made from that.

Cinder takes keys and values of at most 255 characters (its API's schema of metadata).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.cloud.ownership import CSI_CLUSTER, OWNER_LABEL, Owner

DRIVER = "cinder.csi.openstack.org"
CSI_CLAIM = "csi.storage.k8s.io/pvc/name"
CSI_NAMESPACE = "csi.storage.k8s.io/pvc/namespace"

CLAIM = "gateway.claim"
CLASS = "gateway.storage-class"
SNAPSHOT = "gateway.snapshot"
"""The snapshot that a restored home was made from."""
REPLACED = "gateway.replaced"
"""The claim whose home a volume was, before a restored one took its place."""
LABEL = "gateway.label."
ANNOTATION = "gateway.annotation."
JANITOR = "janitor.capi.azimuth-cloud.com/keep"
"""cluster-api-janitor-openstack removes a deleted cluster's volumes, except those where this is `true`."""
LONGEST = 255

COMPONENT = {"component": "singleuser-storage"}
"""The label of KubeSpawner's claims."""
SELECTOR = ",".join(f"{key}={value}" for key, value in COMPONENT.items())
"""Selects them in a list of claims."""
HUB_DATABASE = "hub-db-dir"
"""The only claim in the hub's namespace that is nobody's home (JupyterHub's chart)."""
CONTROL_PLANES_OWN = "kubernetes.io/"
"""Part of the annotations that Kubernetes and kubectl write about the old cluster."""


def marks(owner: Owner, claim: Any) -> dict[str, str]:
    """The metadata for the volume of `claim` (a V1PersistentVolumeClaim). `claim_of` reads it."""
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
    return {**fitting, **owned(owner, meta.name)}


def owned(owner: Owner, claim: str) -> dict[str, str]:
    """The least metadata of a kept volume: whose home it is, and that it outlives its cluster."""
    return {**owner.marks, CLAIM: claim, JANITOR: "true"}


def is_home(metadata: Mapping[str, str] | None, gateway: str) -> bool:
    """Whether a volume with this metadata was kept as a home of `gateway`."""
    said = metadata or {}
    return said.get(OWNER_LABEL) == gateway and CLAIM in said


def claim_in(metadata: Mapping[str, str] | None, gateway: str, cluster: str, namespace: str) -> str | None:
    """The claim whose home the volume with this metadata is; None: it is no home of `gateway`.

    cluster: its name in the volumes' metadata. A volume that was kept or restored says so itself; the CSI
    driver writes the claim on the others.
    """
    said = metadata or {}
    if is_home(said, gateway):
        return said[CLAIM]
    claim = said.get(CSI_CLAIM)
    here = (said.get(CSI_CLUSTER), said.get(CSI_NAMESPACE)) == (cluster, namespace)
    return claim if here and claim != HUB_DATABASE else None


def volume_name(volume: Any) -> str:
    """The PersistentVolume's name of a kept Cinder volume."""
    return f"home-{volume.id}"


def persistent_volume(volume: Any, namespace: str, storage_class: str) -> dict[str, Any]:
    """The PersistentVolume of a kept Cinder `volume`, bound to its claim, not yet deleted with it."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        # Without the annotation the driver never deletes it, whatever its reclaim policy says later.
        "metadata": {
            "name": volume_name(volume),
            "annotations": {"pv.kubernetes.io/provisioned-by": DRIVER},
        },
        "spec": {
            "capacity": {"storage": f"{volume.size}Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": volume.metadata.get(CLASS, storage_class),
            # The driver's default. Kubernetes sets the files' group only if it is written here.
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
    """The claim of a kept Cinder `volume`, bound to the PersistentVolume `persistent`."""

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
