"""Give kept homes back to the gateway's next cluster."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from kubernetes import client

from components.homes import metadata
from components.homes.place import HomesError, Place, say, wait

NOT_FOUND, CONFLICT = 404, 409


def take_back(place: Place, storage_class: str) -> None:
    """Create claims for the gateway's kept volumes, so that the hub finds each user's home.

    Raises HomesError, and the errors of the cluster's and the cloud's clients.
    """
    wait(
        partial(_classes, place),
        lambda classes: storage_class not in classes,
        f"gateway:hub.storage.class: the cluster has no {storage_class} (`kubectl get storageclass`)",
    )
    homes = [volume for volume in place.volumes() if metadata.is_home(volume.metadata, place.owner.gateway)]
    count = Counter(home.metadata[metadata.CLAIM] for home in homes)
    for claim in (claim for claim, times in count.items() if times > 1):
        ids = ", ".join(home.id for home in homes if home.metadata[metadata.CLAIM] == claim)
        raise HomesError(
            f"home {claim} was kept more than once, in the volumes {ids}; choose one, and delete the others"
            f" or run `openstack volume unset --property {metadata.CLAIM} ID` for each"
        )
    if homes:
        bind(place, homes, storage_class)


def bind(place: Place, homes: list[Any], storage_class: str) -> None:
    """Create claims for these Cinder volumes, which say whose they are, and wait until they are bound.

    Raises as `take_back` does.
    """
    known: Any = place.api.list_persistent_volume()
    volumes = {volume.spec.csi.volume_handle: volume for volume in known.items if volume.spec.csi}
    taken = [(home, _take_one_back(place, home, volumes.get(home.id), storage_class)) for home in homes]
    for home, volume in taken:
        claim = home.metadata[metadata.CLAIM]
        wait(
            partial(_phase, place, claim),
            lambda phase: phase != "Bound",
            f"home {claim} was not bound to its volume {home.id}; `kubectl describe pvc -n {place.namespace}"
            f" {claim}` says why",
        )
        # Only now: a volume that has no claim yet could be deleted at once.
        _follow_its_class(place, volume)
        place.mark(home.id, {metadata.JANITOR: "false"})
        say(f"home {claim} is back: volume {home.id}, {home.size} GiB")


def _classes(place: Place) -> set[str]:
    """Names of the storage classes; a cluster gets its own a while after it is complete."""
    found: Any = client.StorageV1Api(place.api.api_client).list_storage_class()
    return {storage_class.metadata.name for storage_class in found.items}


def _phase(place: Place, claim: str) -> str:
    """The claim's phase, which is Bound a moment after its volume's."""
    found: Any = place.api.read_namespaced_persistent_volume_claim(claim, place.namespace)
    return str(found.status.phase)


def _take_one_back(place: Place, home: Any, volume: Any, storage_class: str) -> str:
    """Name of the PersistentVolume that holds `home`. `volume` is one that exists already, if any."""
    if volume is None:
        body: Any = metadata.persistent_volume(home, place.namespace, storage_class)
        place.api.create_persistent_volume(body)
        name = metadata.volume_name(home)
    else:
        name = volume.metadata.name
        if volume.status.phase == "Released":  # its namespace was deleted before its cluster
            nobody = {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}}
            place.api.patch_persistent_volume(name, nobody)
    claim: Any = metadata.claim_of(home, storage_class, name)
    try:
        place.api.create_namespaced_persistent_volume_claim(place.namespace, claim)
    except client.ApiException as error:
        if error.status != CONFLICT:
            raise
        there: Any = place.api.read_namespaced_persistent_volume_claim(
            claim["metadata"]["name"], place.namespace
        )
        if there.spec.volume_name != name:
            raise HomesError(
                f"home {there.metadata.name} was kept in volume {home.id}, but its user has another one now;"
                f" delete either the claim or the kept volume: `openstack volume delete {home.id}`"
            ) from None
    return name


def _follow_its_class(place: Place, name: str) -> None:
    """From now on the volume is deleted with its claim, or not, as its storage class says."""
    volume: Any = place.api.read_persistent_volume(name)
    storage = client.StorageV1Api(place.api.api_client)
    try:
        found: Any = storage.read_storage_class(volume.spec.storage_class_name)
    except client.ApiException as error:
        if error.status != NOT_FOUND:
            raise
        return
    place.api.patch_persistent_volume(name, {"spec": {"persistentVolumeReclaimPolicy": found.reclaim_policy}})
