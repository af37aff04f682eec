"""Fills a new cloud through its own APIs: Magnum's cluster templates and the project's DNS zone.

Can be run again: what exists is left alone.
"""

from __future__ import annotations

from openstack.config import OpenStackConfig
from openstack.connection import Connection

from sandbox import layout
from sandbox.cloud import settings


def _connect(cloud: str) -> Connection:
    loader = OpenStackConfig(config_files=[str(layout.CLOUDS_YAML)], load_envvars=False)
    return Connection(config=loader.get_one(cloud=cloud))


def _create_templates(admin: Connection) -> None:
    magnum = admin.container_infrastructure_management
    known = {template.name for template in magnum.cluster_templates()}
    for name, template in settings.CATALOGUE["templates"].items():
        if name in known:
            continue
        magnum.create_cluster_template(
            name=name,
            image_id=template["image"],
            coe="kubernetes",
            server_type="vm",
            external_network_id="public",
            flavor_id="m3.quad",
            master_flavor_id="m3.quad",
            network_driver="calico",
            floating_ip_enabled=True,
            master_lb_enabled=True,
            is_public=True,
            labels={"kube_tag": template["kube_tag"], **template.get("labels", {})},
        )


def _create_zone(gateway: Connection) -> None:
    if not list(gateway.dns.zones(name=settings.ZONE)):
        gateway.dns.create_zone(name=settings.ZONE, email=f"hostmaster@{settings.DOMAIN}", ttl=3600)


def main() -> None:
    """Fill the cloud that `clouds.yaml` names."""
    _create_templates(_connect("sandbox-admin"))
    _create_zone(_connect("sandbox"))


if __name__ == "__main__":
    main()
