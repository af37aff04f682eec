"""The ingress controllers on real nodes, as the program installs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from components.charts.versions import INGRESS_NGINX, TRAEFIK
from components.edge import ingress_nginx, ingress_traefik
from sandbox.tests.clusters import objects
from sandbox.tests.fixtures import run_code
from sandbox.tests.magnum import Kubectl
from sandbox.tests.real import web

_TRAEFIK = "from sandbox.containers import traefik; traefik.ensure(print)"


@dataclass(frozen=True)
class Kind:
    """A value of `gateway:ingress`."""

    chart: str
    service: str
    values: Callable[[str], dict[str, Any]]

    def have_images(self, env: dict[str, str]) -> None:
        """Have its image in the sandbox's registry."""
        if self is KINDS["traefik"]:
            run_code(env, _TRAEFIK)
        else:
            web.have_images(env)

    def install(self, kubectl: Kubectl, env: dict[str, str], address: str = "") -> None:
        """Install its chart with the program's values; without an address, at one of the cloud's choice."""
        self.have_images(env)
        web.install(kubectl, self.chart, self.values(address))

    def remove(self, kubectl: Kubectl) -> None:
        """Uninstall it; its load balancer is gone afterwards."""
        web.uninstall(kubectl, self.chart)

    def address(self, kubectl: Kubectl) -> str:
        """Its floating address, once it has one."""
        return objects.address(kubectl, self.chart, self.service)


KINDS = {
    "nginx": Kind(INGRESS_NGINX.name, "ingress-nginx-controller", ingress_nginx.values),
    "traefik": Kind(TRAEFIK.name, "traefik", ingress_traefik.values),
}
