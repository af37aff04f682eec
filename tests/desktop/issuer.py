"""A provider of OpenID Connect in the gateway's cluster, at a host of its own behind the same ingress."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.clusters import pki
from sandbox.tests.magnum import Kubectl, eventually
from tests.desktop.gateway import ROOT, Gateway
from tests.desktop.pod import NAMESPACE

HOST = "id.our-lab.test"
NAME = "issuer"
PACKAGE = re.compile(r"^oidc-provider-mock==.*", re.MULTILINE)
"""As tests/requirements.txt pins it."""
PORT = 8080
_SITE = "/tmp/site"
_WHEELS = ("--python-version=3.11", "--platform=manylinux2014_x86_64", "--only-binary=:all:")
"""Of the hub's image, in which it runs."""
_SERVER = f"""
from oidc_provider_mock import app
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.serving import run_simple
run_simple("0.0.0.0", {PORT}, ProxyFix(app(), x_host=1), threaded=True)
"""
_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@contextmanager
def issuer(running: Gateway, folder: Path) -> Iterator[str]:
    """Its URL. Whoever types a name there is that user. Who trusts `folder`/ca.crt trusts its certificate."""
    kubectl = Kubectl(running.stack.kubeconfig, running.stack.env)
    ca = pki.new_ca("Our Lab")
    ca.write(folder / "ca")
    pki.issue(ca, HOST, hosts=[HOST]).write(folder / "server")
    pair = (f"--cert={folder / 'server.crt'}", f"--key={folder / 'server.key'}")
    try:
        kubectl.run("create", "secret", "tls", NAME, *pair)
        _made(kubectl)
        _started(kubectl, folder / "site")
        yield f"https://{HOST}"
    finally:
        made = (f"{kind}/{NAME}" for kind in ("ingress", "service", "pod", "secret"))
        kubectl.run("delete", "--ignore-not-found", *made)


def have_trusted(running: Gateway, folder: Path) -> None:
    """Have the hub find the issuer, and trust it, as on the internet it would by itself."""
    kubectl = Kubectl(running.stack.kubeconfig, running.stack.env)
    known = kubectl.run("exec", "deployment/hub", "-n", NAMESPACE, "--", "cat", _BUNDLE)
    bundle = {"bundle": known + (folder / "ca.crt").read_text(encoding="utf-8")}
    metadata = {"name": NAME, "namespace": NAMESPACE}
    kubectl.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": bundle})
    hub = {
        "name": "hub",
        "env": [{"name": "SSL_CERT_FILE", "value": _BUNDLE}],  # for Python; curl reads the file anyway
        "volumeMounts": [{"name": NAME, "mountPath": _BUNDLE, "subPath": "bundle"}],
    }
    pod = {
        "containers": [hub],
        "volumes": [{"name": NAME, "configMap": {"name": NAME}}],
        "hostAliases": [{"ip": running.stack.outputs()["ingress_ip"], "hostnames": [HOST]}],
    }
    patch = json.dumps({"spec": {"template": {"spec": pod}}})
    kubectl.run("patch", "deployment/hub", "-n", NAMESPACE, "--patch", patch)
    kubectl.run("rollout", "status", "deployment/hub", "-n", NAMESPACE, "--timeout=180s")


def _made(kubectl: Kubectl) -> None:
    """Its pod, with the image of the hub, its Service and its Ingress."""
    [hub] = kubectl.get("deployment", "hub", "-n", NAMESPACE)["spec"]["template"]["spec"]["containers"]
    wait = (
        f"until [ -e {_SITE}/complete ]; do sleep 0.2; done; PYTHONPATH={_SITE} exec python3 -c '{_SERVER}'"
    )
    container = {"name": NAME, "image": hub["image"], "command": ["sh", "-c", wait]}
    backend = {"service": {"name": NAME, "port": {"number": PORT}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    labels = {"app": NAME}
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": NAME, "labels": labels},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": NAME},
            "spec": {"selector": labels, "ports": [{"port": PORT}]},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": NAME},
            "spec": {
                "ingressClassName": "nginx",
                "rules": [{"host": HOST, "http": {"paths": [path]}}],
                "tls": [{"hosts": [HOST], "secretName": NAME}],
            },
        },
    )


def _started(kubectl: Kubectl, folder: Path) -> None:
    """The server, with its packages from PyPI, once its Ingress has an address."""
    [pinned] = PACKAGE.findall((ROOT / "tests" / "requirements.txt").read_text(encoding="utf-8"))
    install = ["python3", "-m", "pip", "install", "--quiet", "--target", folder, *_WHEELS, pinned]
    subprocess.run(install, check=True)
    kubectl.run("wait", "--for=condition=ready", f"pod/{NAME}", "--timeout=120s")
    (folder / "complete").touch()
    packed = subprocess.Popen(["tar", "--create", "--directory", folder, "."], stdout=subprocess.PIPE)
    unpack = f"mkdir {_SITE} && tar --extract --directory {_SITE}"
    command = ["kubectl", "--kubeconfig", str(kubectl.kubeconfig), "exec", "--stdin", NAME]
    subprocess.run([*command, "--", "sh", "-c", unpack], env=kubectl.env, stdin=packed.stdout, check=True)
    assert packed.wait() == 0
    eventually(lambda: kubectl.get("ingress", NAME)["status"]["loadBalancer"])
