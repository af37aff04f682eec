"""The images of the charts of ingress-nginx and cert-manager for real nodes, under their real names."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml

from sandbox import layout
from sandbox.clusters import pki
from sandbox.clusters.nodes.host import EDGE
from sandbox.containers import mirror
from sandbox.containers.engine import Engine
from sandbox.tools import nodes, programs
from sandbox.tools.golang import module_folder

CERT_MANAGER_PARTS = ("controller", "webhook", "cainjector", "acmesolver", "startupapicheck")
TRUST = "etc/ssl/certs/ca-certificates.crt"
"""Where Go's programs look for the authorities that they trust."""
_USER = "1000:1000"
"""As in the real images: the pods ask for a user that is not root, by number."""


def ensure(engine: Engine, say: Callable[[str], object]) -> None:
    """Make each unless the registry has it; `engine` has its base. Raises ContainersError."""
    ingress = f"registry.k8s.io/ingress-nginx/controller:v{_version('ingress-nginx')}"
    if not mirror.has(ingress):
        say(f"Image {ingress}: building")
        _build_ingress(engine, ingress)
    push_cert_manager(say)


def push_cert_manager(say: Callable[[str], object]) -> None:
    """Put cert-manager's images into the registry, which runs; they trust the ACME server of this sandbox."""
    trust = {TRUST: pki.sandbox_ca().certificate}
    with tempfile.TemporaryDirectory() as folder:
        for part in CERT_MANAGER_PARTS:
            reference = f"quay.io/jetstack/cert-manager-{part}:{_version('cert-manager')}"
            if not mirror.has(reference):
                say(f"Image {reference}: packing")
                # The program is told by its name which part it is.
                program = Path(folder, f"cert-manager-{part}")
                program.symlink_to(EDGE / "cert-manager")
                mirror.push_program(reference, program, files=trust, user=_USER)


def _build_ingress(engine: Engine, reference: str) -> None:
    root = module_folder(programs.EDGE, nodes.INGRESS_MODULE) / "rootfs" / "etc"
    with tempfile.TemporaryDirectory() as context:
        shutil.copytree(layout.IMAGES / "ingress-nginx", context, dirs_exist_ok=True)
        shutil.copytree(root, Path(context, "etc"), ignore=shutil.ignore_patterns("test"))
        for built, program in {"nginx": "nginx-ingress-controller", "waitshutdown": "wait-shutdown"}.items():
            shutil.copy(EDGE / built, Path(context, program))
        mirror.build(engine, reference, Path(context))


def _version(chart: str) -> str:
    about = yaml.safe_load((layout.CHARTS / chart / "Chart.yaml").read_text(encoding="utf-8"))
    return str(about["appVersion"])
