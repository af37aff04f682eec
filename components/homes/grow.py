"""The homes of a cluster, and how smaller ones grow to the size in the settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from kubernetes import client
from kubernetes.utils.quantity import parse_quantity

from components.cluster.access import ANSWER_SECONDS
from components.homes.metadata import SELECTOR
from components.homes.place import Place, say, wait

USER = "hub.jupyter.org/username"
"""KubeSpawner's annotation of a claim."""


@dataclass(frozen=True, kw_only=True)
class Home:
    """A user's claim."""

    claim: str
    user: str
    gib: float
    storage_class: str
    volume: str | None
    """The PersistentVolume, once the claim is bound."""


def homes(api: client.CoreV1Api, namespace: str) -> list[Home]:
    """All homes. Raises what the cluster's client raises."""
    found: Any = api.list_namespaced_persistent_volume_claim(
        namespace, label_selector=SELECTOR, _request_timeout=ANSWER_SECONDS
    )
    return [
        Home(
            claim=claim.metadata.name,
            user=(claim.metadata.annotations or {}).get(USER, claim.metadata.name),
            gib=_gib(claim.spec.resources.requests),
            storage_class=claim.spec.storage_class_name,
            volume=claim.spec.volume_name,
        )
        for claim in found.items
    ]


def grow(place: Place, size_gib: int) -> None:
    """Enlarge the homes that are smaller; a file system grows with its volume, also in a running pod.

    Raises HomesError where a volume does not grow, and what the cluster's client raises.
    """
    for home in homes(place.api, place.namespace):
        if home.gib >= size_gib:
            continue
        if home.volume is None:
            say(f"home {home.claim} has no volume yet and stays at {home.gib:g} GiB")
            continue
        larger: Any = {"spec": {"resources": {"requests": {"storage": f"{size_gib}Gi"}}}}
        place.api.patch_namespaced_persistent_volume_claim(
            home.claim, place.namespace, larger, _request_timeout=ANSWER_SECONDS
        )
        wait(
            partial(_capacity, place, home.volume),
            lambda gib: gib < size_gib,
            f"home {home.claim} did not grow to {size_gib} GiB; `kubectl describe pvc -n {place.namespace}"
            f" {home.claim}` says why",
        )
        say(f"home {home.claim} has {size_gib} GiB now")


def _capacity(place: Place, volume: str) -> float:
    found: Any = place.api.read_persistent_volume(volume, _request_timeout=ANSWER_SECONDS)
    return _gib(found.spec.capacity)


def _gib(amounts: dict[str, str]) -> float:
    """The storage in what Kubernetes calls requests or capacity."""
    return float(parse_quantity(amounts["storage"])) / 2**30  # type: ignore[no-untyped-call]
