"""The ingress controllers to choose from, by the value of `gateway:ingress`."""

from __future__ import annotations

from components.edge.ingress_nginx import IngressNginx
from components.edge.ingress_traefik import IngressTraefik

INGRESSES: dict[str, type[IngressNginx] | type[IngressTraefik]] = {
    "nginx": IngressNginx,
    "traefik": IngressTraefik,
}
