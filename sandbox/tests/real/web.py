"""The way into a cluster with real nodes: its charts, and a client at a floating address."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from sandbox import layout
from sandbox.layout import ROOT
from sandbox.tests.magnum import Kubectl, eventually

TIMEOUT_S = 20
_WHERE = (
    "import sys; from sandbox.clusters.nodes.floating import on_loopback;"
    "print(*on_loopback(sys.argv[1], int(sys.argv[2])) or ())"
)
_IMAGES = (
    "from sandbox import containers; from sandbox.containers import edge;"
    "edge.ensure(containers.start_engine(print), print)"
)


def have_images(env: dict[str, str]) -> None:
    """Have the images of the ingress and of cert-manager in the sandbox's registry."""
    subprocess.run([sys.executable, "-c", _IMAGES], cwd=ROOT, env=env, check=True)


def helm(kubectl: Kubectl, chart: str, values: dict[str, Any], *words: str) -> str:
    """Run `helm …` with one of the sandbox's charts; what it says against it, empty where it is done."""
    where = ["--namespace", chart, "--values", "-"]
    command = [str(layout.BIN / "helm"), *words, chart, str(ROOT / "sandbox" / "charts" / chart), *where]
    env = {**kubectl.env, "KUBECONFIG": str(kubectl.kubeconfig)}
    done = subprocess.run(
        command, env=env, input=json.dumps(values), text=True, capture_output=True, check=False
    )
    return done.stderr if done.returncode else ""


def install(kubectl: Kubectl, chart: str, values: dict[str, Any]) -> None:
    """Install one of the sandbox's charts as the program does, and wait until its pods are ready."""
    if said := helm(kubectl, chart, values, "install", "--create-namespace", "--wait", "--timeout=120s"):
        raise AssertionError(said + kubectl.run("describe", "pods", "--namespace", chart))


def address(kubectl: Kubectl) -> str:
    """The floating address of the ingress, once it has one."""

    def look() -> str | None:
        service = kubectl.get("service", "-n", "ingress-nginx", "ingress-nginx-controller")
        found = service["status"]["loadBalancer"].get("ingress", [])
        return found[0]["ip"] if found else None

    return str(eventually(look))


@dataclass(frozen=True)
class Site:
    """A host behind a floating address."""

    host: str
    address: str
    env: dict[str, str]

    def connect(self, port: int = 443, trust: ssl.SSLContext | None = None) -> socket.socket:
        """A connection to a port of the floating address; with `trust`, a TLS one to the host."""
        where = eventually(lambda: self._where(port))
        plain = socket.create_connection((where[0], int(where[1])), timeout=TIMEOUT_S)
        return trust.wrap_socket(plain, server_hostname=self.host) if trust else plain

    def _where(self, port: int) -> list[str]:
        question = [sys.executable, "-c", _WHERE, self.address, str(port)]
        return subprocess.check_output(question, cwd=ROOT, env=self.env, text=True).split()

    def ask(
        self, path: str = "/", *, port: int = 443, trust: ssl.SSLContext | None = None, **headers: str
    ) -> HTTPResponse:
        """What a GET is answered."""
        connection = HTTPConnection(self.host)
        connection.sock = self.connect(port, trust)
        connection.request("GET", path, headers={**headers})
        return connection.getresponse()
