"""A cloud and clusters that know just enough of volumes for homes to be kept and given back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kubernetes import client
from openstack.exceptions import NotFoundException
from urllib3.exceptions import HTTPError

from components.cloud.ownership import CSI_CLUSTER
from components.homes import metadata as kept_homes

CLUSTER = "gw25-abcdefghijkl"
"""How the volumes' metadata names the cluster."""


def thing(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**fields)


def cinder(key: str, **metadata: str) -> SimpleNamespace:
    return thing(id=key, size=10, metadata=metadata)


def csi(claim: str, cluster: str = CLUSTER, namespace: str = "jhub") -> dict[str, str]:
    """What the CSI driver writes on a claim's volume."""
    return {
        CSI_CLUSTER: cluster,
        kept_homes.CSI_CLAIM: claim,
        kept_homes.CSI_NAMESPACE: namespace,
    }


class Cloud:
    """Cinder, and Magnum with one cluster."""

    def __init__(self, *volumes: SimpleNamespace) -> None:
        self.volumes = {volume.id: volume for volume in volumes}
        self.block_storage = thing(
            volumes=lambda details: list(self.volumes.values()), set_volume_metadata=self._mark
        )
        self.container_infrastructure_management = thing(clusters=lambda: [thing(uuid="c-1")])

    def _mark(self, key: str, **metadata: str) -> None:
        if key not in self.volumes:
            raise NotFoundException
        assert all(len(k) <= 255 and len(text) <= 255 for k, text in metadata.items())
        self.volumes[key].metadata.update(metadata)


def claimed(name: str, volume: str | None, labels: dict[str, str], **annotations: str) -> SimpleNamespace:
    return thing(
        metadata=thing(name=name, labels=labels, annotations=annotations),
        spec=thing(volume_name=volume, storage_class_name="default"),
    )


def persistent(
    name: str, handle: str, claim: str = "", *, phase: str = "Bound", driver: str = kept_homes.DRIVER
) -> SimpleNamespace:
    return thing(
        metadata=thing(name=name, annotations={}),
        spec=thing(
            csi=thing(driver=driver, volume_handle=handle),
            claim=claim,
            storage_class_name="default",
            policy="Delete",
        ),
        status=thing(phase=phase),
    )


class Kubernetes:
    """Claims and volumes of one cluster; what has a claim to it is bound. `done` tells changes in order."""

    api_client = None

    def __init__(self, claims: list[SimpleNamespace], volumes: list[SimpleNamespace]) -> None:
        self.claims = {claim.metadata.name: claim for claim in claims}
        self.volumes = {volume.metadata.name: volume for volume in volumes}
        self.done: list[str] = []
        self.unbound: dict[str, int] = {}
        """How many looks at a claim still find it Pending; its volume is Bound before it is."""
        self.hub: list[int] = []

    def list_namespaced_pod(self, namespace: str, label_selector: str, **_: Any) -> Any:
        assert (namespace, label_selector) == ("jhub", "component=hub")
        return thing(items=[self.hub.pop()] if self.hub else [])

    def list_namespaced_persistent_volume_claim(self, namespace: str, label_selector: str, **_: Any) -> Any:
        assert not self.hub, "the hub may still make homes"
        key, value = label_selector.split("=")
        wanted = [c for c in self.claims.values() if (c.metadata.labels or {}).get(key) == value]
        return thing(items=wanted if namespace == "jhub" else [])

    def list_persistent_volume(self) -> Any:
        return thing(items=list(self.volumes.values()))

    def read_persistent_volume(self, name: str, **_: Any) -> Any:
        volume = self.volumes[name]
        claim = self.claims.get(volume.spec.claim)
        if volume.status.phase == "Available" and claim and claim.spec.volume_name == name:
            volume.status.phase = "Bound"
        return volume

    def patch_persistent_volume(self, name: str, body: dict[str, Any], **_: Any) -> None:
        volume, spec = self.volumes[name], body["spec"]
        if "claimRef" in spec:
            assert spec["claimRef"] == {"uid": None, "resourceVersion": None}
            volume.status.phase = "Available"
        policy = spec.get("persistentVolumeReclaimPolicy")
        if policy:
            assert policy == "Retain" or volume.status.phase == "Bound", "it would be deleted at once"
            volume.spec.policy = policy
            self.done.append(f"{name} {policy}")

    def create_persistent_volume(self, body: dict[str, Any]) -> None:
        spec, name = body["spec"], body["metadata"]["name"]
        assert spec["persistentVolumeReclaimPolicy"] == "Retain"
        assert "uid" not in spec["claimRef"]
        made = persistent(name, spec["csi"]["volumeHandle"], spec["claimRef"]["name"], phase="Available")
        made.metadata.annotations = body["metadata"]["annotations"]
        made.spec.policy = spec["persistentVolumeReclaimPolicy"]
        self.volumes[name] = made
        self.done.append(name)

    def create_namespaced_persistent_volume_claim(self, namespace: str, body: dict[str, Any]) -> None:
        meta, spec = body["metadata"], body["spec"]
        if meta["name"] in self.claims:
            raise client.ApiException(status=409)
        made = claimed(meta["name"], spec["volumeName"], meta["labels"], **meta["annotations"])
        made.spec.storage_class_name = spec["storageClassName"]
        self.claims[meta["name"]] = made
        self.unbound[meta["name"]] = 2
        self.done.append(f"{namespace}/{meta['name']} {spec['resources']['requests']['storage']}")

    def read_namespaced_persistent_volume_claim(self, name: str, _namespace: str) -> Any:
        claim, left = self.claims[name], self.unbound.get(name, 0)
        volume = self.read_persistent_volume(claim.spec.volume_name)
        bound = not left and volume.status.phase == "Bound"
        self.unbound[name] = max(left - 1, 0)
        claim.status = thing(phase="Bound" if bound else "Pending")
        return claim


class Dead(Kubernetes):
    """A cluster that does not answer."""

    def list_namespaced_pod(self, *_: Any, **__: Any) -> Any:
        raise HTTPError("no route to it")
