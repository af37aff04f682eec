"""Magnum and one of its clusters as a client of the sandbox sees them."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from openstack.connection import Connection

from sandbox.tests.fixtures import run_code

NODEGROUP_API = {"OpenStack-API-Version": "container-infra 1.10"}
TIMEOUT_S = 90
T = TypeVar("T")
_PLANE = (
    "import sys; from sandbox.clusters import spec; from sandbox.clusters.control_plane import ControlPlane;"
    "plane = ControlPlane(spec.load(sys.argv[1])); getattr(plane, sys.argv[2])()"
)


def eventually(look: Callable[[], T], *, timeout_s: float = TIMEOUT_S) -> T:
    """The first true answer of `look`; the test fails with its last answer after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (answer := look()):
        assert time.monotonic() < deadline, f"still {answer!r} after {timeout_s} s"
        time.sleep(0.2)
    return answer


def plane(env: dict[str, str], cluster_id: str, verb: str) -> None:
    """Have the control plane of a cluster `halt` or `recover`."""
    run_code(env, _PLANE, cluster_id, verb)


@dataclass(frozen=True)
class Magnum:
    """Clusters and node groups by Magnum's API."""

    cloud: Connection

    def request(self, method: str, path: str, **kwargs: Any) -> Any:
        """One call; what it answers."""
        endpoint = self.cloud.container_infrastructure_management
        answer = endpoint.request(path, method, headers=NODEGROUP_API, raise_exc=True, **kwargs)
        return answer.json() if answer.content else None

    def create(self, name: str, *, wait: bool = True, **wanted: Any) -> dict[str, Any]:
        """A cluster with one m3.quad worker, or as `wanted`; with `wait`, once it is not in progress."""
        templates = self.request("GET", "/clustertemplates")["clustertemplates"]
        template = next(one["uuid"] for one in templates if one["name"] == "kubernetes-1-34-jammy")
        labels = {"kube_dashboard_enabled": "false", **wanted.pop("labels", {})}
        body = {
            "name": name,
            "cluster_template_id": template,
            "flavor_id": "m3.quad",
            "master_flavor_id": "m3.quad",
            "node_count": 1,
            "master_count": 1,
            "labels": labels,
            "merge_labels": True,
            **wanted,
        }
        uuid = self.request("POST", "/clusters", json=body)["uuid"]
        return self.settled(uuid) if wait else self.get(uuid)

    def get(self, uuid: str) -> dict[str, Any]:
        """The cluster now."""
        return dict(self.request("GET", f"/clusters/{uuid}"))

    def settled(self, uuid: str) -> dict[str, Any]:
        """The cluster once nothing of it is in progress."""

        def look() -> dict[str, Any] | None:
            found = self.get(uuid)
            return None if found["status"].endswith("_IN_PROGRESS") else found

        return eventually(look) or {}

    def delete(self, uuid: str) -> None:
        """Delete the cluster and wait until it is gone."""
        self.request("DELETE", f"/clusters/{uuid}")
        eventually(lambda: uuid not in [one["uuid"] for one in self.request("GET", "/clusters")["clusters"]])

    def add_group(self, uuid: str, name: str, *, low: int = 1, high: int = 1) -> str:
        """Ask for a node group of m3.medium; its UUID, at once."""
        body = {"name": name, "flavor_id": "m3.medium", "node_count": low}
        body |= {"min_node_count": low, "max_node_count": high}
        return str(self.request("POST", f"/clusters/{uuid}/nodegroups", json=body)["uuid"])

    def made_group(self, uuid: str, name: str, *, low: int = 1, high: int = 1) -> str:
        """The same once it is complete; the test fails where it fails."""
        group = self.add_group(uuid, name, low=low, high=high)
        assert self.group(uuid, group)["status"] == "CREATE_COMPLETE"
        return group

    def group(self, uuid: str, group: str) -> dict[str, Any]:
        """The node group once it is not in progress."""

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.request("GET", f"/clusters/{uuid}/nodegroups/{group}")
            return None if found["status"].endswith("_IN_PROGRESS") else found

        return eventually(look) or {}

    def set_group(self, uuid: str, group: str, **values: int) -> dict[str, Any]:
        """Change min or max of a node group; the group afterwards."""
        patch = [{"op": "replace", "path": f"/{key}", "value": value} for key, value in values.items()]
        self.request("PATCH", f"/clusters/{uuid}/nodegroups/{group}", json=patch)
        return self.group(uuid, group)


@dataclass(frozen=True)
class Kubectl:
    """`kubectl` with a cluster's own kubeconfig, as Magnum's client makes it."""

    kubeconfig: Path
    env: dict[str, str]

    @classmethod
    def of(cls, name: str, folder: Path, env: dict[str, str]) -> Kubectl:
        """For the cluster `name`; its kubeconfig is written into `folder`."""
        command = ["openstack", "coe", "cluster", "config", name, "--dir", str(folder), "--force"]
        # The client asks which shell its advice is for, and fails where there is none.
        done = subprocess.run(
            command, env={"SHELL": "/bin/sh", **env}, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return cls(folder / "config", env)

    def run(self, *words: str, given: str | None = None, code: int = 0) -> str:
        """Run it; what it printed."""
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), *words]
        done = subprocess.run(command, env=self.env, input=given, text=True, capture_output=True, check=False)
        assert done.returncode == code, f"{words}: {done.returncode} {done.stdout} {done.stderr}"
        return done.stdout + done.stderr

    def get(self, *words: str) -> Any:
        """`kubectl get … -o json`."""
        return json.loads(self.run("get", *words, "-o", "json"))

    def apply(self, *things: dict[str, Any]) -> None:
        """Apply objects."""
        self.run("apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": things}))
