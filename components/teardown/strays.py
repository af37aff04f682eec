"""What a cluster or a load balancer left that does not say which gateway it belonged to.

Only what was not there before the gateway counts as the gateway's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from openstack.connection import Connection

from components.teardown.left import Left

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
CREDENTIAL = re.compile(rf"magnum-({UUID})(?:-[0-9a-f]{{8}})?")
"""The application credential that Magnum's driver makes for a cluster; since 1.4 with a random end."""
OWNER = re.compile(rf"Magnum cluster \((?!{UUID}\))(.+)\)")
"""Its description, which has the cluster's name since 1.4, and had the UUID before."""
VIP_PORT = re.compile(rf"(?:octavia-lb|ovn-lb-vip)-({UUID})")
"""The port of a load balancer's address, as Octavia and its OVN provider call it."""


def strays(cloud: Connection, gateway: str) -> Iterator[tuple[str, Left]]:
    """Id and description of each credential whose cluster is gone, and of each port whose load balancer is.

    What says that another gateway's cluster had it is left out.
    """
    yield from _credentials(cloud, gateway)
    yield from _ports(cloud)


def _credentials(cloud: Connection, gateway: str) -> Iterator[tuple[str, Left]]:
    clusters = {cluster.uuid for cluster in cloud.container_infrastructure_management.clusters()}
    identity: Any = cloud.identity  # of version 3, as application credentials are
    for credential in identity.application_credentials(user=cloud.current_user_id):
        made, named = CREDENTIAL.fullmatch(credential.name), OWNER.fullmatch(credential.description or "")
        ours = credential.project_id in (cloud.current_project_id, None)
        if ours and made and made[1] not in clusters and (named is None or named[1] == gateway):
            remove = f"openstack application credential delete {credential.id}"
            yield credential.id, Left(kind="application credential", name=credential.name, remove=remove)


def _ports(cloud: Connection) -> Iterator[tuple[str, Left]]:
    named = [(port, VIP_PORT.fullmatch(port.name or "")) for port in cloud.network.ports()]
    ports = [(port, found[1]) for port, found in named if found]
    balancers = {balancer.id for balancer in cloud.load_balancer.load_balancers()} if ports else set()
    for port, balancer in ports:
        if balancer not in balancers:
            yield port.id, Left(kind="port", name=port.name, remove=f"openstack port delete {port.id}")
