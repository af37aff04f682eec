"""A sandbox for the tests, its cloud, and ways to make both fail; loaded by the conftest.py at the top."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from openstack.config import OpenStackConfig
from openstack.connection import Connection

from sandbox import layout
from sandbox.layout import ROOT

TIME_SCALE = "0.001"
"""The cloud's ten minutes take 0.6 s."""


def run_module(env: dict[str, str], module: str, *words: str) -> str:
    """What `python -m MODULE …` prints, with this environment; fails when its exit code is not 0."""
    return _python(env, "-m", module, *words)


def run_code(env: dict[str, str], code: str, *words: str) -> str:
    """What a piece of Python prints in the environment of a sandbox; fails when its exit code is not 0."""
    return _python(env, "-c", code, *words)


def _python(env: dict[str, str], *words: str) -> str:
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def processes_of(env: dict[str, str], mark: str) -> list[psutil.Process]:
    """The processes of a sandbox whose command line has `mark`."""
    lines = [(one, " ".join(one.info["cmdline"] or [])) for one in psutil.process_iter(["cmdline"])]
    return [one for one, line in lines if mark in line and env["SANDBOX_HOME"] in line]


def nodes_of(env: dict[str, str]) -> list[psutil.Process]:
    """The first process of each real node of a sandbox that is switched on."""
    found = processes_of(env, "sandbox.clusters.nodes.init")
    return [one for one in found if one.info["cmdline"][0] != "unshare"]


def connected(env: dict[str, str], cloud: str = "sandbox") -> Connection:
    """A sandbox's cloud, as the operator of a gateway sees it, or another one of its clouds.yaml."""
    config = OpenStackConfig(config_files=[env["OS_CLIENT_CONFIG_FILE"]], load_envvars=False)
    return Connection(config=config.get_one(cloud=cloud))


@contextmanager
def started(home: Path, *, images: bool = False, **variables: str) -> Iterator[dict[str, str]]:
    """A sandbox of its own in `home`, with these variables; its environment as a mapping.

    With `images`, also what builds and serves the gateway's.
    """
    own = {
        **os.environ,
        "SANDBOX_HOME": str(home),
        "SANDBOX_BIN": str(layout.BIN),
        "SANDBOX_CACHE": str(layout.CACHE),
        "SANDBOX_TIME_SCALE": TIME_SCALE,
        **variables,
    }
    try:
        run_module(own, "sandbox", "start", *(["--images"] if images else []))
        yield {**own, **json.loads(run_module(own, "sandbox", "env", "--json"))}
    finally:
        run_module(own, "sandbox", "down")


@pytest.fixture(scope="session")
def sandbox_env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A sandbox of the tests' own, empty at first; what `make -s sandbox-env` gives for it, as a mapping."""
    # Kwok's nodes: many gateways at once. Real ones have tests of their own (sandbox/tests/real).
    with started(tmp_path_factory.mktemp("sandbox"), SANDBOX_REAL_NODES="0") as env:
        yield env


@pytest.fixture(scope="session")
def cloud(sandbox_env: dict[str, str]) -> Connection:
    """The sandbox's cloud, as the operator of a gateway sees it."""
    return connected(sandbox_env)


@pytest.fixture(scope="session")
def faults(sandbox_env: dict[str, str]) -> Path:
    """The folder where a file named like a cluster is a fault of its making (clusters/magnum/faults.py)."""
    folder = Path(sandbox_env["SANDBOX_HOME"]) / "run" / "faults"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def cloud_fault(sandbox_env: dict[str, str]) -> Iterator[Callable[..., None]]:
    """Makes a service of the cloud fail until the test ends: type in the catalogue, options of `fault`."""
    hit = set()

    def make(service: str, *options: str) -> None:
        hit.add(service)
        run_module(sandbox_env, "sandbox.cloud", "fault", service, *options)

    yield make
    for service in hit:
        run_module(sandbox_env, "sandbox.cloud", "fault", service, "--clear")
