"""A home as it was in a snapshot: a new volume in the place of the present one, which stays in the cloud."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from kubernetes import client

from components.backup.drop import snapshots_of
from components.cluster.access import ANSWER_SECONDS
from components.homes import metadata
from components.homes.grow import USER
from components.homes.place import HomesError, Place, say, wait
from components.homes.take_back import NOT_FOUND, bind


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A snapshot of a home."""

    id: str
    claim: str
    user: str
    """Her name, or the claim's where she has no home now."""
    taken: str
    """When, in UTC."""
    gib: int
    status: str


def copies(place: Place) -> list[Copy]:
    """All snapshots of homes, oldest first. Raises the errors of both clients."""
    users = {
        claim.metadata.name: (claim.metadata.annotations or {}).get(USER, claim.metadata.name)
        for claim in _claims(place)
    }
    return [
        Copy(
            id=found.id,
            claim=(claim := found.metadata.get(metadata.CLAIM, "")),
            user=users.get(claim, claim),
            taken=str(found.created_at),
            gib=found.size,
            status=found.status,
        )
        for found in snapshots_of(place.cloud, place.owner.gateway)
    ]


def choose(found: list[Copy], user: str, snapshot: str = "") -> Copy:
    """The last good copy of a user's home, or the one of the id `snapshot`. Raises HomesError."""
    hers = [copy for copy in found if user in (copy.user, copy.claim)]
    good = [copy for copy in hers if copy.status == "available" and snapshot in ("", copy.id)]
    if not good:
        which = f"snapshot {snapshot}" if snapshot else "good snapshot"
        raise HomesError(f"there is no {which} of a home of {user}; without FOR all are listed")
    return good[-1]


def restore(place: Place, copy: Copy, storage_class: str) -> None:
    """Give the user her home as it was. Repeat it where it stopped half-way.

    Raises HomesError, and the errors of both clients.
    """
    _at_rest(place, copy)
    claim = next((claim for claim in _claims(place) if claim.metadata.name == copy.claim), None)
    present = _volume_of(place, claim)
    if present is None and claim is not None:
        raise HomesError(
            f"home {copy.claim} has no volume yet; nothing can be lost with it, so delete the claim"
        )
    volume = _volume(place, copy, claim, present)
    if claim is not None and present != volume.id:
        _set_aside(place, claim, str(present))
    bind(place, [volume], storage_class)
    say(f"home {copy.claim} is as it was at {copy.taken} UTC: volume {volume.id}")


def _claims(place: Place) -> list[Any]:
    found: Any = place.api.list_namespaced_persistent_volume_claim(
        place.namespace, label_selector=metadata.SELECTOR, _request_timeout=ANSWER_SECONDS
    )
    return list(found.items)


def _at_rest(place: Place, copy: Copy) -> None:
    """Raises HomesError while a pod has the home."""
    pods: Any = place.api.list_namespaced_pod(place.namespace, _request_timeout=ANSWER_SECONDS)
    for pod in pods.items:
        mounted = [volume.persistent_volume_claim for volume in pod.spec.volumes or []]
        claims = {claim.claim_name for claim in mounted if claim}
        if copy.claim in claims and pod.status.phase not in ("Succeeded", "Failed"):
            raise HomesError(
                f"the server of {copy.user} runs; stop it on the hub's page /hub/admin, and repeat this"
            )


def _volume_of(place: Place, claim: Any) -> str | None:
    """Id of the claim's Cinder volume. Raises HomesError: it has one of another kind."""
    if claim is None or not claim.spec.volume_name:
        return None
    volume: Any = place.api.read_persistent_volume(claim.spec.volume_name, _request_timeout=ANSWER_SECONDS)
    if volume.spec.csi is None or volume.spec.csi.driver != metadata.DRIVER:
        raise HomesError(f"home {claim.metadata.name} is not a Cinder volume")
    return str(volume.spec.csi.volume_handle)


def _volume(place: Place, copy: Copy, claim: Any, present: str | None) -> Any:
    """A new volume with what is in the snapshot, or the one that an interrupted run made."""
    for volume in place.volumes():
        if (volume.metadata or {}).get(metadata.SNAPSHOT) == copy.id and volume.id != present:
            return volume
    said = metadata.owned(place.owner, copy.claim) if claim is None else metadata.marks(place.owner, claim)
    made = place.cloud.block_storage.create_volume(
        name=f"{place.owner.gateway}-{copy.claim}",
        size=copy.gib,
        snapshot_id=copy.id,
        metadata={**said, metadata.SNAPSHOT: copy.id},
    )
    wait(
        lambda: place.cloud.block_storage.get_volume(made.id).status,
        lambda status: status in ("creating", "downloading"),
        f"volume {made.id} was not made of the snapshot in time; repeat this",
    )
    volume = place.cloud.block_storage.get_volume(made.id)
    if volume.status != "available":
        raise HomesError(f"volume {made.id}, made of snapshot {copy.id}, is {volume.status}; delete it")
    return volume


def _set_aside(place: Place, claim: Any, volume: str) -> None:
    """Free the claim's name. Its volume stays, and says that it is nobody's home any more.

    It says so first: once the claim is gone, a repetition would not know which volume that was.
    """
    name = claim.metadata.name
    former = place.cloud.block_storage.get_volume(volume)
    whose = (metadata.CLAIM, metadata.CSI_CLAIM, metadata.SNAPSHOT)
    said = {key: text for key, text in (former.metadata or {}).items() if key not in whose}
    # All of it at once: Cinder has no URL for a single key with a slash in it.
    former.replace_metadata(
        place.cloud.block_storage, {**said, metadata.REPLACED: name, metadata.JANITOR: "true"}
    )
    retain: Any = {"spec": {"persistentVolumeReclaimPolicy": "Retain"}}
    place.api.patch_persistent_volume(claim.spec.volume_name, retain, _request_timeout=ANSWER_SECONDS)
    place.api.delete_namespaced_persistent_volume_claim(name, place.namespace)
    wait(
        partial(_is_there, place, name),
        bool,
        f"claim {name} is still in use; stop the server of its user, and repeat this",
    )
    say(
        # Older clients know only this word for --cascade.
        f"the former home is volume {volume}, which counts against the quota; when nobody needs it any more:"
        f" `openstack volume delete --purge {volume}`, which deletes the snapshots of it, too"
    )


def _is_there(place: Place, claim: str) -> bool:
    try:
        place.api.read_namespaced_persistent_volume_claim(claim, place.namespace)
    except client.ApiException as error:
        if error.status != NOT_FOUND:
            raise
        return False
    return True
