"""A gateway in a sandbox, made by the unchanged program with the real engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.layout import ROOT

PROGRAM = ("__main__.py", "Pulumi.yaml", "components", "hub_values", "docker", "sandbox", ".venv")


@dataclass
class Gateway:
    """One stack: a folder with the unchanged program and a stack file of its own."""

    name: str
    folder: Path
    env: dict[str, str]

    @classmethod
    def laid_out(cls, name: str, folder: Path, env: dict[str, str]) -> Gateway:
        """A gateway of this name with the settings of the sandbox's stack; `stack init` is still to do."""
        for entry in PROGRAM:
            (folder / entry).symlink_to(ROOT / entry)
        gateway = cls(name=name, folder=folder, env=env)
        gateway.settings.write_text((ROOT / "Pulumi.sandbox.yaml").read_text(encoding="utf-8"))
        gateway.change(lambda config: config.update({"gateway:name": name}))
        return gateway

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
