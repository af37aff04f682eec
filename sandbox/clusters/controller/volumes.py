"""Persistent volume claims: volumes in the cloud, as the Cinder CSI driver makes them.

With the reclaim policy Retain, which is the real cloud's, a volume outlives its claim and its cluster.
"""

from __future__ import annotations

import math

from openstack.connection import Connection
from openstack.exceptions import SDKException

from sandbox.clusters import spec
from sandbox.clusters.controller.addons import PROVISIONER
from sandbox.clusters.controller.kube import Cache, Kube, Object, name_of
from sandbox.clusters.controller.workers import fit

PROVISIONER_KEYS = (
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
)
SELECTED_NODE = "volume.kubernetes.io/selected-node"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
CLUSTER_KEY = "cinder.csi.openstack.org/cluster"
GIB = 1 << 30
_FAILURES = {True: ("ProvisioningFailed", "provision"), False: ("VolumeResizeFailed", "expand")}
POLL_S = 0.3
RETRY_S = 3.0


def size_gib(claim: Object) -> int:
    """How large a volume `claim` asks for, in whole GiB."""
    return math.ceil(fit.quantities(claim["spec"]["resources"]["requests"])["storage"] / GIB)


def persistent_volume(claim: Object, storage_class: Object, volume_id: str) -> Object:
    """The PersistentVolume of `volume_id`, bound to `claim`."""
    meta = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"pvc-{meta['uid']}", "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "capacity": {"storage": f"{size_gib(claim)}Gi"},
            "accessModes": claim["spec"]["accessModes"],
            "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": claim["spec"]["storageClassName"],
            "csi": {"driver": PROVISIONER, "volumeHandle": volume_id, "fsType": "ext4"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
            },
        },
    }


class Volumes:
    """Looks after the claims and volumes of one cluster."""

    def __init__(
        self,
        uuid: str,
        kube: Kube,
        connection: Connection,
        *,
        claim: Cache,
        volume: Cache,
        storage_class: Cache,
    ) -> None:
        self._uuid, self._kube, self._cloud = uuid, kube, connection
        self._claims, self._volumes, self._classes = claim, volume, storage_class

    def reconcile(self) -> float | None:
        """Make the volumes of new claims, enlarge those whose claim grew, delete those that are to go."""
        waits = []
        for claim in self._claims.values():
            new = self._waits(claim)
            try:
                waits.append(self._provision(claim) if new else self._resize(claim))
            except SDKException as error:
                text = getattr(error, "details", None) or str(error)
                reason, failed = _FAILURES[new]
                self._kube.event(claim, reason, f"failed to {failed} volume: {text}")
                waits.append(RETRY_S)
        waits.extend(self._reclaim(volume) for volume in self._volumes.values())
        return min((wait for wait in waits if wait is not None), default=None)

    def _waits(self, claim: Object) -> bool:
        """Whether `claim` is ours to provide for, and its time has come."""
        annotations = claim["metadata"].get("annotations", {})
        ours = any(annotations.get(key) == PROVISIONER for key in PROVISIONER_KEYS)
        if not ours or claim["spec"].get("volumeName") or "deletionTimestamp" in claim["metadata"]:
            return False
        storage_class = self._classes.items.get(claim["spec"].get("storageClassName", ""), {})
        immediate = storage_class.get("volumeBindingMode", "Immediate") == "Immediate"
        return immediate or SELECTED_NODE in annotations

    def _provision(self, claim: Object) -> float | None:
        name = f"pvc-{claim['metadata']['uid']}"
        if name in self._volumes.items:
            return None
        storage_class = self._classes.items[claim["spec"]["storageClassName"]]
        volume = self._cloud.block_storage.find_volume(name, details=True)
        if volume is None:
            volume = self._cloud.block_storage.create_volume(
                name=name,
                size=size_gib(claim),
                volume_type=storage_class.get("parameters", {}).get("type"),
                description="Created by OpenStack Cinder CSI driver (sandbox)",
                metadata={
                    CLUSTER_KEY: spec.load(self._uuid).stack_id,
                    "csi.storage.k8s.io/pvc/name": claim["metadata"]["name"],
                    "csi.storage.k8s.io/pvc/namespace": claim["metadata"]["namespace"],
                },
            )
        if volume.status in ("creating", "downloading"):
            return POLL_S
        body = persistent_volume(claim, storage_class, volume.id)
        self._kube.create("/api/v1/persistentvolumes", body, exists_ok=True)
        text = f"Successfully provisioned volume {name}"
        self._kube.event(claim, "ProvisioningSucceeded", text, warning=False)
        return None

    def _resize(self, claim: Object) -> float | None:
        volume = self._volumes.items.get(claim["spec"].get("volumeName", ""))
        if volume is None or volume["spec"].get("csi", {}).get("driver") != PROVISIONER:
            return None
        asked = fit.quantities(claim["spec"]["resources"]["requests"])["storage"]
        if asked <= fit.quantities(volume["spec"]["capacity"])["storage"]:
            return None
        wanted = size_gib(claim)
        self._cloud.block_storage.extend_volume(volume["spec"]["csi"]["volumeHandle"], wanted)
        capacity = {"storage": f"{wanted}Gi"}
        path = f"/api/v1/persistentvolumes/{volume['metadata']['name']}"
        self._kube.patch(path, {"spec": {"capacity": capacity}})
        meta = claim["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/persistentvolumeclaims/{meta['name']}/status"
        self._kube.patch(path, {"status": {"capacity": capacity}})
        self._kube.event(
            claim, "FileSystemResizeSuccessful", f"{name_of(claim)} has {wanted} GiB", warning=False
        )
        return None

    def _reclaim(self, volume: Object) -> float | None:
        # The driver's provisioner heeds the annotation alone, in volumes that were made by hand as well.
        ours = volume["metadata"].get("annotations", {}).get(PROVISIONED_BY) == PROVISIONER
        released = volume.get("status", {}).get("phase") == "Released"
        if not (ours and released and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"):
            return None
        try:
            self._cloud.block_storage.delete_volume(
                volume["spec"]["csi"]["volumeHandle"], ignore_missing=True
            )
        except SDKException as error:  # it is still attached to the node of the last pod that had it
            self._kube.event(volume, "VolumeFailedDelete", getattr(error, "details", None) or str(error))
            return RETRY_S
        self._kube.delete(f"/api/v1/persistentvolumes/{volume['metadata']['name']}")
        return None
