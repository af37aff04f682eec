"""Keep the users' homes when their cluster goes (`keep`), and give them back to the next one (`take-back`).

Environment: GATEWAY, CLUSTER_ID, NAMESPACE, STORAGE_CLASS, and OS_CLOUD or OS_* for the cloud. Standard
input: the kubeconfig. `take-back` prints how volumes name their cluster, and `keep` finds that in
PULUMI_COMMAND_STDOUT. Exit 1: a home could not be kept, or not be given back.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import openstack
import yaml
from keystoneauth1.exceptions import ClientException
from kubernetes import client, config
from openstack.connection import Connection
from openstack.exceptions import NotFoundException, SDKException
from tenacity import RetryError, Retrying, retry_if_exception_type, retry_if_result
from tenacity import stop_after_delay as after
from tenacity import wait_fixed as every
from urllib3.exceptions import HTTPError

from components import kept_homes

POLL_SECONDS = 1
ANSWER_SECONDS = 10
"""How long one request to the cluster may take."""
PATIENCE_SECONDS = 60
"""How long a cluster that should be there may not answer."""
SETTLE_SECONDS = 300
"""How long the hub may take to end, and claims to be bound."""
HUB_DATABASE = "hub-db-dir"
"""The only claim in the hub's namespace that is nobody's home (JupyterHub's chart)."""
DEAD = "PULUMI_K8S_DELETE_UNREACHABLE"
"""Set to `true` by who knows that the cluster will not come back; the Kubernetes provider's own variable."""
NOT_FOUND, CONFLICT = 404, 409


class HomesError(Exception):
    """A home could not be kept or given back; the text says whose, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whose homes they are, and where they are found."""

    gateway: str
    namespace: str
    cloud: Connection
    api: client.CoreV1Api

    def volumes(self) -> Iterator[Any]:
        """The cloud's volumes."""
        yield from self.cloud.block_storage.volumes(details=True)

    def mark(self, volume: str, metadata: dict[str, str]) -> None:
        """Write on a volume of the cloud."""
        self.cloud.block_storage.set_volume_metadata(volume, **metadata)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def keep(place: Place) -> None:
    """See that no home goes with the namespace, and write on each one's volume whose it is.

    Raises HomesError; HTTPError where the cluster does not answer; and what the clients of both raise.
    """
    api = place.api

    def hub() -> Any:
        pods: Any = api.list_namespaced_pod(
            place.namespace, label_selector="component=hub", _request_timeout=ANSWER_SECONDS
        )
        return pods.items

    _wait(hub, bool, "the hub has not ended, and could still make homes; repeat it")
    selector = ",".join(f"{key}={value}" for key, value in kept_homes.COMPONENT.items())
    claims: Any = api.list_namespaced_persistent_volume_claim(
        place.namespace, label_selector=selector, _request_timeout=ANSWER_SECONDS
    )
    for claim in claims.items:
        if claim.spec.volume_name:  # else nothing was ever written to it
            _keep_one(place, claim)


def _keep_one(place: Place, claim: Any) -> None:
    volume: Any = place.api.read_persistent_volume(claim.spec.volume_name, _request_timeout=ANSWER_SECONDS)
    if volume.spec.csi is None or volume.spec.csi.driver != kept_homes.DRIVER:
        raise HomesError(
            f"home {claim.metadata.name} is no Cinder volume and can't be kept; copy what is in it, then take"
            " homes out of gateway:keep, `pulumi up`, and repeat it"
        )
    retain = {"spec": {"persistentVolumeReclaimPolicy": "Retain"}}
    place.api.patch_persistent_volume(volume.metadata.name, retain, _request_timeout=ANSWER_SECONDS)
    key = volume.spec.csi.volume_handle
    try:
        place.mark(key, kept_homes.marks(place.gateway, claim))
    except NotFoundException:
        _say(f"home {claim.metadata.name} is lost: somebody deleted its volume {key}")
        return
    _say(f"kept home {claim.metadata.name}: volume {key}")


def keep_from_outside(place: Place, cluster: str) -> None:
    """The same where nobody in the cluster can be asked any more: what its volumes say of themselves.

    cluster: as the volumes name it.
    """
    found = 0
    for volume in place.volumes():
        said = volume.metadata or {}
        claim, namespace = said.get(kept_homes.CSI_CLAIM), said.get(kept_homes.CSI_NAMESPACE)
        if kept_homes.is_home(said, place.gateway):
            place.mark(volume.id, {kept_homes.JANITOR: "true"})
            claim = said[kept_homes.CLAIM]
        elif said.get(kept_homes.CSI_CLUSTER) != cluster:
            continue
        elif claim is None:
            place.mark(volume.id, {kept_homes.JANITOR: "true"})
            _say(f"volume {volume.id} may be a home, but it does not say whose; it is left as it is")
            continue
        elif namespace == place.namespace and claim != HUB_DATABASE:
            place.mark(volume.id, kept_homes.owned(place.gateway, claim))
        else:
            continue
        found += 1
        _say(f"kept home {claim}: volume {volume.id}")
    _say(f"the cluster does not answer; {found} homes were kept by what their volumes say")


def take_back(place: Place, storage_class: str) -> None:
    """Make claims for the kept volumes of the gateway, so that the hub finds each user's home.

    Raises HomesError, and what the cluster's and the cloud's clients raise.
    """
    homes = [volume for volume in place.volumes() if kept_homes.is_home(volume.metadata, place.gateway)]
    count = Counter(home.metadata[kept_homes.CLAIM] for home in homes)
    for claim in (claim for claim, times in count.items() if times > 1):
        ids = ", ".join(home.id for home in homes if home.metadata[kept_homes.CLAIM] == claim)
        raise HomesError(
            f"home {claim} was kept more than once, in the volumes {ids}; choose one, and say of each other"
            f" `openstack volume unset --property {kept_homes.CLAIM} ID`, or delete it"
        )
    if not homes:
        return
    known: Any = place.api.list_persistent_volume()
    volumes = {volume.spec.csi.volume_handle: volume for volume in known.items if volume.spec.csi}
    taken = [(home, _take_one_back(place, home, volumes.get(home.id), storage_class)) for home in homes]
    for home, volume in taken:
        claim = home.metadata[kept_homes.CLAIM]
        _wait(
            partial(_phase, place, claim),
            lambda phase: phase != "Bound",
            f"home {claim} was not bound to its volume {home.id}; `kubectl describe pvc -n {place.namespace}"
            f" {claim}` tells why",
        )
        # Only now, since a volume that nobody has claimed yet could be deleted at once.
        _follow_its_class(place, volume)
        place.mark(home.id, {kept_homes.JANITOR: "false"})
        _say(f"home {claim} is back: volume {home.id}, {home.size} GiB")


def _phase(place: Place, claim: str) -> str:
    """The claim's phase: its volume is Bound a moment before it is."""
    found: Any = place.api.read_namespaced_persistent_volume_claim(claim, place.namespace)
    return str(found.status.phase)


def _take_one_back(place: Place, home: Any, volume: Any, storage_class: str) -> str:
    """Name of the PersistentVolume that holds `home`; `volume` is the one that does so already, if any."""
    if volume is None:
        body: Any = kept_homes.persistent_volume(home, place.namespace, storage_class)
        place.api.create_persistent_volume(body)
        name = kept_homes.volume_name(home)
    else:
        name = volume.metadata.name
        if volume.status.phase == "Released":  # by the claim of a namespace that went before its cluster did
            nobody = {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}}
            place.api.patch_persistent_volume(name, nobody)
    claim: Any = kept_homes.claim_of(home, storage_class, name)
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
                f"home {there.metadata.name} was kept in volume {home.id}, but its user has begun another"
                f" one; delete either the claim, or what was kept: `openstack volume delete {home.id}`"
            ) from None
    return name


def _follow_its_class(place: Place, name: str) -> None:
    """Let the volume go with its claim from now on, or not, as its storage class says."""
    volume: Any = place.api.read_persistent_volume(name)
    storage = client.StorageV1Api(place.api.api_client)
    try:
        found: Any = storage.read_storage_class(volume.spec.storage_class_name)
    except client.ApiException as error:
        if error.status != NOT_FOUND:
            raise
        return
    place.api.patch_persistent_volume(name, {"spec": {"persistentVolumeReclaimPolicy": found.reclaim_policy}})


def _wait(look: Callable[[], Any], unsettled: Callable[[Any], bool], otherwise: str) -> None:
    try:
        Retrying(stop=after(SETTLE_SECONDS), wait=every(POLL_SECONDS), retry=retry_if_result(unsettled))(look)
    except RetryError:
        raise HomesError(otherwise) from None


def _is_gone(cloud: Connection, cluster_id: str) -> bool:
    """Whether the cluster will never answer again: Magnum has it no more, or the operator says so."""
    if os.environ.get(DEAD) == "true":
        return True
    return cluster_id not in {found.uuid for found in cloud.container_infrastructure_management.clusters()}


def _keep(place: Place, cluster_id: str) -> None:
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
                f"the cluster does not answer, so that its homes can't be kept ({error}); repeat it, with"
                f" {DEAD}=true where it is dead for good: they are then kept by what their volumes say"
            ) from None
        keep_from_outside(place, os.environ.get("PULUMI_COMMAND_STDOUT", ""))


def main() -> int:
    """Run the task; the exit code."""
    cluster_id = os.environ["CLUSTER_ID"]
    try:
        connection = config.new_client_from_config_dict(yaml.safe_load(sys.stdin.read()))  # type: ignore[no-untyped-call]
        place = Place(
            gateway=os.environ["GATEWAY"],
            namespace=os.environ["NAMESPACE"],
            cloud=openstack.connect(),
            api=client.CoreV1Api(connection),
        )
        if sys.argv[1] == "keep":
            _keep(place, cluster_id)
        else:
            take_back(place, os.environ["STORAGE_CLASS"])
            magnum = place.cloud.container_infrastructure_management
            print(magnum.get_cluster(cluster_id).stack_id, end="")
    except (HomesError, SDKException, ClientException, client.ApiException, HTTPError) as error:
        _say(f"homes: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
