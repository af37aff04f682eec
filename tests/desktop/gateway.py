"""A gateway in a sandbox with real nodes, as `make sandbox` makes it, and what is needed to look at it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from sandbox import containers, layout, processes
from sandbox.containers import Engine
from sandbox.tests.fixtures import run_code, run_module, started
from sandbox.tests.magnum import eventually
from tests import stack
from tests.desktop.pod import NAMESPACE, Pod

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NODE = Path(sys.executable).parent / "node"
NODES = 2
"""Of the users, all of them real; an IDV fills one."""
USERS = ("user1", "user2", "user3")
_URL = "import json, sys; from sandbox import address; print(address.url(json.loads(sys.argv[1])) or '')"


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A gateway that a browser of this machine opens at `url`."""

    url: str
    authority: Path
    """The certificate that the browser must trust, a PEM file."""
    users: tuple[str, ...]
    password: str
    pods: dict[str, Pod]
    """By user; running once she has started her server."""
    stack: stack.Gateway

    def story(self) -> str:
        """Nodes, pods and the last events of the hub's namespace, as an operator would look at them."""
        looks = (("nodes",), ("pods", "-n", NAMESPACE, "-o", "wide"), ("events", "-n", NAMESPACE))
        kubectl = ("kubectl", "--kubeconfig", str(self.stack.kubeconfig), "get")
        told = [
            subprocess.run([*kubectl, *look], env=self.stack.env, text=True, capture_output=True, check=False)
            for look in looks
        ]
        return "\n".join(done.stdout[-6000:] + done.stderr for done in told)


@contextmanager
def started_engine() -> Iterator[Engine]:
    """This checkout's own Docker engine with the bases of the images; left running if it ran before."""
    ours = not processes.alive("registry")
    try:
        yield containers.start()
    finally:
        if ours:
            containers.stop()


def _settings(config: dict[str, Any]) -> None:
    config["gateway:hub"]["users"] = list(USERS)
    # One more would be kwok's, and a pod on it answers nobody.
    config["gateway:nodeGroups"][0].update(min=NODES, max=NODES)


@contextmanager
def gateway(engine: Engine, home: Path, folder: Path) -> Iterator[Gateway]:
    """A gateway whose sandbox is in `home`, with the unchanged program in `folder`.

    Its images are built by `engine`, whose cache has most of them when it is not new.
    """
    real = {"SANDBOX_REAL_NODES": str(NODES), "DOCKER_HOST": engine.host}
    with started(home, images=True, **real) as env:
        try:
            made = stack.Gateway.laid_out("gw25", folder, env)
            made.change(_settings)
            made.pulumi("stack", "init")
            made.up()
            known = made.outputs()
            outputs = json.dumps({key: known[key] for key in ("ingress_ip", "fqdn")})
            yield Gateway(
                url=eventually(lambda: run_code(env, _URL, outputs).strip()),
                authority=Path(env["SANDBOX_CA_BUNDLE"]),
                users=USERS,
                password=made.pulumi("config", "get", "gateway:userPassword").strip(),
                pods={user: Pod(user, made) for user in USERS},
                stack=made,
            )
        finally:
            # Else the engine would keep its images, and this machine the nodes' disks.
            run_module(env, "sandbox", "reset")


def build(engine: Engine, image: str, **others: str) -> str:
    """The reference of docker/<image>, built with the arguments of the sandbox's stack, or with others."""
    reference = f"{engine.registry}/gateway/{image}:{'-'.join(['test', *others.values()])}"
    settings = yaml.safe_load((ROOT / "Pulumi.sandbox.yaml").read_text(encoding="utf-8"))["config"]
    given = {**settings["gateway:images"]["buildArgs"], **others}.items()
    known = containers.environment()
    arguments = [f"--build-arg={name}={Template(value).substitute(known)}" for name, value in given]
    file = f"--file={ROOT}/docker/{image}/Dockerfile"
    engine.docker("build", "--quiet", file, *arguments, f"--tag={reference}", f"{ROOT}/docker")
    return reference


def node_modules() -> Path:
    """What package.json asks for, installed from npm by package-lock.json at the first call."""
    place = layout.CACHE / "desktop-tests-npm"
    lock, installed = HERE / "package-lock.json", place / "installed.json"
    if not installed.exists() or installed.read_text() != lock.read_text():
        place.mkdir(parents=True, exist_ok=True)
        for file in (HERE / "package.json", lock):
            shutil.copy(file, place)
        environment = {**os.environ, "PATH": f"{NODE.parent}:{os.environ['PATH']}"}
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=place, env=environment, check=True, capture_output=True)
        shutil.copy(lock, installed)
    return place / "node_modules"
