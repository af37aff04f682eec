"""A whole gateway on real nodes that Prometheus watches, and who is told of its alerts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from requests.adapters import HTTPAdapter

from components.hub.catalogue import load_catalogue
from sandbox.tests.fixtures import run_code
from sandbox.tests.magnum import Kubectl, eventually
from sandbox.tests.real.pods import GROUP, IMAGE
from sandbox.tests.real.web import on_loopback
from tests.stack import Gateway
from tests.unit.hub_process import Browser

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
HOOK = "hook.default.svc"
"""The host of the webhook, a pod."""
_CERTIFICATE = f"""
import json; from sandbox.clusters import pki
pair = pki.issue(pki.sandbox_ca(), {HOOK!r}, hosts=({HOOK!r},))
print(json.dumps({{"tls.crt": pair.certificate.decode(), "tls.key": pair.key.decode()}}))
"""
_TAKE = """
import http.server, ssl
class Takes(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("", 8443), Takes)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/keys/tls.crt", "/keys/tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
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


def query(address: str, expression: str) -> str:
    """The URL of an expression's value now."""
    return f"{address}/api/v1/query?query={quote(expression)}"


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


@dataclass(frozen=True)
class Hook:
    """Where Alertmanager posts to: a pod that writes down what comes."""

    kubectl: Kubectl

    def states(self, alert: str) -> list[str]:
        """What it was told of an alert, in order."""
        lines = self.kubectl.run("logs", "hook").splitlines()
        sent = [one for line in lines for one in json.loads(line)["alerts"]]
        return [one["status"] for one in sent if one["labels"]["alertname"] == alert]


@contextmanager
def hook(gateway: Watched) -> Iterator[Hook]:
    """It, with a certificate that Alertmanager's image trusts."""
    pair = json.loads(run_code(gateway.stack.env, _CERTIFICATE))
    data = {name: base64.b64encode(text.encode()).decode() for name, text in pair.items()}
    container = {
        "name": "hook",
        "image": gateway.image,
        "command": ["python3", "-c", _TAKE],
        "readinessProbe": {"tcpSocket": {"port": 8443}, "periodSeconds": 1},
        "volumeMounts": [{"name": "keys", "mountPath": "/keys"}],
    }
    spec = {
        "terminationGracePeriodSeconds": 0,
        "nodeSelector": {GROUP: "default-worker"},
        "volumes": [{"name": "keys", "secret": {"secretName": "hook"}}],
        "containers": [container],
    }
    port = {"port": 443, "targetPort": 8443}
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("Secret", {"type": "kubernetes.io/tls", "data": data}),
        ("Service", {"spec": {"selector": {"app": "hook"}, "ports": [port]}}),
        ("Pod", {"spec": spec}),
    ]
    metadata = {"name": "hook", "labels": {"app": "hook"}}
    gateway.kubectl.apply(
        *({"apiVersion": "v1", "kind": kind, "metadata": metadata, **more} for kind, more in kinds)
    )
    gateway.kubectl.run("wait", "--for=condition=ready", "pod/hook", "--timeout=180s")
    yield Hook(gateway.kubectl)
    gateway.kubectl.run("delete", "pod/hook", "service/hook", "secret/hook")
