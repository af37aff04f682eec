"""A sandbox for the tests, and gateways in it that run the unchanged program with the real engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack
import pytest
import yaml
from openstack.connection import Connection

from sandbox import layout
from tests.sandbox import cases

ROOT = Path(__file__).parents[2]
PROGRAM = ("__main__.py", "Pulumi.yaml", "components", "hub_values", "docker", "sandbox", ".venv")
TIME_SCALE = "0.001"
"""The cloud's ten minutes take 0.6 s."""

LONGEST_FIRST = (
    "test_killed",
    "test_homes",
    "test_faults",
    "test_drift",
    "test_interruptions",
    "test_teardown",
    "test_state",
    "test_gateway",
    "test_life",
)
"""Files that take minutes, so that a worker does not begin one when the others are about to end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the cases of the life cycle."""
    cases.show(terminalreporter)


def run_module(env: dict[str, str], module: str, *words: str) -> str:
    """What `python -m MODULE …` prints, with this environment; fails when its exit code is not 0."""
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def sandbox_env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A sandbox of the tests' own, empty at first; what `make -s sandbox-env` gives for it, as a mapping."""
    home = tmp_path_factory.mktemp("sandbox")
    own = {
        **os.environ,
        "SANDBOX_HOME": str(home),
        "SANDBOX_BIN": str(layout.BIN),
        "SANDBOX_CACHE": str(layout.CACHE),
        "SANDBOX_TIME_SCALE": TIME_SCALE,
    }

    try:
        run_module(own, "sandbox", "start")
        yield {**own, **json.loads(run_module(own, "sandbox", "env", "--json"))}
    finally:
        run_module(own, "sandbox", "down")


@pytest.fixture(scope="session")
def cloud(sandbox_env: dict[str, str]) -> Connection:
    """The sandbox's cloud, as the operator of a gateway sees it."""
    os.environ["OS_CLIENT_CONFIG_FILE"] = sandbox_env["OS_CLIENT_CONFIG_FILE"]
    return openstack.connect(cloud="sandbox")


@dataclass
class Gateway:
    """One stack: a folder with the unchanged program and a stack file of its own."""

    name: str
    folder: Path
    env: dict[str, str]

    @property
    def settings(self) -> Path:
        """The stack's file."""
        return self.folder / f"Pulumi.{self.name}.yaml"

    def change(self, change: Callable[[dict[str, Any]], Any]) -> None:
        """Edit the stack's file."""
        document = yaml.safe_load(self.settings.read_text(encoding="utf-8"))
        change(document["config"])
        self.settings.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def run(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command in the stack's folder; the test fails when its exit code is not `code`."""
        done = subprocess.run(
            words, cwd=self.folder, env=self.env, text=True, capture_output=True, check=False
        )
        assert done.returncode == code, f"{' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def pulumi(self, *words: str, code: int = 0) -> str:
        """Run `pulumi` on this stack; what it printed."""
        done = self.run("pulumi", *words, "--stack", self.name, "--non-interactive", code=code)
        return done.stdout + done.stderr

    def up(self, *words: str, code: int = 0) -> str:
        """`pulumi up`; what it printed."""
        (self.folder / "kubeconfig").unlink(missing_ok=True)
        return self.pulumi("up", "--yes", "--skip-preview", *words, code=code)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in plain text."""
        return dict(json.loads(self.pulumi("stack", "output", "--json", "--show-secrets")))

    def resources(self) -> dict[str, str]:
        """Id of each resource in the state, by its URN's last part."""
        state = json.loads(self.run("pulumi", "stack", "export", "--stack", self.name).stdout)
        # An empty stack has no key of this name.
        found = state["deployment"].get("resources", [])
        return {r["urn"].split("::")[-1]: r.get("id", "") for r in found}

    @property
    def kubeconfig(self) -> Path:
        """The stack's output of this name, as a file."""
        config = self.folder / "kubeconfig"
        if not config.exists():
            config.write_text(self.outputs()["kubeconfig"], encoding="utf-8")
        return config

    def kubectl(self, *words: str) -> Any:
        """`kubectl … -o json` with nothing but the stack's kubeconfig output; the object."""
        shown = self.run("kubectl", "--kubeconfig", str(self.kubeconfig), *words, "-o", "json").stdout
        return json.loads(shown)

    def wait(self, *words: str) -> None:
        """`kubectl wait`, at most three minutes."""
        self.run("kubectl", "--kubeconfig", str(self.kubeconfig), "wait", "--timeout=180s", *words)


@pytest.fixture(scope="module")
def new_gateway(
    sandbox_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Gateway]]:
    """Makes gateways with the sandbox stack's settings; what is left of them is destroyed at the end."""
    made: list[Gateway] = []

    def new(name: str) -> Gateway:
        folder = tmp_path_factory.mktemp(name)
        for entry in PROGRAM:
            (folder / entry).symlink_to(ROOT / entry)
        gateway = Gateway(name=name, folder=folder, env=sandbox_env)
        gateway.settings.write_text((ROOT / "Pulumi.sandbox.yaml").read_text(encoding="utf-8"))
        gateway.change(lambda config: config.update({"gateway:name": name}))
        # Published ones by name: to build them is what test_images.py is about.
        gateway.change(lambda config: config.pop("gateway:images"))
        gateway.pulumi("stack", "init")
        made.append(gateway)
        return gateway

    yield new
    for gateway in made:
        gateway.run("pulumi", "cancel", "--yes", "--stack", gateway.name)
        if gateway.resources():
            gateway.pulumi("destroy", "--yes", "--skip-preview")


@pytest.fixture(scope="session")
def faults(sandbox_env: dict[str, str]) -> Path:
    """The folder where a file named like a cluster is a fault of its making (sandbox/clusters/faults.py)."""
    folder = Path(sandbox_env["SANDBOX_HOME"]) / "run" / "faults"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def cloud_fault(sandbox_env: dict[str, str]) -> Iterator[Callable[..., None]]:
    """Makes a service of the cloud fail until the test ends: type in the catalogue, options of `fault`."""
    command, hit = [sys.executable, "-m", "sandbox.cloud", "fault"], set()

    def make(service: str, *options: str) -> None:
        hit.add(service)
        subprocess.run([*command, service, *options], cwd=ROOT, env=sandbox_env, check=True)

    yield make
    for service in hit:
        subprocess.run([*command, service, "--clear"], cwd=ROOT, env=sandbox_env, check=True)
