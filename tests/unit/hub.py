"""What the tests of the hub's values share: values, the chart's schema, the pods that KubeSpawner makes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from jsonschema import Draft7Validator
from kubernetes.utils.quantity import parse_quantity
from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner  # type: ignore[import-untyped]
from traitlets.config import Config

from components.charts.versions import JUPYTERHUB
from components.cloud.flavors import Size, load_flavors
from components.hub.catalogue import Catalogue, load_catalogue
from components.hub.values import hub_values
from components.paths import HUB_VALUES

SCHEMAS = Path(__file__).with_name("charts")
"""From the published charts (BSD-3-Clause), unchanged."""
CATALOGUE = load_catalogue(HUB_VALUES / "desktops.yaml")
FLAVORS = load_flavors()
ADMIN_PASSWORD = "admin-password-of-the-tests-32-characters"
USER_PASSWORD = "user-password"


def references(catalogue: Catalogue = CATALOGUE) -> dict[str, str]:
    """A reference by digest for each image, as a build gives it."""
    return {name: f"registry.test:5000/gw/{name}@sha256:{'0' * 64}" for name in catalogue.image_names()}


def make_values(**changes: Any) -> dict[str, Any]:
    """The values of a gateway like the paper's, with `changes` of hub_values' arguments."""
    arguments: dict[str, Any] = {
        "catalogue": CATALOGUE,
        "desktops": None,
        "images": references(changes.get("catalogue", CATALOGUE)),
        "core_node_group": "default-worker",
        "user_node_group": "mediums",
        "host": "gw25.zone.test",
        "ingress_class": "nginx",
        "issuer": "letsencrypt",
        "admins": ["admin1", "admin2"],
        "users": ["user1", "user2"],
        "admin_password": ADMIN_PASSWORD,
        "user_password": USER_PASSWORD,
        "storage": "home",
        "placeholders": 1,
    }
    return hub_values(**(arguments | changes))


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


def pod(values: dict[str, Any], slug: str) -> dict[str, Any]:
    """The pod, as sent to Kubernetes, that KubeSpawner makes for a user who picks the profile `slug`."""

    async def make() -> Any:
        with patch("kubespawner.spawner.load_config"), patch("kubespawner.spawner.shared_client"):
            spawner = KubeSpawner(config=_config(values), _mock=True)
        spawner.user_options = {"profile": slug}
        await spawner.load_user_options()
        async with ApiClient() as client:
            return client.sanitize_for_serialization(await spawner.get_pod_manifest())

    return dict(asyncio.run(make()))


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
        profile_list=user["profileList"],
        volumes=volumes,
        volume_mounts=mounts,
        # The chart's defaults.
        uid=1000,
        fs_gid=100,
        allow_privilege_escalation=False,
    )
    for name, traits in values["hub"]["config"].items():
        config[name].update(traits)
    return config
