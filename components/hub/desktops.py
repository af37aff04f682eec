"""The parts of the hub's values for each desktop: profile, sidecar, launcher tile and pre-pulled image."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi

from components.cloud.flavors import Size
from components.hub.catalogue import Desktop
from components.paths import CATALOGUE
from components.settings.errors import Mistake
from components.site import SITE

Text = str | pulumi.Output[str]
Values = dict[str, Any]

HOME = "/home/jovyan"
TILES = "/opt/gateway/desktops"
"""Where a notebook finds the Jupyter configuration of each desktop's launcher tile."""


def merge(*layers: Mapping[str, Any]) -> Values:
    """The layers, merged as Helm merges values: maps key by key; of anything else the later one."""
    merged: Values = {}
    for layer in layers:
        for key, value in layer.items():
            both_maps = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
            merged[key] = merge(merged[key], value) if both_maps else value
    return merged


def split_reference(reference: Text) -> tuple[Text, Text]:
    """Name and tag of an image. The chart puts `:` between the two.

    For a digest, the name part ends in `@sha256`. Raises ValueError for a reference without tag or digest.
    """
    if isinstance(reference, pulumi.Output):
        parts = reference.apply(_split)
        return parts.apply(lambda known: known[0]), parts.apply(lambda known: known[1])
    return _split(reference)


def extra_images(desktops: Iterable[Desktop], images: Mapping[str, Text]) -> Values:
    """The images of the sidecars, which the chart's pre-puller does not find in the profiles."""
    references = {desktop.image: split_reference(images[desktop.image]) for desktop in desktops}
    return {image: {"name": name, "tag": tag} for image, (name, tag) in references.items()}


def tiles(enabled: Mapping[str, Desktop]) -> Values:
    """The chart's extraFiles: each desktop's tile, read by JUPYTER_CONFIG_PATH, and its icon."""
    files: Values = {}
    for name, desktop in enabled.items():
        launcher: Values = {"title": desktop.title, "path_info": "desktop"}
        if desktop.icon is not None:
            launcher["icon_path"] = f"{TILES}/{name}/icon.svg"
            # The chart puts it into a block of YAML, which must not begin with a space.
            icon = desktop.icon.read_text(encoding="utf-8-sig").strip()
            files[f"{name}.svg"] = {"mountPath": launcher["icon_path"], "stringData": icon}
        server = {
            "unix_socket": desktop.socket,
            "raw_socket_proxy": True,
            "launcher_entry": launcher,
        }
        config = {"ServerProxy": {"servers": {"desktop-websockify": server}}}
        files[f"{name}.json"] = {
            "mountPath": f"{TILES}/{name}/jupyter_server_config.json",
            "stringData": json.dumps(config, indent=2),
        }
    return files


def home_mounts(singleuser: Values) -> list[Values]:
    """Where a container has its user's home, and the shared folder where there is one."""
    mounts = singleuser["storage"]["extraVolumeMounts"]
    named = {"home": {"name": "home", "mountPath": HOME}, **mounts}  # storage `home` mounts it by itself
    return [named[key] for key in ("home", "shared") if key in named]


def profile(name: str, desktop: Desktop, image: Text, mounts: list[Values]) -> Values:
    """A user's choice: JupyterLab and the desktop as two containers of one pod. mounts: `home_mounts`."""
    notebook = desktop.notebook
    return {
        # KubeSpawner's page takes both for HTML.
        "display_name": html.escape(desktop.title),
        "slug": name,
        "description": html.escape(desktop.description),
        "kubespawner_override": {
            "cpu_guarantee": notebook.cpu,
            "cpu_limit": notebook.cpu,
            "mem_guarantee": f"{notebook.memory_gib:g}G",
            "mem_limit": f"{notebook.memory_gib:g}G",
            # The profile's name is for the page of the desktop, which can start the same one again.
            "environment": {"JUPYTER_CONFIG_PATH": f"{TILES}/{name}", "GATEWAY_PROFILE": name},
            "default_url": "/desktop/",
            "extra_containers": [_sidecar(desktop, image, mounts)],
        },
    }


def taken_names(layers: Values, enabled: Mapping[str, Desktop]) -> Iterator[Mistake]:
    """One Mistake for each desktop with the name of a plain profile, which would start instead."""
    plain = [profile["slug"] for profile in layers["singleuser"]["profileList"]]
    for name in plain:
        if name in enabled:
            rule = f"must not have the name of a profile of hub_values/base.yaml ({', '.join(plain)})"
            yield Mistake(key=f"{CATALOGUE.name}: desktops.{name}", rule=rule)


def resources(size: Size) -> Values:
    """Kubernetes' requests, and limits of the same size, so that nobody takes from others on the node."""
    amounts = {"cpu": f"{size.cpu:g}", "memory": f"{size.gib:g}Gi", **gpu_resource(size.gpus)}
    return {"requests": amounts, "limits": dict(amounts)}


def gpu_resource(gpus: int) -> dict[str, str]:
    """The GPUs among a container's resources; nothing for none."""
    return {SITE.gpus.resource: str(gpus)} if gpus else {}


def _sidecar(desktop: Desktop, image: Text, mounts: list[Values]) -> Values:
    """The desktop's container. The server has started only when the desktop answers."""
    check = {"exec": {"command": ["start-desktop", "check"]}}
    return {
        "name": "desktop",
        "image": image,
        "args": [_literal(argument) for argument in desktop.command],
        "env": [{"name": "VNC_SOCKET", "value": desktop.socket}],
        "volumeMounts": [
            *mounts,
            {"name": "desktop-socket", "mountPath": str(Path(desktop.socket).parent)},
            {"name": "desktop-tmp", "mountPath": "/tmp"},  # noqa: S108  (the container's own)
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108
        ],
        "resources": resources(Size(cpu=desktop.cpu, gib=desktop.memory_gib)),
        "readinessProbe": {**check, "periodSeconds": 1},
        "livenessProbe": {**check, "periodSeconds": 30, "failureThreshold": 3},
        "securityContext": {
            "runAsUser": 1000,
            "runAsGroup": 100,
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _literal(argument: str) -> str:
    """An argument that reaches the container as it is: KubeSpawner fills in {name}, Kubernetes $(NAME)."""
    return argument.replace("{", "{{").replace("}", "}}").replace("$", "$$")


def _split(reference: str) -> tuple[str, str]:
    name, colon, tag = reference.rpartition(":")
    if not colon or "/" in tag:
        raise ValueError(f"the image {reference} must have a tag or a digest; for example {reference}:1.0.0")
    return name, tag
