"""Traefik for real nodes, for a gateway whose `gateway:ingress` is traefik.

`python -m sandbox.containers.traefik` builds it, and puts its image into the registry of the sandbox that
runs. It takes some 3 minutes on 2 cores for the first time, so no sandbox with another ingress waits for it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import yaml

from sandbox import layout
from sandbox.clusters.nodes.host import EDGE
from sandbox.containers import mirror
from sandbox.tools import steps
from sandbox.tools.golang import GoPrograms, module_folder, module_version
from sandbox.tools.programs import EDGE as ANOTHER_MODULE
from sandbox.tools.steps import Report

MODULE = layout.IMAGES / "traefik"
"""Pins the versions; what is not served as a Go module has a stand-in there that refuses what it is asked."""
TRAEFIK = "github.com/traefik/traefik/v3"
LEGO = "github.com/go-acme/lego/v5"
"""Traefik's ACME client. Its DNS providers, 150 further modules, are left out: cert-manager is the client."""
USER = "65532:65532"


class Traefik(GoPrograms):
    """The genuine Traefik."""

    def __init__(self) -> None:
        version = module_version(MODULE, TRAEFIK)
        super().__init__(
            "Traefik",
            f"building Traefik {version}, some 3 minutes on 2 cores",
            layout.CACHE / "traefik",
            [f"{TRAEFIK}/cmd/traefik"],
            sources=[MODULE],
            variables={f"{TRAEFIK}/pkg/version.Version": version},
            folder=EDGE,
        )

    def run(self, report: Report) -> None:
        """Lay the module out with a copy of the ACME client, and build."""
        # From where this version is no replacement.
        source = module_folder(ANOTHER_MODULE, f"{LEGO}@v{module_version(MODULE, LEGO)}")
        shutil.rmtree(self.module, ignore_errors=True)
        shutil.copytree(MODULE, self.module)
        copy = self.module / "lego"
        shutil.copytree(source, copy, dirs_exist_ok=True)
        shutil.rmtree(copy / "providers" / "dns")
        (copy / "providers" / "dns").mkdir()
        (copy / "dns.go").rename(copy / "providers" / "dns" / "dns.go")
        super().run(report)


def ensure(say: Callable[[str], object]) -> None:
    """Have its image in the registry, which runs. Raises ToolchainError."""
    about = yaml.safe_load((layout.CHARTS / "traefik" / "Chart.yaml").read_text(encoding="utf-8"))
    # Containerd's full name of docker.io/traefik.
    reference = f"docker.io/library/traefik:{about['appVersion']}"
    if not mirror.has(reference):
        steps.ensure([[Traefik()]])
        say(f"Image {reference}: packing")
        mirror.push_program(reference, Path(EDGE, "traefik"), user=USER)


if __name__ == "__main__":
    ensure(print)
