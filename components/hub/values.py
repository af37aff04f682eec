"""JupyterHub's Helm values: the YAML layers of hub_values/ and, over them, what must be computed.

Pure: nothing is created and nothing is looked up. What is known only later may be an output, which is passed
through as it is. From the catalogue come the desktops' parts (desktops.py), the placeholder's size and the
start timeout.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from kubernetes.utils.quantity import parse_quantity

from components.cloud.flavors import Flavor, Size
from components.cluster.nodegroup import node_selector
from components.hub.catalogue import Catalogue, Desktop
from components.hub.desktops import Text, Values, extra_images, profile, resources, split_reference, tiles
from components.paths import HUB_VALUES
from components.settings.errors import Mistake

TLS_SECRET = "certmanager-tls-jupyterhub"  # noqa: S105  (a name)
"""The Secret, and so the Certificate, that cert-manager makes for the hub's Ingress."""

NEW_NODE_SECONDS = 600
"""Jetstream2 adds a worker in 5 to 10 minutes (the paper's login times with a node to add)."""
PULL_SECONDS_PER_GIB = 60
"""Pulling and unpacking a GiB of compressed image; on the slow side, since it only bounds the wait."""


def merge(*layers: Mapping[str, Any]) -> Values:
    """The layers as Helm merges values: of two maps both keys, of anything else the later one's."""
    merged: Values = {}
    for layer in layers:
        for key, value in layer.items():
            both_maps = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
            merged[key] = merge(merged[key], value) if both_maps else value
    return merged


def read_layers(*, authenticator: str, storage: str, folder: Path = HUB_VALUES) -> Values:
    """base.yaml, auth/<authenticator>.yaml and storage/<storage>.yaml, merged in this order."""
    files = ("base.yaml", f"auth/{authenticator}.yaml", f"storage/{storage}.yaml")
    return merge(*(yaml.safe_load((folder / file).read_text(encoding="utf-8")) for file in files))


def hub_values(
    *,
    catalogue: Catalogue,
    desktops: Iterable[str] | None,
    images: Mapping[str, Text],
    core_node_group: Text,
    user_node_group: Text,
    host: Text,
    ingress_class: Text,
    issuer: Text,
    admins: Sequence[str],
    users: Sequence[str],
    admin_password: Text,
    user_password: Text,
    cookie_secret: Text | None = None,
    authenticator: str = "shared-password",
    storage: Literal["none", "home"] = "none",
    storage_class: Text = "default",
    storage_gib: int = 10,
    placeholders: int = 0,
    folder: Path = HUB_VALUES,
) -> Values:
    """The whole values of the JupyterHub release.

    desktops: names of the catalogue, all of them for None. images: a reference with tag or digest for each of
    `catalogue.image_names(desktops)`. core_node_group, user_node_group: the node groups by name.
    host: the gateway's host name. issuer: the ClusterIssuer. admins, users: who may log in.
    cookie_secret: 64 hexadecimal digits; the chart makes its own for None, and keeps the one that it has.
    storage: "none" (lost with the pod) or "home" (a volume of storage_gib GiB a user).
    storage_class: of homes and of the hub's own database, 1 GiB.
    placeholders: pods that keep room for this many desktops.

    Raises SettingsError for unknown desktops, KeyError for an image without a reference.
    """
    enabled = catalogue.enabled(desktops)
    layers = read_layers(authenticator=authenticator, storage=storage, folder=folder)
    core = node_selector(core_node_group)
    name, tag = split_reference(images[catalogue.notebook])
    computed: Values = {
        "hub": {
            "nodeSelector": core,
            "db": {"pvc": {"storageClassName": storage_class}},
            "config": {
                "Authenticator": {"admin_users": list(admins), "allowed_users": list(users)},
                "SharedPasswordAuthenticator": {
                    "admin_password": admin_password,
                    "user_password": user_password,
                },
            },
        },
        "proxy": {"chp": {"nodeSelector": core}},
        "scheduling": {
            "userScheduler": {"nodeSelector": core},
            "userPlaceholder": {
                "replicas": placeholders,
                "resources": resources(placeholder_size(layers, enabled)),
            },
        },
        "prePuller": {
            "hook": {"nodeSelector": core},
            "extraImages": extra_images(enabled.values(), images),
        },
        "ingress": {
            "hosts": [host],
            "ingressClassName": ingress_class,
            "annotations": {"cert-manager.io/cluster-issuer": issuer},
            "tls": [{"hosts": [host], "secretName": TLS_SECRET}],
        },
        "singleuser": {
            "image": {"name": name, "tag": tag},
            "nodeSelector": node_selector(user_node_group),
            "startTimeout": start_timeout(catalogue, enabled),
            "extraFiles": tiles(enabled),
            "profileList": _profiles(layers, enabled, images),
        },
    }
    if cookie_secret is not None:
        computed["hub"]["cookieSecret"] = cookie_secret
    if storage == "home":
        computed["singleuser"]["storage"] = {
            "capacity": f"{storage_gib}Gi",
            "dynamic": {"storageClass": storage_class},
        }
    return merge(layers, computed)


def check_fit(
    *,
    catalogue: Catalogue,
    desktops: Iterable[str] | None,
    flavor: Flavor,
    flavors: Mapping[str, Flavor],
    folder: Path = HUB_VALUES,
) -> list[Mistake]:
    """One Mistake for each profile that a node of `flavor` has no room for, saying by how much.

    flavors: the others to choose from, smallest first; the example names the first that does.
    """
    enabled = catalogue.enabled(desktops)
    layers = read_layers(authenticator="shared-password", storage="none", folder=folder)
    wanted = {f"profile {slug}": size for slug, size in _sizes(layers, enabled).items()}
    if enabled:
        wanted["placeholder"] = placeholder_size(layers, enabled)
    mistakes = []
    for what, size in wanted.items():
        if size.fits(flavor.room):
            continue
        larger = next((other.name for other in flavors.values() if size.fits(other.room)), None)
        mistakes.append(
            Mistake(
                key=f"hub_values: {what}",
                rule=(
                    f"must fit a node of {flavor.name}, which has {flavor.room} for users; "
                    f"it is too large by {size.excess(flavor.room)}"
                ),
                value=str(size),
                example=larger and f"a node group of {larger}",
            )
        )
    return mistakes


def start_timeout(catalogue: Catalogue, enabled: Mapping[str, Desktop]) -> int:
    """Seconds that a start takes at worst: a node is added, the notebook's and a desktop's image pulled."""
    largest = max((catalogue.image(desktop.image).download_gib for desktop in enabled.values()), default=0)
    pull = (catalogue.image(catalogue.notebook).download_gib + largest) * PULL_SECONDS_PER_GIB
    return NEW_NODE_SECONDS + math.ceil(pull)


def placeholder_size(layers: Values, enabled: Mapping[str, Desktop]) -> Size:
    """One placeholder: pushed aside, it makes room for any desktop, or for the base profile where none is."""
    sizes = [desktop.size for desktop in enabled.values()] or [_plain_size(layers["singleuser"], {})]
    return Size(cpu=max(size.cpu for size in sizes), gib=max(size.gib for size in sizes))


def _profiles(layers: Values, enabled: Mapping[str, Desktop], images: Mapping[str, Text]) -> list[Values]:
    desktops = [profile(name, desktop, images[desktop.image]) for name, desktop in enabled.items()]
    return [*layers["singleuser"]["profileList"], *desktops]


def _sizes(layers: Values, enabled: Mapping[str, Desktop]) -> dict[str, Size]:
    """What a pod of each profile takes of a node, by the profile's slug."""
    singleuser = layers["singleuser"]
    plain = {
        profile["slug"]: _plain_size(singleuser, profile.get("kubespawner_override", {}))
        for profile in singleuser["profileList"]
    }
    return plain | {name: desktop.size for name, desktop in enabled.items()}


def _plain_size(singleuser: Values, override: Values) -> Size:
    """What a profile of base.yaml guarantees; G is GiB to JupyterHub, unlike Kubernetes."""
    memory = str(override.get("mem_guarantee", singleuser["memory"]["guarantee"]))
    size = Size(
        cpu=float(override.get("cpu_guarantee", singleuser["cpu"]["guarantee"])),
        gib=_number(memory + "i" if memory[-1] in "KMGT" else memory) / 2**30,
    )
    for container in override.get("extra_containers", []):
        requests = container["resources"]["requests"]
        size += Size(cpu=_number(requests["cpu"]), gib=_number(requests["memory"]) / 2**30)
    return size


def _number(quantity: str) -> float:
    return float(parse_quantity(quantity))  # type: ignore[no-untyped-call]
