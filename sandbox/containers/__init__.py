"""A Docker engine and a registry for the gateway's images, and what these are built on here.

A Docker engine that answers already is taken as it is. Otherwise Debian's dockerd is started as root on a
socket under RUN/docker. It makes the bridge docker0 and its own iptables rules, which stay until the machine
restarts; everything else lies under the sandbox's folder.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress

from sandbox import processes
from sandbox.clusters.nodes import host
from sandbox.containers import base, edge, hub, registry, standins
from sandbox.containers.engine import (
    NAME,
    ContainersError,
    Engine,
    folder,
    no_answer,
    own_host,
    present_host,
    start_own,
)
from sandbox.tools import packages
from sandbox.tools.steps import Report, Step

__all__ = [
    "Bases",
    "ContainersError",
    "Engine",
    "environment",
    "programs",
    "remove",
    "start",
    "start_engine",
    "stop",
]

_NONE = "<none>"


def programs() -> dict[str, str]:
    """Programs that are called or started here, each with the Debian package that has it.

    Raises ContainersError where no Docker engine answers and this user can't start one.
    """
    if processes.alive(NAME) or (reason := no_answer(present_host())) is None:
        return packages.CONTAINERS
    if os.geteuid() != 0:
        raise ContainersError(
            f"The images need a Docker engine, none answers ({reason}), and only root can start one. "
            "Start Docker, or set DOCKER_HOST, and run this again; or name published images in "
            "Pulumi.sandbox.yaml (`published` instead of `build` in `gateway:images`): then none is built."
        )
    return {**packages.ENGINE, **packages.CONTAINERS}


def start(say: Callable[[str], object] = print, *, built: bool = True) -> Engine:
    """Engine, registry and all images, each made unless it is there. Raises ContainersError.

    Without `built`, only the images that need no program which is built here.
    """
    engine = start_engine(say)
    standins.ensure(engine, say)
    if host.granted():
        if built:
            edge.ensure(engine, say)
        hub.ensure(engine, say, built=built)
    return engine


class Bases(Step):
    """Engine, registry and the images that need no program which is built here."""

    name = "Images"
    about = "building what the gateway's images are built on, and the hub's, some 2 minutes"

    def done(self) -> bool:
        """Never: what is there already is found out image by image."""
        return False

    def run(self, report: Report) -> None:
        """Make each unless it is there; raises ContainersError."""
        start(report, built=False)


def start_engine(say: Callable[[str], object] = print) -> Engine:
    """Engine and registry with Debian's base image, each made unless it is there. Raises ContainersError."""
    for program, package in programs().items():
        if packages.program(program) is None:
            raise ContainersError(f"{program} is missing: apt-get install {package}")
    present = not processes.alive(NAME) and no_answer(present_host()) is None
    engine = Engine(host=present_host() if present else start_own(say), registry=registry.start(say))
    base.ensure(engine, say)
    return engine


def environment() -> dict[str, str]:
    """What clients of the engine and of the registry need, whether these run or not."""
    engine = _known()
    return {
        "DOCKER_HOST": engine.host,
        "SANDBOX_REGISTRY": engine.registry,
        "SANDBOX_DEBIAN_BASE": engine.base,
        **standins.variables(),
    }


def stop() -> None:
    """End the registry, and the engine with its containers if it is ours; images stay on disk."""
    if processes.alive(NAME):
        engine = _known()
        # dockerd and its containerd are told to end at once, too late then to end the containers.
        with suppress(ContainersError):  # an engine that hangs must end all the same
            if running := engine.docker("ps", "--quiet", timeout=30).split():
                engine.docker("kill", *running, timeout=30)
    processes.stop(NAME)
    processes.stop(registry.NAME)


def remove() -> None:
    """End both, and remove what they stored; of an engine that is not ours, the images of our registry."""
    stop()
    engine = _known()
    with suppress(ContainersError):  # it may be gone, with all that it had
        listed = engine.docker("images", "--digests", "--format", "{{json .}}").splitlines()
        images = [json.loads(line) for line in listed]
        ours = [image for image in images if image["Repository"].startswith(f"{engine.registry}/")]
        kept = {image["ID"] for image in images if image not in ours and image["Repository"] != base.SHARED}
        ours += [image for image in images if image["Repository"] == base.SHARED and image["ID"] not in kept]
        # By digest first: with the last tag of a repository go its digests.
        names = [f"{image['Repository']}@{image['Digest']}" for image in ours if image["Digest"] != _NONE]
        names += [f"{image['Repository']}:{image['Tag']}" for image in ours if image["Tag"] != _NONE]
        if names:
            engine.docker("rmi", *dict.fromkeys(names))
    shutil.rmtree(folder(), ignore_errors=True)


def _known() -> Engine:
    host = own_host() if processes.alive(NAME) else present_host()
    return Engine(host=host, registry=registry.address())
