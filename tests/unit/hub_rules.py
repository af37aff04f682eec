"""The defects of the paper's hub values, each as a rule that says what is wrong with values or files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from components.cluster.nodegroup import NODE_GROUP_LABEL
from tests.unit.hub import amount, schema_errors

Values = dict[str, Any]
PLACE = re.compile(r"(.*:)?(TAG|[A-Z]*(HOST|PASSWORD|TOKEN|SECRET))")
"""What the paper's script replaces in its values."""


def unknown_keys(values: Values) -> list[str]:
    """Defect 1: keys that the chart does not have, such as `replicals`."""
    return schema_errors(values)


def small_placeholder(values: Values) -> list[str]:
    """Defect 2: profiles for which evicting one placeholder makes no room."""
    room = values["scheduling"]["userPlaceholder"].get("resources", {}).get("requests", {})
    wrong = []
    for profile in _with_desktop(values):
        override = profile["kubespawner_override"]
        requests = [container["resources"]["requests"] for container in override["extra_containers"]]
        requests.append({"cpu": override["cpu_guarantee"], "memory": f"{override['mem_guarantee']}i"})
        for what in ("cpu", "memory"):
            needed = sum(amount(request[what]) for request in requests)
            if needed > amount(room.get(what, 0)):
                wrong.append(
                    f"{profile['slug']} needs {needed} of {what}, a placeholder has {room.get(what)}"
                )
    return wrong


def not_pulled(values: Values) -> list[str]:
    """Defect 3: images of sidecars that are first pulled when a user waits for them."""
    extra = values["prePuller"].get("extraImages", {}).values()
    pulled = {f"{image['name']}:{image['tag']}" for image in extra}
    containers = [c for p in _with_desktop(values) for c in p["kubespawner_override"]["extra_containers"]]
    return [container["image"] for container in containers if container["image"] not in pulled]


def lost_core(values: Values) -> list[str]:
    """Defect 4: core pods that stay Pending on a node that was healed, since a label put by hand is gone."""
    core = {
        "hub": values["hub"],
        "proxy": values["proxy"]["chp"],
        "userScheduler": values["scheduling"]["userScheduler"],
        "hook": values["prePuller"]["hook"],
    }
    wrong = [name for name, part in core.items() if set(part.get("nodeSelector", {})) != {NODE_GROUP_LABEL}]
    if values["scheduling"]["corePods"]["nodeAffinity"]["matchNodePurpose"] == "require":
        wrong.append("corePods.nodeAffinity")
    return wrong


def plain_secrets(folder: Path) -> list[str]:
    """Defect 7: passwords, tokens and places for `sed` to put them, in the files of `folder`."""
    wrong = []
    for file in sorted(folder.rglob("*.yaml")):
        for path, value in _leaves(yaml.safe_load(file.read_text(encoding="utf-8"))):
            key = re.sub("[^a-z]", "", path.rpartition(".")[2].lower())
            secret = isinstance(value, str) and key.endswith(("password", "token", "cookiesecret"))
            if secret or PLACE.fullmatch(str(value)):
                wrong.append(f"{file.name}: {path}")
    return wrong


def lost_homes(values: Values) -> list[str]:
    """Defect 8: homes that end with the pod, and pods that the autoscaler may end."""
    storage = values["singleuser"]["storage"]
    wrong = [] if storage["type"] == "dynamic" else ["the home is no volume of its own"]
    if any("emptyDir" in volume for volume in storage["extraVolumes"].values() if volume["name"] == "home"):
        wrong.append("the home is an emptyDir")
    return wrong + evictable(values)


def evictable(values: Values) -> list[str]:
    """Defect 8, where homes are meant to end with the pod: the autoscaler must still leave it alone."""
    annotations = values["singleuser"].get("extraAnnotations", {})
    kept = annotations.get("cluster-autoscaler.kubernetes.io/safe-to-evict") == "false"
    return [] if kept else ["the autoscaler may evict a user's pod"]


def _with_desktop(values: Values) -> list[Values]:
    profiles = values["singleuser"]["profileList"]
    return [p for p in profiles if "extra_containers" in p.get("kubespawner_override", {})]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, value
