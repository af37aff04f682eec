"""The cluster's servers as the cloud has them."""

from __future__ import annotations

from typing import Any

from openstack.connection import Connection

from sandbox.clusters import cloud, spec
from sandbox.clusters.controller.workers.nodes import Machine


def machines(connection: Connection, uuid: str) -> dict[str, Machine]:
    """The machines of the cluster `uuid` by name."""
    found = {}
    for server in connection.compute.servers(details=True):
        if server.metadata.get(cloud.CLUSTER_KEY) == uuid:
            found[server.name] = Machine(
                name=server.name,
                group=server.metadata[cloud.GROUP_KEY],
                server_id=server.id,
                address=address(server),
                ready_at=float(server.metadata[cloud.READY_KEY]),
            )
    return found


def address(server: Any) -> str:
    """The server's own address; empty where it has none."""
    return next((one["addr"] for ips in server.addresses.values() for one in ips), "")


def disk(cluster: spec.Cluster, image: str) -> dict[str, Any]:
    """What a new server of `cluster` starts from: a volume made of `image`, or `image` itself."""
    if not cluster.boot_volume_gib:
        return {"image_id": image}
    volume = {
        "boot_index": 0,
        "source_type": "image",
        "destination_type": "volume",
        "uuid": image,
        "volume_size": cluster.boot_volume_gib,
        "delete_on_termination": True,
    }
    return {"block_device_mapping": [volume]}
