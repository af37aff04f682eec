"""The ACME server of a cluster with real nodes: at Let's Encrypt's names, for cert-manager in its pods.

It runs in the control plane's network namespace, on the address that nodes know. It looks for a challenge as
Let's Encrypt does: by the name in the project's zone, at the floating address that this name has.
"""

from __future__ import annotations

from pathlib import Path

from sandbox import layout
from sandbox.clusters import pki
from sandbox.clusters.nodes.host import EDGE
from sandbox.clusters.nodes.network import Network

HOSTS = ("acme-v02.api.letsencrypt.org", "acme-staging-v02.api.letsencrypt.org")
ROOTS = layout.RUN / "acme-roots.pem"
"""What a browser has to trust: the root of each server that has run in this sandbox."""


def prepare(folder: Path) -> None:
    """Write the server's certificate into `folder`; cert-manager's images trust who signs it."""
    pki.issue(pki.sandbox_ca(), HOSTS[0], hosts=HOSTS).write(folder / "acme")


def command(network: Network, folder: Path) -> list[str | Path]:
    """What it is started with in `network`, once `folder` is prepared."""
    return [
        EDGE / "acme-server",
        f"--listen={network.gateway}:443",
        f"--cert={folder / 'acme.crt'}",
        f"--key={folder / 'acme.key'}",
        f"--resolver={network.gateway}:{layout.port('bind')}",
        f"--roots={ROOTS}",
        f"--accounts={folder / 'acme-accounts.json'}",
    ]
