"""The way into a cluster with real nodes: its charts, and a client at a floating address."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from types import MappingProxyType
from typing import Any

from sandbox import layout
from sandbox.tests import charts
from sandbox.tests.fixtures import run_code
from sandbox.tests.magnum import Kubectl, eventually

TIMEOUT_S = 20
_WHERE = (
    "import json, sys; from sandbox.clusters.nodes.floating import on_loopback;"
    "print(json.dumps(on_loopback(sys.argv[1], int(sys.argv[2]))))"
)
_IMAGES = (
    "from sandbox import containers; from sandbox.containers import edge;"
    "edge.ensure(containers.start_engine(print), print)"
)


def have_images(env: dict[str, str]) -> None:
    """Have the images of the ingress and of cert-manager in the sandbox's registry."""
    run_code(env, _IMAGES)


def helm(kubectl: Kubectl, chart: str, values: dict[str, Any], *words: str) -> str:
    """Run `helm …` with one of the sandbox's charts; what it says against it, empty where it is done."""
    where = ["--namespace", chart, "--kubeconfig", str(kubectl.kubeconfig)]
    done = charts.helm(*words, chart, str(layout.CHARTS / chart), *where, values=values)
    return done.stderr if done.returncode else ""


def install(kubectl: Kubectl, chart: str, values: dict[str, Any]) -> None:
    """Install one of the sandbox's charts as the program does, and wait until its pods are ready."""
    if said := helm(kubectl, chart, values, "install", "--create-namespace", "--wait", "--timeout=120s"):
        raise AssertionError(said + kubectl.run("describe", "pods", "--namespace", chart))


def uninstall(kubectl: Kubectl, chart: str) -> None:
    """Remove all that `install` made; load balancers are gone afterwards."""
    where = ["--namespace", chart, "--kubeconfig", str(kubectl.kubeconfig)]
    done = charts.helm("uninstall", chart, *where)
    assert done.returncode == 0, done.stderr
    kubectl.run("delete", "namespace", chart)


def on_loopback(env: dict[str, str], address: str, port: int) -> tuple[str, int] | None:
    """Where the sandbox of `env` has a floating address on this machine."""
    found = json.loads(run_code(env, _WHERE, address, str(port)))
    return (found[0], found[1]) if found else None


@dataclass(frozen=True)
class Site:
    """A host behind a floating address."""

    host: str
    address: str
    env: dict[str, str]

    def connect(self, port: int = 443, trust: ssl.SSLContext | None = None) -> socket.socket:
        """A connection to a port of the floating address; with `trust`, a TLS one to the host."""
        where = eventually(lambda: on_loopback(self.env, self.address, port))
        assert where
        plain = socket.create_connection(where, timeout=TIMEOUT_S)
        return trust.wrap_socket(plain, server_hostname=self.host) if trust else plain

    def ask(
        self,
        path: str = "/",
        *,
        port: int = 443,
        trust: ssl.SSLContext | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> HTTPResponse:
        """What a GET is answered."""
        connection = HTTPConnection(self.host)
        connection.sock = self.connect(port, trust)
        connection.request("GET", path, headers={**headers})
        return connection.getresponse()
