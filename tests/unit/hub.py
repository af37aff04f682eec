"""What the tests of the hub's values share: values, the chart's schema, the pods that KubeSpawner makes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any
from unittest.mock import patch

from jsonschema import Draft7Validator
from kubernetes.utils.quantity import parse_quantity
from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner  # type: ignore[import-untyped]
from pydantic import TypeAdapter
from traitlets.config import Config

from components.charts.versions import JUPYTERHUB
from components.cloud.flavors import Flavor, Size
from components.hub.catalogue import Catalogue, load_catalogue
from components.hub.profiles import all_pods
from components.hub.sizes import check_fit
from components.hub.values import Wiring, hub_values, read_layers
from components.paths import HUB_VALUES
from components.settings.auth import Auth
from components.settings.errors import Mistake
from components.settings.hub import Hub
from components.settings.model import Settings

SCHEMAS = Path(__file__).with_name("charts")
"""From the published charts (BSD-3-Clause), unchanged."""
CATALOGUE = load_catalogue(HUB_VALUES / "desktops.yaml")
ADMIN_PASSWORD = "admin-password-of-the-tests-32-characters"
USER_PASSWORD = "user-password"
CLIENT_SECRET = "client-secret-of-the-tests"


def references(catalogue: Catalogue = CATALOGUE) -> dict[str, str]:
    """A reference by digest for each image, as a build gives it."""
    return {name: f"registry.test:5000/gw/{name}@sha256:{'0' * 64}" for name in catalogue.image_names()}


def make_hub(**changes: Any) -> Hub:
    """The settings of a hub like the paper's; `storage` is its type."""
    plain: dict[str, Any] = {
        "admins": ["admin1", "admin2"],
        "users": ["user1", "user2"],
        "storage": {"type": "home"},
    }
    return Hub.model_validate(plain | changes)


WAYS: list[dict[str, Any]] = [
    {"type": "shared-password"},
    {"type": "native"},
    {"type": "github", "clientId": "an-id", "organizations": ["our-lab", "our-university:met"]},
    {
        "type": "cilogon",
        "clientId": "cilogon:/client_id/1",
        "identityProviders": {
            "https://idp.our-lab.edu/shibboleth": {"stripDomain": "our-lab.edu", "everyone": True}
        },
    },
    {
        "type": "globus",
        "clientId": "an-id",
        "identityProvider": "access-ci.org",
        "groups": ["12345678-9abc-def0-1234-56789abcdef0"],
    },
    {"type": "google", "clientId": "an-id", "hostedDomains": ["our-lab.edu"], "everyone": True},
    {"type": "oidc", "clientId": "an-id", "issuer": "https://idp.our-lab.edu", "groups": ["met"]},
]
"""Each kind of `gateway:auth`, with what it has of its own."""


def make_auth(**changes: Any) -> Auth:
    """A way to log in: the paper's, or the one that `changes` say."""
    return TypeAdapter(Auth).validate_python(changes or {"type": "shared-password"})


def make_values(
    *, catalogue: Catalogue = CATALOGUE, folder: Path = HUB_VALUES, **changes: Any
) -> dict[str, Any]:
    """The values of a gateway like the paper's, with `changes` of its settings, `images` or `secrets`."""
    wiring = Wiring(
        user_group="mediums",
        host="gw25.zone.test",
        callback="https://gw25.zone.test/hub/oauth_callback",
        ingress_class="nginx",
        issuer="letsencrypt",
        images=changes.pop("images", references(catalogue)),
        secrets={
            "adminPassword": ADMIN_PASSWORD,
            "userPassword": USER_PASSWORD,
            "oauthClientSecret": CLIENT_SECRET,
            **changes.pop("secrets", {}),
        },
        seats=changes.pop("seats", 1),
        pull_secret=changes.pop("pull_secret", None),
        metrics_token=changes.pop("metrics_token", None),
    )
    auth = make_auth(**changes.pop("auth", {}))
    return hub_values(make_hub(**changes), auth, catalogue, wiring, folder=folder)


def hub_config(values: dict[str, Any]) -> Config:
    """JupyterHub's configuration, as the hub's code leaves it."""
    hub = values["hub"]
    config = Config({name: Config(traits) for name, traits in hub["config"].items()})
    for _, code in sorted(hub["extraConfig"].items()):
        exec(code, {"c": config})
    return config


TOP = ("auth", "nodeGroups", "seats", "schedule")


def make_settings(**changes: Any) -> Settings:
    """The settings of a gateway like the paper's; `changes` are of its hub, and of TOP."""
    top = {key: changes.pop(key) for key in TOP if key in changes}
    return Settings.model_validate(
        {
            "name": "gw25",
            "zone": "zone.test.",
            "cluster": {"template": "kubernetes-1-34-jammy"},
            "nodeGroups": [{"name": "mediums", "flavor": "m3.medium", "max": 20}],
            "certificates": {"email": "ops@our-lab.edu"},
            "auth": {"type": "shared-password"},
            "seats": 1,
            **top,
            "hub": make_hub(**changes).model_dump(by_alias=True),
        }
    )


def misfits(
    flavor: Flavor, others: Collection[Flavor], *, catalogue: Catalogue = CATALOGUE, **changes: Any
) -> list[Mistake]:
    """What a node of `flavor` has no room for, of a gateway like the paper's with `changes`."""
    settings = make_settings(**changes)
    singleuser = read_layers(settings.hub, settings.auth)["singleuser"]
    started = all_pods(singleuser, catalogue.enabled(settings.hub.desktops), settings)
    return list(check_fit(started, {"mediums": flavor}, others))


def schema_errors(values: dict[str, Any]) -> list[str]:
    """What the chart's own schema says against `values`.

    What the schema requires is left out, since Helm checks the chart's defaults and ours together.
    """
    file = SCHEMAS / f"jupyterhub-{JUPYTERHUB.version}.values.schema.json"
    errors = Draft7Validator(json.loads(file.read_text(encoding="utf-8"))).iter_errors(values)
    return [f"{error.json_path}: {error.message}" for error in errors if error.validator != "required"]


def profile(values: dict[str, Any], slug: str) -> dict[str, Any]:
    """The profile of this slug."""
    (found,) = [profile for profile in values["singleuser"]["profileList"] if profile["slug"] == slug]
    return dict(found)


def pod(values: dict[str, Any], slug: str, *, user: Any = None, **options: str) -> dict[str, Any]:
    """The pod, as sent to Kubernetes, that KubeSpawner makes for a user who picks the profile `slug`.

    options: what she picks of the profile's options.
    """

    async def make() -> Any:
        spawner = _spawner(values, user)
        spawner.user_options = {"profile": slug, **options}
        await spawner.load_user_options()
        async with ApiClient() as client:
            made = await spawner.get_pod_manifest()
            if hook := spawner.modify_pod_hook:  # KubeSpawner calls it where it starts the pod
                made = hook(spawner, made)
            return client.sanitize_for_serialization(made)

    return dict(asyncio.run(make()))


def options_form(values: dict[str, Any], *, user: Any = None) -> str:
    """The page on which KubeSpawner lets a user pick a profile."""

    async def make() -> Any:
        return await _spawner(values, user).get_options_form()

    return str(asyncio.run(make()))


def _spawner(values: dict[str, Any], user: Any) -> Any:
    with patch("kubespawner.spawner.load_config"), patch("kubespawner.spawner.shared_client"):
        spawner = KubeSpawner(config=_config(values), _mock=True)
    if user is not None:
        spawner.user = user
    return spawner


def amount(quantity: Any) -> float:
    """A quantity of Kubernetes in CPUs or bytes."""
    return float(parse_quantity(quantity))  # type: ignore[no-untyped-call]


def requested(pod: dict[str, Any]) -> Size:
    """What all containers of a pod request together."""
    requests = [container["resources"]["requests"] for container in pod["spec"]["containers"]]
    return Size(
        cpu=sum(amount(request["cpu"]) for request in requests),
        gib=sum(amount(request["memory"]) for request in requests) / 2**30,
    )


def _config(values: dict[str, Any]) -> Config:
    """KubeSpawner's configuration from values, as the chart's jupyterhub_config.py maps them."""
    # Pulumi and Helm sort the keys of every map.
    values = json.loads(json.dumps(values, sort_keys=True))
    user, storage = values["singleuser"], values["singleuser"]["storage"]
    volumes, mounts = dict(storage["extraVolumes"]), dict(storage["extraVolumeMounts"])
    if storage["type"] == "dynamic":
        name = storage["dynamic"]["volumeNameTemplate"]
        volumes["home-claim"] = {"name": name, "persistentVolumeClaim": {"claimName": "{pvc_name}"}}
        mounts["home-claim"] = {"name": name, "mountPath": "/home/jovyan"}
    volumes["files"] = {"name": "files", "secret": {"secretName": "singleuser"}}
    for key, file in user["extraFiles"].items():
        mounts[key] = {"name": "files", "mountPath": file["mountPath"], "subPath": key}
    config = Config()
    config.KubeSpawner.update(
        image=f"{user['image']['name']}:{user['image']['tag']}",
        node_selector=user["nodeSelector"],
        extra_annotations=user["extraAnnotations"],
        environment=user["extraEnv"],
        cpu_guarantee=user["cpu"]["guarantee"],
        cpu_limit=user["cpu"]["limit"],
        mem_guarantee=user["memory"]["guarantee"],
        mem_limit=user["memory"]["limit"],
        start_timeout=user["startTimeout"],
        lifecycle_hooks=user.get("lifecycleHooks", {}),
        profile_list=user["profileList"],
        volumes=volumes,
        volume_mounts=mounts,
        image_pull_secrets=values.get("imagePullSecrets", []),
        # The chart's defaults.
        uid=1000,
        fs_gid=100,
        allow_privilege_escalation=False,
    )
    for name, traits in values["hub"]["config"].items():
        config[name].update(traits)
    for name in ("3-profiles", "5-shared"):
        if code := values["hub"]["extraConfig"].get(name):
            exec(code, {"c": config})
    return config
