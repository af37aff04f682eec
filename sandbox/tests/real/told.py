"""Who is told of alerts of a gateway on real nodes, and what makes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from components.charts.versions import JUPYTERHUB
from sandbox.tests.magnum import Kubectl
from sandbox.tests.real.pods import GROUP
from sandbox.tests.real.watched import Watched

HOOK = "hook.default.svc"
"""The host of the webhook, a pod."""
UNRENEWED = {
    "apiVersion": "cert-manager.io/v1",
    "kind": "Certificate",
    "metadata": {"name": "due", "namespace": "default"},
    "spec": {"secretName": "due", "dnsNames": ["due.test"], "issuerRef": {"name": "gone", "kind": "Issuer"}},
}
"""A certificate of which there is a Secret, and no issuer that could renew it."""
NO_MORE_PODS = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "closed", "namespace": JUPYTERHUB.release},
    "spec": {"hard": {"pods": "0"}},
}
"""With it a start fails at once."""
FILL = """
import os, sys
free = os.statvfs(os.path.dirname(sys.argv[1]))
place = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)
os.posix_fallocate(place, 0, int(0.95 * free.f_bavail * free.f_frsize))
"""
"""Leaves a twentieth of what is free on the disk of a file."""
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


@dataclass(frozen=True)
class Hook:
    """Where Alertmanager posts to: a pod that writes down what comes."""

    kubectl: Kubectl

    def summaries(self, alert: str, status: str = "firing") -> list[str]:
        """What it was told of an alert that begins, or that is `resolved`, in order."""
        # What it says of connections that broke is no JSON.
        lines = [line for line in self.kubectl.run("logs", "hook").splitlines() if line.startswith("{")]
        sent = [one for line in lines for one in json.loads(line)["alerts"] if one["status"] == status]
        return [one["annotations"]["summary"] for one in sent if one["labels"]["alertname"] == alert]


@contextmanager
def hook(gateway: Watched) -> Iterator[Hook]:
    """It, with a certificate that Alertmanager's image trusts."""
    container = {
        "name": "hook",
        "image": gateway.image,
        "command": ["python3", "-c", _TAKE],
        "readinessProbe": {"tcpSocket": {"port": 8443}, "periodSeconds": 1},
        "volumeMounts": [{"name": "keys", "mountPath": "/keys"}],
    }
    spec = {
        "terminationGracePeriodSeconds": 0,
        # Where the image is already.
        "nodeSelector": {GROUP: "mediums"},
        "volumes": [{"name": "keys", "secret": {"secretName": "hook"}}],
        "containers": [container],
    }
    port = {"port": 443, "targetPort": 8443}
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("Service", {"spec": {"selector": {"app": "hook"}, "ports": [port]}}),
        ("Pod", {"spec": spec}),
    ]
    metadata = {"name": "hook", "labels": {"app": "hook"}}
    gateway.kubectl.apply(
        gateway.key_pair("hook", HOOK, days=30),
        *({"apiVersion": "v1", "kind": kind, "metadata": metadata, **more} for kind, more in kinds),
    )
    gateway.kubectl.run("wait", "--for=condition=ready", "pod/hook", "--timeout=180s")
    yield Hook(gateway.kubectl)
    gateway.kubectl.run("delete", "pod/hook", "service/hook", "secret/hook")
