"""JupyterHub's Helm values: base, auth and storage from hub_values/, then desktops and wiring.

Pure: nothing is created and nothing is looked up. A value that is known only later may be an output, which is
passed through.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from components.cluster.nodegroup import node_selector
from components.hub.catalogue import Catalogue, Desktop
from components.hub.desktops import Text, Values, extra_images, merge, resources, split_reference, tiles
from components.hub.profiles import profile_list
from components.hub.sizes import placeholder, pods
from components.paths import HUB_VALUES
from components.settings.auth import Auth
from components.settings.hub import Hub, Limits, Storage
from components.settings.model import DEFAULT_WORKER

TLS_SECRET = "certmanager-tls-jupyterhub"  # noqa: S105  (a name)
"""Name of the Secret and of the Certificate that cert-manager creates for the hub's Ingress."""

NEW_NODE_SECONDS = 600
"""Jetstream2 adds a worker in 5 to 10 minutes (from the paper's login times)."""
REPORT_SECONDS = 90
"""Until the hub has surely heard of a server's use, which is told once a minute (hub_values/base.yaml)."""
PULL_SECONDS_PER_GIB = 60
"""To pull and unpack a GiB of compressed image. A slow guess, since it only bounds the wait."""


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """What the hub takes from the other components."""

    user_group: str
    """Name of the users' node group."""
    host: Text
    callback: Text
    """Where the site that keeps users' accounts sends them back to."""
    ingress_class: Text
    issuer: Text
    """Name of the ClusterIssuer."""
    images: Mapping[str, Text]
    """A reference with tag or digest for each of `Catalogue.image_names`."""
    secrets: Mapping[str, Text]
    """By key: those that the kind of `gateway:auth` needs, and cookieSecret where it is set."""
    seats: int
    """How many placeholders keep room for a desktop."""
    pull_secret: str | None
    """Name of the Secret with which all pods pull images; None where they are public."""
    metrics_token: Text | None = None
    """What Prometheus reads the hub's metrics with; None where nobody does."""


def read_layers(hub: Hub, auth: Auth, folder: Path = HUB_VALUES) -> Values:
    """base.yaml, the layers of auth/ and storage/, and the code that the hub runs, merged."""
    way = [f"auth/{auth.layer}.yaml"] if auth.layer else []
    shared = ["shared.yaml"] if hub.shared else []
    files = ("base.yaml", *way, f"storage/{hub.storage.type}.yaml", *shared)
    layers = [yaml.safe_load((folder / file).read_text(encoding="utf-8")) for file in files]
    # The hub runs them in the order of these names: the last one closes what the kind has made.
    named = {
        "1-kind": folder / "auth" / f"{auth.type}.py",
        "2-gateway": folder / "auth" / "gateway.py",
        "4-activity": folder / "activity.py",
        "6-starts": folder / "starts.py",
    }
    if any(profile.groups for profile in hub.profiles.values()):
        named["3-profiles"] = folder / "profiles.py"
    if hub.shared:
        named["5-shared"] = folder / "shared.py"
    code = {key: file.read_text(encoding="utf-8") for key, file in named.items() if file.exists()}
    kind = {"JupyterHub": {"authenticator_class": auth.type}}
    return merge(*layers, {"hub": {"config": kind, "extraConfig": code}})


def hub_values(
    hub: Hub, auth: Auth, catalogue: Catalogue, wiring: Wiring, *, folder: Path = HUB_VALUES
) -> Values:
    """The whole values of the JupyterHub release.

    Raises SettingsError for unknown desktops, KeyError for an image without a reference.
    """
    layers = read_layers(hub, auth, folder)
    return merge(
        layers,
        _auth(hub, auth, wiring),
        _storage(hub.storage),
        _shared(hub, auth),
        _limits(hub.limits),
        _desktops(hub, auth, catalogue, layers, wiring),
        _wiring(wiring),
        _monitoring(wiring.metrics_token, folder),
    )


def _auth(hub: Hub, auth: Auth, wiring: Wiring) -> Values:
    config = {
        # JupyterHub lets admins in too, but only where there are other users.
        "Authenticator": {"admin_users": hub.admins, "allowed_users": [*hub.admins, *hub.users]},
        "GatewayAuthenticator": {"listed_only": auth.listed_only},
        **auth.traits(wiring.secrets, wiring.callback),
    }
    # admin_users only adds admins to those in the hub's database; a role's list of users replaces them.
    roles = {"admin": {"users": hub.admins}}
    # Without a secret from the stack the chart makes one, and keeps it.
    cookie = {"cookieSecret": wiring.secrets["cookieSecret"]} if "cookieSecret" in wiring.secrets else {}
    return {"hub": {"config": config, "loadRoles": roles, **cookie}}


def _storage(storage: Storage) -> Values:
    """The storage class of the hub's database (1 GiB) and of homes, and the size of homes."""
    values: Values = {"hub": {"db": {"pvc": {"storageClassName": storage.class_}}}}
    if storage.type == "home":
        homes = {"capacity": f"{storage.size_gib}Gi", "dynamic": {"storageClass": storage.class_}}
        values["singleuser"] = {"storage": homes}
    return values


def _shared(hub: Hub, auth: Auth) -> Values:
    """Who may write to the shared folder, for hub_values/shared.py."""
    if hub.shared is None:
        return {}
    members = {user for group in hub.shared.writers for user in hub.groups.get(group, [])}
    writers = {
        "users": sorted({*hub.admins, *members}),
        "groups": hub.shared.writers if auth.tells_groups else [],
    }
    return {"hub": {"config": {"GatewayShared": writers}}}


def _limits(limits: Limits) -> Values:
    """When the hub stops servers, how many there are, and what a desktop's page says of it."""
    idle, age = 60 * limits.idle_minutes, 3600 * limits.max_hours
    told = {
        "GATEWAY_IDLE_S": str(idle),
        "GATEWAY_WARN_S": str(limits.warn_seconds),
        "GATEWAY_AGE_S": str(age or ""),
        "GATEWAY_BUSY_CPUS": f"{limits.busy_cpus:g}",
    }
    return {
        "hub": {"activeServerLimit": limits.servers, "concurrentSpawnLimit": limits.starts},
        # The hub counts the age from the click on.
        "cull": {"timeout": idle + REPORT_SECONDS, "maxAge": age and age + NEW_NODE_SECONDS},
        "singleuser": {"extraEnv": told},
    }


def _desktops(hub: Hub, auth: Auth, catalogue: Catalogue, layers: Values, wiring: Wiring) -> Values:
    enabled = catalogue.enabled(hub.desktops)
    images, singleuser = wiring.images, layers["singleuser"]
    name, tag = split_reference(images[catalogue.notebook])
    profiles = profile_list(singleuser, enabled, images, hub, auth)
    room = placeholder(pods(singleuser, profiles, wiring.user_group), singleuser, wiring.user_group)
    return {
        "scheduling": {"userPlaceholder": {"replicas": wiring.seats, "resources": resources(room.size)}},
        "prePuller": {"extraImages": extra_images(enabled.values(), images)},
        "singleuser": {
            "image": {"name": name, "tag": tag},
            "startTimeout": start_timeout(catalogue, enabled),
            "extraFiles": tiles(enabled),
            "profileList": profiles,
        },
    }


def _wiring(wiring: Wiring) -> Values:
    core = {"nodeSelector": node_selector(DEFAULT_WORKER)}
    return {
        **({"imagePullSecrets": [{"name": wiring.pull_secret}]} if wiring.pull_secret else {}),
        "hub": core,
        "proxy": {"chp": core},
        "scheduling": {"userScheduler": core},
        "prePuller": {"hook": core},
        "ingress": {
            "hosts": [wiring.host],
            "ingressClassName": wiring.ingress_class,
            "annotations": {"cert-manager.io/cluster-issuer": wiring.issuer},
            "tls": [{"hosts": [wiring.host], "secretName": TLS_SECRET}],
        },
        "singleuser": {"nodeSelector": node_selector(wiring.user_group)},
    }


def _monitoring(token: Text | None, folder: Path) -> Values:
    if token is None:
        return {}
    layer: Values = yaml.safe_load((folder / "monitoring.yaml").read_text(encoding="utf-8"))
    return merge(layer, {"hub": {"services": {"prometheus": {"apiToken": token}}}})


def start_timeout(catalogue: Catalogue, enabled: Mapping[str, Desktop]) -> int:
    """Seconds that a start takes at worst: add a node, pull the notebook's and a desktop's image."""
    largest = max((catalogue.image(desktop.image).download_gib for desktop in enabled.values()), default=0)
    pull = (catalogue.image(catalogue.notebook).download_gib + largest) * PULL_SECONDS_PER_GIB
    return NEW_NODE_SECONDS + math.ceil(pull)
