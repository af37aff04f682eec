"""The pod of a user's server, as an operator of the gateway sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.tests.magnum import Kubectl
from tests.stack import Gateway

NAMESPACE = "jhub"
HOME = "/home/jovyan"


@dataclass(frozen=True)
class Pod:
    """There while she has a server; with a desktop beside its notebook where her profile is one's."""

    user: str
    stack: Gateway
    notebook = "notebook"
    """Name of its container."""
    desktop = "desktop"

    @property
    def name(self) -> str:
        """The name that KubeSpawner gives it."""
        return f"jupyter-{self.user}"

    @property
    def kubectl(self) -> Kubectl:
        """For the cluster that it runs in."""
        return Kubectl(self.stack.kubeconfig, self.stack.env)

    def found(self) -> dict[str, Any] | None:
        """The object; None while there is none."""
        chosen = f"--field-selector=metadata.name={self.name}"
        items = self.kubectl.get("pods", "-n", NAMESPACE, chosen)["items"]
        return dict(items[0]) if items else None

    @property
    def node(self) -> str:
        """Name of the node that it runs on."""
        return str((self.found() or {})["spec"]["nodeName"])

    @property
    def identity(self) -> str:
        """What no other pod of this name has had."""
        return str((self.found() or {})["metadata"]["uid"])

    def running(self) -> bool:
        """Whether all of its containers are ready."""
        conditions = (self.found() or {}).get("status", {}).get("conditions", [])
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

    def run_in(self, container: str, *command: str) -> str:
        """What a command prints in one of its containers; AssertionError with that where it fails."""
        return self.kubectl.run("exec", self.name, "-n", NAMESPACE, "-c", container, "--", *command)
