"""The shell in which bare `pulumi`, `openstack`, `kubectl`, `helm` and `dig` work against the sandbox."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import yaml

from sandbox import containers, layout
from sandbox.clusters import acme
from sandbox.clusters.nodes import host
from sandbox.tools import engine
from sandbox.tools.packages import program

STACK = "sandbox"
CLOUD = "sandbox"
PASSPHRASE = "sandbox"  # noqa: S105 - it guards nothing but what this sandbox holds
KUBECONFIG = layout.RUN / "kubeconfig"
SHIMS = layout.RUN / "shims"
STATE = layout.RUN / "state"
CLUSTER_TIMEOUT_S = 60


def prepare() -> None:
    """Lay out what the environment points to."""
    for folder in (SHIMS, STATE, layout.HOME / "pulumi"):
        folder.mkdir(parents=True, exist_ok=True)
    _link(layout.HOME / "pulumi" / "plugins", engine.SHARED_HOME / "plugins")
    _link(SHIMS / "openstack", layout.OPENSTACK_VENV / "bin" / "openstack")
    dig = SHIMS / "dig"
    dig.write_text(
        f'#!/bin/sh\nexec "{program("dig")}" @127.0.0.1 -p {layout.port("bind")} "$@"\n', encoding="utf-8"
    )
    dig.chmod(0o755)


def environment() -> dict[str, str]:
    """Variables to set over the present ones; PATH is whole."""
    folders = [SHIMS, layout.BIN, layout.ROOT / ".venv" / "bin"]
    present = [part for part in os.environ.get("PATH", "").split(os.pathsep) if Path(part) not in folders]
    variables = {
        "PATH": os.pathsep.join([*map(str, folders), *present]),
        "OS_CLIENT_CONFIG_FILE": str(layout.CLOUDS_YAML),
        "OS_CLOUD": CLOUD,
        "KUBECONFIG": str(KUBECONFIG),
        "PULUMI_HOME": str(layout.HOME / "pulumi"),
        # A file of attributes beside each state is not written in one step: an engine that is killed
        # meanwhile leaves an empty one, and the state can't be read any more.
        "PULUMI_BACKEND_URL": f"file://{STATE}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    variables |= {name: os.environ[name] for name in os.environ if name.startswith("SANDBOX_")}
    if host.granted():
        variables["SANDBOX_CA_BUNDLE"] = str(acme.ROOTS)
    return variables | containers.environment()


def settings() -> dict[str, Any]:
    """What the stack's file sets, by key."""
    document = yaml.safe_load((layout.ROOT / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8"))
    return dict(document["config"])


def builds_images() -> bool:
    """Whether the stack's file asks for images to be built."""
    return bool((settings().get("gateway:images") or {}).get("build"))


def exports(variables: Mapping[str, str]) -> str:
    """Lines for a shell's `eval`."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def pulumi(*words: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    """Run `pulumi` on the sandbox's stack; `quiet` keeps its output instead of showing it."""
    return subprocess.run(
        ["pulumi", *words, "--stack", STACK],
        cwd=layout.ROOT,
        env={**os.environ, **environment()},
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.PIPE if quiet else None,
        text=True,
        check=False,
    )


def drop_stale_locks() -> None:
    """Take away the stack's locks of engines that were killed; one that runs keeps its own."""
    for lock in (STATE / ".pulumi" / "locks").rglob(f"{STACK}/*.json"):
        if not psutil.pid_exists(json.loads(lock.read_text(encoding="utf-8"))["pid"]):
            lock.unlink()


def end_plugins() -> None:
    """End the plugins of engines that were killed: by themselves they notice it only after minutes."""
    home = f"{layout.HOME / 'pulumi'}{os.sep}"
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"]
        if command and command[0].startswith(home):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def outputs() -> dict[str, Any]:
    """The stack's outputs, secrets included; empty while there is no stack."""
    if not any((STATE / ".pulumi" / "stacks").rglob(f"{STACK}.json")):
        return {}
    answer = pulumi("stack", "output", "--json", "--show-secrets", quiet=True)
    return {} if answer.returncode else dict(json.loads(answer.stdout))


def write_kubeconfig() -> dict[str, Any]:
    """Write the stack's kubeconfig where KUBECONFIG points to; its outputs, empty while it has no cluster."""
    known = outputs()
    if "kubeconfig" not in known:
        KUBECONFIG.unlink(missing_ok=True)
        return {}
    KUBECONFIG.touch(mode=0o600)
    KUBECONFIG.write_text(known["kubeconfig"], encoding="utf-8")
    return known


def wait_for_cluster() -> None:
    """Wait until the API server of the stack's cluster, if it has one, answers after a restart of the cloud.

    Gives up after CLUSTER_TIMEOUT_S without a word: what is wrong then, `pulumi up` tells better.
    """
    if not write_kubeconfig():
        return
    deadline = time.monotonic() + CLUSTER_TIMEOUT_S
    question = ["kubectl", "get", "--raw", "/readyz"]
    while subprocess.run(
        question, env={**os.environ, **environment()}, capture_output=True, check=False
    ).returncode:
        if time.monotonic() > deadline:
            return
        time.sleep(0.5)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() != target:
        link.unlink()
    if not link.is_symlink():
        link.symlink_to(target)
