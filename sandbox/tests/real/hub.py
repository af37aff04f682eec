"""JupyterHub's chart in a cluster with real nodes, with the values that the gateway gives it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from components.charts.versions import JUPYTERHUB
from components.hub.catalogue import load_catalogue
from components.hub.desktops import merge
from components.hub.values import Wiring, hub_values
from components.settings.auth.passwords import SharedPassword
from components.settings.hub import Hub
from sandbox import layout
from sandbox.tests.charts import helm
from sandbox.tests.magnum import Kubectl
from tests.unit.hub_process import OVER_HTTP, Browser

NAMESPACE = JUPYTERHUB.release
USER, PASSWORD = "user1", "the-users-password"


def values(image: str, **changes: Any) -> dict[str, Any]:
    """The gateway's values, with one image for all containers of users; `changes` come over them."""
    catalogue = load_catalogue()
    hub = {
        "admins": ["admin1"],
        "users": [USER],
        "nodeGroup": "mediums",
        "storage": {"type": "home", "sizeGib": 5},
    }
    wiring = Wiring(
        user_group="mediums",
        host="gw25.zone.test",
        callback="https://gw25.zone.test/hub/oauth_callback",
        ingress_class="nginx",
        issuer="letsencrypt",
        images=dict.fromkeys(catalogue.image_names(), image),
        secrets={"adminPassword": "the-administrators-long-password", "userPassword": PASSWORD},
        seats=1,
        pull_secret=None,
    )
    made = hub_values(Hub.model_validate(hub), SharedPassword(type="shared-password"), catalogue, wiring)
    return merge(merge(made, OVER_HTTP), changes)


@dataclass(frozen=True)
class Gateway:
    """The release, and what its users see."""

    kubectl: Kubectl

    def install(self, given: dict[str, Any]) -> None:
        """Install the chart, or upgrade it; returns when all its pods are ready."""
        command = ["upgrade", "--install", JUPYTERHUB.release, str(layout.CHARTS / JUPYTERHUB.name)]
        command += ["--kubeconfig", str(self.kubectl.kubeconfig), "--namespace", NAMESPACE]
        command += ["--create-namespace", "--wait", "--timeout", "4m"]
        done = helm(*command, values=given)
        assert done.returncode == 0, done.stderr + self.kubectl.run("get", "pods,events", "-n", NAMESPACE)

    def pod(self, name: str) -> dict[str, Any] | None:
        """A pod of the hub's namespace; None where there is none."""
        found = self.kubectl.get("pods", "-n", NAMESPACE, f"--field-selector=metadata.name={name}")["items"]
        return dict(found[0]) if found else None

    @contextmanager
    def browser(self) -> Iterator[Browser]:
        """Somebody at the front door, logged in as USER."""
        command = ["kubectl", "--kubeconfig", str(self.kubectl.kubeconfig), "port-forward"]
        command += ["-n", NAMESPACE, "service/proxy-public", ":80"]
        with subprocess.Popen(command, env=self.kubectl.env, stdout=subprocess.PIPE, text=True) as forwarding:
            try:
                assert forwarding.stdout
                port = re.search(r"127.0.0.1:(\d+)", forwarding.stdout.readline())
                assert port
                fresh = Browser(f"http://127.0.0.1:{port[1]}")
                # The proxy ends one that is idle, which is seen too late through the forwarder.
                fresh.headers["Connection"] = "close"
                assert fresh.log_in(USER, PASSWORD)
                yield fresh
            finally:
                forwarding.kill()
