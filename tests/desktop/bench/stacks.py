"""The stacks that are compared, each as a profile of the gateway and a page to open."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.catalogue import load_catalogue
from components.desktops import profile
from components.values import HUB_VALUES
from sandbox.containers import Engine
from tests.desktop.gateway import build

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A way from an X application to the browser."""

    name: str
    what: str
    image: str
    """The desktop's."""
    override: Mapping[str, Any]
    """The profile's kubespawner_override."""
    page: str
    """What the browser opens, under the user's server."""


def ours(engine: Engine) -> Stack:
    """The profile IDV of our hub values, as it is."""
    entry = load_catalogue(HUB_VALUES / "desktops.yaml").desktops["idv"]
    image = build(engine, entry.image)
    return Stack(
        name="ours",
        what="TigerVNC Xvnc 24 bit on a unix socket, -FrameRate 120, our page on noVNC 1.7",
        image=image,
        override=profile("idv", entry, image)["kubespawner_override"],
        page="desktop/",
    )


def paper(engine: Engine) -> Stack:
    """The paper's: the same container but for the way to the browser."""
    base = ours(engine)
    image = f"{engine.registry}/bench/paper:test"
    engine.docker(
        "build", "--quiet", f"--build-arg=DESKTOP={base.image}", f"--tag={image}", str(HERE / "paper")
    )
    override = copy.deepcopy(dict(base.override))
    sidecar = override["extra_containers"][0]
    sidecar["image"] = image
    ready = "exec 3<>/dev/tcp/127.0.0.1/6080"
    sidecar["readinessProbe"] = {"exec": {"command": ["bash", "-c", ready]}}
    return Stack(
        name="paper",
        what="Xvfb 16 bit, x11vnc, websockify, noVNC 1.3 on TCP, all with their defaults",
        image=image,
        override=override,
        page="proxy/6080/vnc.html?autoconnect=true&path={path}proxy/6080/websockify",
    )
