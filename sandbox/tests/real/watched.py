"""A whole gateway on real nodes that Prometheus watches, and who is told of its alerts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from requests.adapters import HTTPAdapter

from components.charts.versions import PROMETHEUS
from components.hub.catalogue import load_catalogue
from sandbox.tests.fixtures import run_code
from sandbox.tests.magnum import Kubectl, eventually
from sandbox.tests.real.pods import GROUP, IMAGE
from sandbox.tests.real.web import on_loopback
from tests.stack import Gateway
from tests.unit.hub_process import Browser
from tests.unit.monitoring import hastened

IMAGES = """
from sandbox import containers
from sandbox.containers import edge, hub, monitoring, standins
running = containers.start_engine(print)
standins.ensure(running, print, ["notebook"])
edge.ensure(running, print)
hub.ensure(running, print)
monitoring.ensure(print)
print(f"{running.registry}/{standins.name('notebook')}")
"""
"""Makes all images of the gateway; the last line is the one that users start."""
HASTE_S = 5
"""What takes minutes until an alert is sent takes this long where a test hastens it."""
_CERTIFICATE = """
import json, sys; from sandbox.clusters import pki
pair = pki.issue(pki.sandbox_ca(), sys.argv[1], hosts=sys.argv[1:2], days=int(sys.argv[2]))
print(json.dumps({"tls.crt": pair.certificate.decode(), "tls.key": pair.key.decode()}))
"""


class Door(HTTPAdapter):
    """The way to a host that this machine has at another address."""

    def __init__(self, host: str) -> None:
        self._host = host
        super().__init__()

    def init_poolmanager(self, *words: Any, **more: Any) -> None:
        """Ask for the certificate of the host."""
        super().init_poolmanager(*words, server_hostname=self._host, assert_hostname=self._host, **more)


@dataclass(frozen=True)
class Watched:
    """The gateway, as its operator and its users see it."""

    stack: Gateway
    image: str
    """What users start. It has Python."""

    @property
    def kubectl(self) -> Kubectl:
        """For its cluster."""
        return Kubectl(self.stack.kubeconfig, self.stack.env)

    def settings(self, config: dict[str, Any]) -> None:
        """Monitoring, small homes, and no image that would have to be built."""
        config["gateway:monitoring"] = {"enabled": True, "sizeGib": 3}
        config["gateway:images"] = {"published": dict.fromkeys(load_catalogue().image_names(), self.image)}
        config["gateway:hub"]["storage"]["sizeGib"] = 1
        # One more node would make room for the placeholder that a user pushes aside.
        config["gateway:nodeGroups"][0].update(min=1, max=1)

    def browser(self, user: str) -> Browser:
        """A user who came in by the ingress and logged in."""
        known = self.stack.outputs()
        host = known["fqdn"].rstrip(".")
        at = eventually(lambda: on_loopback(self.stack.env, known["ingress_ip"], 443))
        assert at
        fresh = Browser(f"https://{at[0]}:{at[1]}")
        fresh.mount("https://", Door(host))
        fresh.headers["Host"] = host
        fresh.verify = self.stack.env["SANDBOX_CA_BUNDLE"]
        assert fresh.log_in(user, self.stack.pulumi("config", "get", "gateway:userPassword").strip())
        return fresh

    def ask(self, pod: str, namespace: str, url: str) -> Any:
        """What Prometheus answers the pod to a GET; a failure of the test where it says no."""
        told = json.loads(self.kubectl.run("exec", pod, "-n", namespace, "--", "/answer", url))
        assert told["status"] == "success", told
        return told["data"]

    def hasten(self) -> None:
        """Have Prometheus and Alertmanager do in seconds what takes them minutes. Both start again."""
        where = ("-n", PROMETHEUS.release)
        for secret in ("prometheus-config", "alertmanager-config"):
            data = self.kubectl.get("secret", secret, *where)["data"]
            files = {name: json.loads(base64.b64decode(text)) for name, text in data.items()}
            sooner = {name: json.dumps(hastened(file, HASTE_S)) for name, file in files.items()}
            self.kubectl.run("patch", "secret", secret, *where, "-p", json.dumps({"stringData": sooner}))
        for program in ("deployment/prometheus-server", "statefulset/prometheus-alertmanager"):
            self.kubectl.run("rollout", "restart", program, *where)
            self.kubectl.run("rollout", "status", program, *where, "--timeout=180s")

    def key_pair(self, name: str, host: str, *, days: int) -> dict[str, Any]:
        """A Secret with a certificate of the sandbox's authority that is valid for so many days."""
        pair = json.loads(run_code(self.stack.env, _CERTIFICATE, host, str(days)))
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": "default"},
            "type": "kubernetes.io/tls",
            "stringData": pair,
        }


def query(address: str, expression: str) -> str:
    """The URL of an expression's value now."""
    return f"{address}/api/v1/query?query={quote(expression)}"


def parse(address: str, expression: str) -> str:
    """The URL that tells what Prometheus understands by an expression."""
    return f"{address}/api/v1/parse_query?query={quote(expression)}"


def bystander(name: str, namespace: str, **labels: str) -> dict[str, Any]:
    """A pod that keeps to the standard `restricted`, on a node of the core."""
    confined = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "nodeSelector": {GROUP: "default-worker"},
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "answer", "image": IMAGE, "securityContext": confined}],
        },
    }


def selectors(parsed: Any) -> Iterator[str]:
    """What an expression asks for, series by series, as Prometheus parsed it."""
    if isinstance(parsed, dict):
        if "matchers" in parsed:
            yield ",".join(
                f"{one['name']}{one['type']}{json.dumps(one['value'])}" for one in parsed["matchers"]
            )
        parsed = list(parsed.values())
    if isinstance(parsed, list):
        for part in parsed:
            yield from selectors(part)
