"""Versions and sources of the Helm charts. Each number stands here and nowhere else.

Python packages are pinned in requirements.txt, images in hub_values/desktops.yaml and docker/*.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A Helm chart, and where it is installed."""

    name: str
    version: str
    repository: str
    """Where it is published: a repository of Helm's, or a registry (`oci://`)."""
    release: str
    """Name of its release and of its namespace."""
    kubernetes: tuple[int, int]
    """The oldest version of Kubernetes that it takes (`kubeVersion` in its Chart.yaml)."""


# Retired in March 2026: this is the last release, and it gets no fixes (docs/adr/0008-ingress-nginx.md).
INGRESS_NGINX = Chart(
    name="ingress-nginx",
    version="4.15.1",
    repository="https://kubernetes.github.io/ingress-nginx",
    release="ingress-nginx",
    kubernetes=(1, 21),
)

# Traefik 3.7.13. Before version 40 the chart spelled the provider of IngressTraefik's values in another way.
TRAEFIK = Chart(
    name="traefik",
    version="41.6.1",
    repository="https://traefik.github.io/charts",
    release="traefik",
    kubernetes=(1, 25),
)

CERT_MANAGER = Chart(
    name="cert-manager",
    version="v1.21.1",
    repository="https://charts.jetstack.io",
    release="cert-manager",
    kubernetes=(1, 22),
)

# Hub 5.5 and configurable-http-proxy 5: version 4 of the proxy broke under ~300 users' idle WebSockets.
# hub_values/ is written against this version's schema: move both together.
JUPYTERHUB = Chart(
    name="jupyterhub",
    version="4.4.0",
    repository="https://hub.jupyter.org/helm-chart/",
    release="jhub",
    kubernetes=(1, 28),
)

# Without its operator and CRDs: docs/adr/0014-monitoring.md says why.
PROMETHEUS = Chart(
    name="prometheus",
    version="28.10.0",
    repository="https://prometheus-community.github.io/helm-charts",
    release="prometheus",
    kubernetes=(1, 19),
)

# Grafana Labs gave the chart to the community in January 2026; grafana.github.io has no newer ones.
GRAFANA = Chart(
    name="grafana",
    version="11.1.7",
    repository="https://grafana-community.github.io/helm-charts",
    release="grafana",
    kubernetes=(1, 25),
)

# 2i2c's. An NFS server in the cluster, and a quota for each folder.
HOME_NFS = Chart(
    name="jupyterhub-home-nfs",
    version="1.2.0",
    repository="oci://ghcr.io/2i2c-org/jupyterhub-home-nfs",
    release="home-nfs",
    kubernetes=(1, 21),
)

HUB_IMAGE = f"quay.io/jupyterhub/k8s-hub:{JUPYTERHUB.version}"
"""The hub's own image, which the core's nodes have. It has Python and `requests`."""
PAUSE = "registry.k8s.io/pause:3.10"
"""What does nothing, in a pod that keeps a seat. The nodes have it already, or one like it."""

CHARTS = (INGRESS_NGINX, TRAEFIK, CERT_MANAGER, JUPYTERHUB, PROMETHEUS, GRAFANA, HOME_NFS)
"""All of them, in the order of this file."""
INGRESSES = {"nginx": INGRESS_NGINX, "traefik": TRAEFIK}
"""The ingress controllers' charts by the value of `gateway:ingress`."""


def needed(ingress: str, *, monitoring: bool, files: bool = False) -> tuple[Chart, ...]:
    """The charts of a gateway with this value of `gateway:ingress`. files: whether it has a file server."""
    more = [*((PROMETHEUS, GRAFANA) if monitoring else ()), *((HOME_NFS,) if files else ())]
    return INGRESSES[ingress], CERT_MANAGER, JUPYTERHUB, *more
