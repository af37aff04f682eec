"""Volumes on real nodes: attached to a node's server in the cloud before a pod gets them, detached after.

The controller manager says in a VolumeAttachment where a volume is wanted, and keeps a volume that is on one
node from another. This does in the cloud what it says, as the external-attacher beside Cinder's driver does.
"""

from __future__ import annotations

import time

from kubernetes.client.exceptions import ApiException
from openstack.connection import Connection
from openstack.exceptions import SDKException

from sandbox.clusters.controller.addons import PROVISIONER
from sandbox.clusters.controller.kube import NOT_FOUND, Cache, Kube, Object

COLLECTION = "/apis/storage.k8s.io/v1/volumeattachments"
FINALIZER = "external-attacher/cinder-csi-openstack-org"
SERVER_KEY = "csi.alpha.kubernetes.io/node-id"
"""Annotations: what is attached where. Node and volume may leave the cluster before the detaching."""
VOLUME_KEY = "cinder.csi.openstack.org/volume-id"
RETRY_S = 2.0


class Attachments:
    """Looks after the attachments of one cluster."""

    def __init__(self, kube: Kube, connection: Connection, *, attachment: Cache) -> None:
        self._kube, self._cloud, self._attachments = kube, connection, attachment

    def reconcile(self) -> float | None:
        """Attach what is wanted, detach what is to go."""
        waits = []
        for attachment in self._attachments.values():
            if attachment["spec"]["attacher"] != PROVISIONER:
                continue
            leaving = "deletionTimestamp" in attachment["metadata"]
            try:
                if leaving:
                    self._detach(attachment)
                elif not attachment.get("status", {}).get("attached"):
                    self._attach(attachment)
            except (SDKException, ApiException) as error:
                self._tell(attachment, "detachError" if leaving else "attachError", error)
                waits.append(RETRY_S)
        return min(waits, default=None)

    def _volume_id(self, attachment: Object) -> str:
        name = attachment["spec"]["source"]["persistentVolumeName"]
        volume = self._kube.get(f"/api/v1/persistentvolumes/{name}")
        return str(volume["spec"]["csi"]["volumeHandle"])

    def _server(self, node: str) -> str:
        """The server of `node`, as the driver on it told the kubelet."""
        drivers = self._kube.get(f"/apis/storage.k8s.io/v1/csinodes/{node}")["spec"]["drivers"] or []
        for driver in drivers:
            if driver["name"] == PROVISIONER:
                return str(driver["nodeID"])
        raise ApiException(status=404, reason=f"{PROVISIONER} does not run on {node}")

    def _attach(self, attachment: Object) -> None:
        path, meta = f"{COLLECTION}/{attachment['metadata']['name']}", attachment["metadata"]
        volume, server = self._volume_id(attachment), self._server(attachment["spec"]["nodeName"])
        if FINALIZER not in meta.get("finalizers", ()):
            kept = [*meta.get("finalizers", ()), FINALIZER]
            notes = {SERVER_KEY: server, VOLUME_KEY: volume}
            self._kube.patch(path, {"metadata": {"finalizers": kept, "annotations": notes}})
        if server not in self._servers(volume):
            self._cloud.compute.create_volume_attachment(server, volume_id=volume)
        self._kube.patch(f"{path}/status", {"status": {"attached": True, "attachError": None}})

    def _servers(self, volume: str) -> list[str]:
        """The servers that `volume` is attached to."""
        found = self._cloud.block_storage.find_volume(volume, details=True)
        return [attachment["server_id"] for attachment in found.attachments] if found else []

    def _detach(self, attachment: Object) -> None:
        meta = attachment["metadata"]
        if FINALIZER not in meta.get("finalizers", ()):
            return
        volume, server = (meta["annotations"][key] for key in (VOLUME_KEY, SERVER_KEY))
        # A server that is gone has taken the attachment with it.
        if server in self._servers(volume):
            self._cloud.compute.delete_volume_attachment(server, volume)
        kept = [finalizer for finalizer in meta["finalizers"] if finalizer != FINALIZER]
        self._kube.patch(f"{COLLECTION}/{meta['name']}", {"metadata": {"finalizers": kept}})

    def _tell(self, attachment: Object, what: str, error: Exception) -> None:
        """Say in the attachment what went wrong; the controller manager makes events of it."""
        text = getattr(error, "details", None) or getattr(error, "reason", None) or str(error)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        path = f"{COLLECTION}/{attachment['metadata']['name']}/status"
        status = {"attached": what == "detachError", what: {"time": now, "message": text}}
        try:
            self._kube.patch(path, {"status": status})
        except ApiException as missing:
            if missing.status != NOT_FOUND:
                raise
