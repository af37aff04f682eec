"""The way to a desktop as on the gateway: JupyterHub behind configurable-http-proxy, a pod for each user."""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any

import psutil
import yaml

from components.hub.catalogue import load_catalogue
from components.hub.desktops import profile, tiles
from components.paths import HUB_VALUES
from sandbox import containers, layout
from sandbox.containers import Engine
from tests.desktop.pods import Pod

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NODE = Path(sys.executable).parent / "node"
START_TIMEOUT_S = 90


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A hub that answers at `url`."""

    url: str
    users: tuple[str, ...]
    password: str
    pods: dict[str, Pod]
    """By user; running once she has started her server."""


def build(engine: Engine, image: str) -> str:
    """The reference of docker/<image>, built with the arguments of the sandbox's stack."""
    reference = f"{engine.registry}/gateway/{image}:test"
    stack = yaml.safe_load((ROOT / "Pulumi.sandbox.yaml").read_text(encoding="utf-8"))["config"]
    given = stack["gateway:images"]["buildArgs"].items()
    known = containers.environment()
    arguments = [f"--build-arg={name}={Template(value).substitute(known)}" for name, value in given]
    file = f"--file={ROOT}/docker/{image}/Dockerfile"
    engine.docker("build", "--quiet", file, *arguments, f"--tag={reference}", f"{ROOT}/docker")
    return reference


def node_modules() -> Path:
    """What package.json asks for, installed from npm by package-lock.json at the first call."""
    folder = layout.CACHE / "desktop-tests-npm"
    lock, installed = HERE / "package-lock.json", folder / "installed.json"
    if not installed.exists() or installed.read_text() != lock.read_text():
        folder.mkdir(parents=True, exist_ok=True)
        for file in (HERE / "package.json", lock):
            shutil.copy(file, folder)
        environment = {**os.environ, "PATH": f"{NODE.parent}:{os.environ['PATH']}"}
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=folder, env=environment, check=True, capture_output=True)
        shutil.copy(lock, installed)
    return folder / "node_modules"


@contextmanager
def gateway(
    engine: Engine,
    scratch: Path,
    *,
    desktop: str = "idv",
    override: Mapping[str, Any] | None = None,
    address: str = "127.0.0.1",
) -> Iterator[Gateway]:
    """A gateway on `address` whose users get the profile of `desktop` from our hub values, or `override`."""
    catalogue = load_catalogue(HUB_VALUES / "desktops.yaml")
    entry = catalogue.desktops[desktop]
    if override is None:
        override = profile(desktop, entry, build(engine, entry.image))["kubespawner_override"]
    given = {
        "engine": asdict(engine),
        "prefix": f"gateway-{secrets.token_hex(3)}",
        "notebook": build(engine, catalogue.notebook),
        "override": override,
        "files": tiles({desktop: entry}),
        "scratch": str(scratch),
        "url": f"http://{address}:{_free_port()}",
        # The servers must reach the hub from their containers: on the bridge's own address of this machine.
        "hub_api": f"http://{_bridge(engine)}:{_free_port()}",
        "proxy": [str(NODE), str(node_modules() / "configurable-http-proxy/bin/configurable-http-proxy")],
        "proxy_api": f"http://127.0.0.1:{_free_port()}",
        "users": ["user1", "user2"],
        "password": secrets.token_urlsafe(24),
    }
    pods = {
        user: Pod(
            engine=engine,
            name=f"{given['prefix']}-{user}",
            image=str(given["notebook"]),
            override=override,
            files=tiles({desktop: entry}),
            scratch=scratch,
        )
        for user in ("user1", "user2")
    }
    with (scratch / "hub.log").open("w") as log:
        hub = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", HERE / "hub_config.py"],
            cwd=scratch,
            env={**os.environ, "GATEWAY_TEST": json.dumps(given), "PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(f"{given['url']}/hub/login", hub, scratch / "hub.log")
        yield Gateway(url=str(given["url"]), users=tuple(pods), password=str(given["password"]), pods=pods)
    finally:
        # Node.js's wrapper ends without the proxy that it started, so that one would be left.
        family = psutil.Process(hub.pid).children(recursive=True)
        hub.terminate()
        hub.wait(30)
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        for pod in pods.values():
            pod.remove()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the hub does not answer:\n{log.read_text()[-3000:]}")


def _bridge(engine: Engine) -> str:
    """This machine's address on the engine's bridge; the engine tells it only from its second start on."""
    template = '{{index .Options "com.docker.network.bridge.name"}}'
    name = engine.docker("network", "inspect", "bridge", "--format", template).strip()
    return next(found.address for found in psutil.net_if_addrs()[name] if found.family == socket.AF_INET)


def _free_port() -> int:
    """One below those that the kernel gives to connections: its listener may start seconds later."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
