"""Keep the users' homes when their cluster goes."""

from __future__ import annotations

import os
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import NotFoundException
from tenacity import Retrying, retry_if_exception_type
from tenacity import stop_after_delay as after
from tenacity import wait_fixed as every
from urllib3.exceptions import HTTPError

from components.cloud.ownership import CSI_CLUSTER
from components.cluster.access import ANSWER_SECONDS
from components.homes import metadata
from components.homes.place import POLL_SECONDS, HomesError, Place, say, wait

PATIENCE_SECONDS = 60
"""How long to wait for a cluster that exists but does not answer."""
DEAD = "PULUMI_K8S_DELETE_UNREACHABLE"
"""The Kubernetes provider's variable; an operator sets it to `true` when the cluster will not come back."""


def keep(place: Place) -> None:
    """Let no home go with the namespace, and write on each volume whose it is.

    Raises HomesError, HTTPError when the cluster does not answer, and the errors of both clients.
    """
    api = place.api

    def hub() -> Any:
        pods: Any = api.list_namespaced_pod(
            place.namespace, label_selector="component=hub", _request_timeout=ANSWER_SECONDS
        )
        return pods.items

    wait(hub, bool, "the hub has not ended and could still create homes; run the same command again")
    claims: Any = api.list_namespaced_persistent_volume_claim(
        place.namespace, label_selector=metadata.SELECTOR, _request_timeout=ANSWER_SECONDS
    )
    for claim in claims.items:
        if claim.spec.volume_name:  # else nothing was ever written to it
            _keep_one(place, claim)


def _keep_one(place: Place, claim: Any) -> None:
    volume: Any = place.api.read_persistent_volume(claim.spec.volume_name, _request_timeout=ANSWER_SECONDS)
    if volume.spec.csi is None or volume.spec.csi.driver != metadata.DRIVER:
        raise HomesError(
            f"home {claim.metadata.name} is not a Cinder volume and can't be kept; copy its files, remove"
            " homes from gateway:keep, run `pulumi up`, then the same command again"
        )
    retain = {"spec": {"persistentVolumeReclaimPolicy": "Retain"}}
    place.api.patch_persistent_volume(volume.metadata.name, retain, _request_timeout=ANSWER_SECONDS)
    key = volume.spec.csi.volume_handle
    try:
        place.mark(key, metadata.marks(place.owner, claim))
    except NotFoundException:
        say(f"home {claim.metadata.name} is lost: somebody deleted its volume {key}")
        return
    say(f"kept home {claim.metadata.name}: volume {key}")


def keep_from_outside(place: Place, cluster: str) -> None:
    """The same for a cluster that does not answer, from the metadata of its volumes.

    cluster: its name in the volumes' metadata.
    """
    found = 0
    for volume in place.volumes():
        said = volume.metadata or {}
        claim = metadata.claim_in(said, place.owner.gateway, cluster, place.namespace)
        if claim is None:
            if said.get(CSI_CLUSTER) == cluster and metadata.CSI_CLAIM not in said:
                place.mark(volume.id, {metadata.JANITOR: "true"})
                say(f"volume {volume.id} may be a home, but does not say whose; it stays as it is")
            continue
        kept = metadata.is_home(said, place.owner.gateway)
        place.mark(volume.id, {metadata.JANITOR: "true"} if kept else metadata.owned(place.owner, claim))
        found += 1
        say(f"kept home {claim}: volume {volume.id}")
    say(f"the cluster does not answer; {found} homes were kept by the metadata of their volumes")


def _is_gone(cloud: Connection, cluster_id: str) -> bool:
    """Whether the cluster will never answer again: Magnum does not have it, or the operator says so."""
    if os.environ.get(DEAD) == "true":
        return True
    return cluster_id not in {found.uuid for found in cloud.container_infrastructure_management.clusters()}


def keep_homes(place: Place, cluster_id: str) -> None:
    """Keep all homes: ask the cluster, or read their volumes when it is gone. Raises HomesError."""
    gone = _is_gone(place.cloud, cluster_id)
    patience = Retrying(
        stop=after(0 if gone else PATIENCE_SECONDS),
        wait=every(POLL_SECONDS),
        retry=retry_if_exception_type(HTTPError),
        reraise=True,
    )
    try:
        patience(keep, place)
    except HTTPError as error:
        if not gone:
            raise HomesError(
                f"the cluster does not answer, so its homes can't be kept ({error}); run the same command"
                f" again, with {DEAD}=true if the cluster will not come back: homes are then kept by metadata"
            ) from None
        keep_from_outside(place, os.environ.get("PULUMI_COMMAND_STDOUT", ""))
