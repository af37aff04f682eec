"""The stacks that are compared, each as a profile of the gateway and a page to open."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.hub.catalogue import load_catalogue
from components.hub.desktops import HOME, profile
from sandbox.containers import Engine

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A way from an X application to the browser."""

    name: str
    application: str
    """Name in the catalogue."""
    image: str
    """The desktop's."""
    image_mb: float
    override: Mapping[str, Any]
    """The profile's kubespawner_override."""
    page: str
    """What the browser opens, under the user's server; `{path}` is where that is."""


@dataclass(frozen=True, kw_only=True)
class Other:
    """A stack built over our desktop's image by the Dockerfile in the folder of its name, on TCP."""

    what: str
    port: int
    page: str = ""


OTHERS = {
    "paper": Other(
        what="Xvfb 16 bit, x11vnc, websockify, noVNC 1.3 on TCP, all with their defaults",
        port=6080,
        page="vnc.html?autoconnect=true&path={path}proxy/6080/websockify",
    ),
    "Selkies": Other(what="Selkies 2.1, H.264 over WebSockets, with its defaults", port=8080),
    "xpra": Other(what="xpra 3.1 with its HTML5 client, with their defaults", port=14500),
}


HOMES = [{"name": "home", "mountPath": HOME}]
"""Where storage `home` has a home."""
OURS, VNC, PAPER, SELKIES = "ours", "ours, VNC alone", "paper", "Selkies"
WHAT = {
    OURS: "TigerVNC Xvnc 24 bit on a unix socket, our page on noVNC 1.7, and H.264 for what moves",
    VNC: "the same with DESKTOP_VIDEO=none",
    **{name: other.what for name, other in OTHERS.items()},
}
NAMES = list(WHAT)


def stack(engine: Engine, name: str, application: str, image: str) -> Stack:
    """That of NAMES with an application of the catalogue, in the registry; `image` is our desktop's."""
    ours = _ours(engine, application, image)
    own = {OURS: ours, VNC: _vnc_alone(ours)}
    return own.get(name) or _other(engine, ours, name, OTHERS[name])


def _ours(engine: Engine, application: str, image: str) -> Stack:
    """The application's profile of our hub values, as it is."""
    entry = load_catalogue().desktops[application]
    return Stack(
        name=OURS,
        application=application,
        image=image,
        image_mb=_size(engine, image),
        override=profile(application, entry, image, HOMES)["kubespawner_override"],
        page="desktop/",
    )


def _vnc_alone(ours: Stack) -> Stack:
    """The same, and what moves is no video."""
    override = copy.deepcopy(dict(ours.override))
    sidecar = override["extra_containers"][0]
    sidecar["env"] = [*sidecar.get("env", []), {"name": "DESKTOP_VIDEO", "value": "none"}]
    return dataclasses.replace(ours, name=VNC, override=override)


def _other(engine: Engine, ours: Stack, name: str, other: Other) -> Stack:
    """The same container but for the way to the browser."""
    folder = HERE / name.lower()
    image = f"{engine.registry}/bench/{folder.name}-{ours.application}:test"
    engine.docker("build", "--quiet", f"--build-arg=DESKTOP={ours.image}", f"--tag={image}", str(folder))
    engine.docker("push", "--quiet", image)
    override = copy.deepcopy(dict(ours.override))
    sidecar = override["extra_containers"][0]
    sidecar["image"] = image
    ready = f"exec 3<>/dev/tcp/127.0.0.1/{other.port}"
    sidecar["readinessProbe"] = {"exec": {"command": ["bash", "-c", ready]}}
    return Stack(
        name=name,
        application=ours.application,
        image=image,
        image_mb=_size(engine, image),
        override=override,
        page=f"proxy/{other.port}/{other.page}",
    )


def _size(engine: Engine, image: str) -> float:
    return int(engine.docker("inspect", "--format", "{{.Size}}", image)) / 1e6
