"""Runs a pod of the gateway with Docker: the notebook and its sidecars in one network, with shared volumes.

It reads the same dictionaries that KubeSpawner gets from our hub values, so what they say is what runs. What
they ask for and this can't do is refused.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes.utils.quantity import parse_quantity

from components.paths import HUB_VALUES
from sandbox.containers import Engine

Spec = Mapping[str, Any]
NOTEBOOK_PORT = 8888
HOME = "/home/jovyan"
READY_TIMEOUT_S = 60
VALUES = yaml.safe_load((HUB_VALUES / "base.yaml").read_text(encoding="utf-8"))
STORAGE: Spec = VALUES["singleuser"]["storage"]
"""The volumes of every pod but its home, and where the notebook has them."""


@dataclass(kw_only=True)
class Pod:
    """One user's pod; `notebook` and `sidecars` are the names of its containers in Docker."""

    engine: Engine
    name: str
    image: str
    """The notebook's."""
    override: Spec
    """A profile's kubespawner_override."""
    files: Mapping[str, Spec]
    """The chart's singleuser.extraFiles."""
    scratch: Path

    @property
    def notebook(self) -> str:
        return f"{self.name}-notebook"

    @property
    def sidecars(self) -> list[str]:
        return [f"{self.name}-{spec['name']}" for spec in self.override.get("extra_containers", [])]

    def start(self, command: Sequence[str] = (), env: Mapping[str, str] | None = None) -> int:
        """Start all containers; the loopback port of the notebook, once every sidecar's probe says ready."""
        in_notebook = [*STORAGE["extraVolumeMounts"].values(), {"name": "home", "mountPath": HOME}]
        mounts = [self._mount(mount) for mount in in_notebook]
        for name, spec in self.files.items():
            file = self.scratch / self.name / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(spec["stringData"], encoding="utf-8")
            mounts.append(f"--volume={file}:{spec['mountPath']}:ro")
        environment = {**self.override.get("environment", {}), **(env or {})}
        self._run(
            self.notebook,
            f"--publish=127.0.0.1::{NOTEBOOK_PORT}",
            *mounts,
            *(f"--env={key}={value}" for key, value in environment.items()),
            *_limits(self.override["cpu_limit"], self.override["mem_limit"] + "i"),
            "--cap-drop=ALL",
            image=self.image,
            command=command,
        )
        for name, spec in zip(self.sidecars, self.override.get("extra_containers", []), strict=True):
            self._run(name, f"--network=container:{self.notebook}", *self._options(spec),
                      image=spec["image"], command=spec.get("args", []))  # fmt: skip
        for name, spec in zip(self.sidecars, self.override.get("extra_containers", []), strict=True):
            self._wait_ready(name, spec["readinessProbe"]["exec"]["command"])
        return int(
            self.engine.docker("port", self.notebook, str(NOTEBOOK_PORT)).split()[0].rpartition(":")[2]
        )

    def stop(self) -> None:
        """End the containers; the home stays, as on a real gateway with storage."""
        for name in [*self.sidecars, self.notebook]:
            if self._state(name) is not None:
                self.engine.docker("rm", "--force", name)

    def remove(self) -> None:
        """End the containers and remove their volumes."""
        self.stop()
        if volumes := self.engine.docker(
            "volume", "ls", "--quiet", "--filter", f"name=^{self.name}-"
        ).split():
            self.engine.docker("volume", "rm", *volumes)

    def running(self) -> bool:
        return all((self._state(name) or {}).get("Running") for name in [self.notebook, *self.sidecars])

    def run_in(self, container: str, *command: str) -> str:
        """What a command prints in one of the pod's containers."""
        return self.engine.docker("exec", container, *command)

    def _run(self, name: str, *options: str, image: str, command: Sequence[str]) -> None:
        self.engine.docker("run", "--detach", "--name", name, *options, image, *command)

    def _options(self, spec: Spec) -> list[str]:
        security = dict(spec["securityContext"])
        assert security.pop("runAsNonRoot") and not security.pop("allowPrivilegeEscalation")
        options = [f"--user={security.pop('runAsUser')}:{security.pop('runAsGroup')}",
                   "--security-opt=no-new-privileges"]  # fmt: skip
        options += [f"--cap-drop={name}" for name in security.pop("capabilities")["drop"]]
        if security.pop("readOnlyRootFilesystem", False):
            options.append("--read-only")
        security.pop("seccompProfile", None)
        assert not security, f"not understood: {security}"
        options += [self._mount(mount) for mount in spec["volumeMounts"]]
        limits = spec["resources"]["limits"]
        options += [f"--env={item['name']}={item['value']}" for item in spec["env"]]
        return [*options, *_limits(limits["cpu"], limits["memory"])]

    def _mount(self, mount: Spec) -> str:
        """The option that mounts a volume; Docker makes a home that is not there by itself."""
        volume = f"{self.name}-{mount['name']}"
        if mount["name"] == "home":
            return f"--volume={volume}:{mount['mountPath']}"
        (spec,) = [one for one in STORAGE["extraVolumes"].values() if one["name"] == mount["name"]]
        assert spec["emptyDir"]["medium"] == "Memory"
        size = int(parse_quantity(spec["emptyDir"]["sizeLimit"]))  # type: ignore[no-untyped-call]
        memory_volume(self.engine, volume, f"size={size},mode=2777,gid=100")
        # Without "nocopy" Docker gives it the image's content and mode.
        return f"--volume={volume}:{mount['mountPath']}:nocopy"

    def _state(self, name: str) -> dict[str, Any] | None:
        listed = self.engine.docker("ps", "--all", "--quiet", "--filter", f"name=^{name}$").strip()
        if not listed:
            return None
        state: dict[str, Any] = json.loads(
            self.engine.docker("inspect", "--format", "{{json .State}}", listed)
        )
        return state

    def _wait_ready(self, name: str, probe: Sequence[str]) -> None:
        script = f"until {shlex.join(probe)}; do sleep 0.1; done"
        self.engine.docker("exec", name, "timeout", str(READY_TIMEOUT_S), "sh", "-c", script)


def memory_volume(engine: Engine, name: str, options: str) -> None:
    """Make a volume in memory, as the kubelet does, unless it is there. It is empty when nobody mounts it."""
    if not engine.docker("volume", "ls", "--quiet", "--filter", f"name=^{name}$").strip():
        tmpfs = ["--opt=type=tmpfs", "--opt=device=tmpfs", f"--opt=o={options}"]
        engine.docker("volume", "create", *tmpfs, name)


def _limits(cpu: float | str, memory: str) -> list[str]:
    """A container's limits, but no more than the machine has, which Docker would refuse."""
    cpus = min(float(cpu), os.cpu_count() or 1)
    return [f"--cpus={cpus:g}", f"--memory={int(parse_quantity(memory))}"]  # type: ignore[no-untyped-call]
