"""The cloud as one cluster sees it: a connection by the cluster's own application credential."""

from __future__ import annotations

from typing import Any

import openstack
from openstack.connection import Connection
from openstack.exceptions import HttpException

from sandbox import layout
from sandbox.clusters.spec import Cluster, Credential

REGION = "IU"
CLUSTER_KEY = "cluster"
"""Metadata of a server: the UUID of its cluster; GROUP_KEY: of its node group; READY_KEY: when it joins."""
GROUP_KEY = "node-group"
READY_KEY = "ready-at"


def connect(credential: Credential) -> Connection:
    """A connection to the sandbox's cloud; nothing is asked of it yet."""
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        region_name=REGION,
        auth_type="v3applicationcredential",
        auth={
            "auth_url": f"http://127.0.0.1:{layout.port('keystone')}/v3",
            "application_credential_id": credential.id,
            "application_credential_secret": credential.secret,
        },
    )


def create_machine(
    connection: Connection, cluster: Cluster, name: str, *, control_plane: bool, **server: Any
) -> Any:
    """A server with a port and a security group as cluster-api-provider-openstack makes and names them.

    HttpException where the cloud refuses the server; its port is gone then.
    """
    which = "controlplane" if control_plane else "worker"
    # Magnum's namespace of the project, and the cluster's name.
    called = f"k8s-cluster-magnum-{cluster.project_id}-{cluster.stack_id}-secgroup-{which}"
    network = connection.network
    group = next(network.security_groups(name=called), None) or network.create_security_group(name=called)
    inside = network.find_network(cluster.network, ignore_missing=False)
    port = network.create_port(name=f"{name}-0", network_id=inside.id, security_groups=[group.id])
    try:
        made = connection.compute.create_server(name=name, networks=[{"port": port.id}], **server)
    except HttpException:
        network.delete_port(port, ignore_missing=True)
        raise
    return connection.compute.get_server(made.id)


def delete_machine(connection: Connection, name: str, server: str) -> None:
    """Delete a machine's server, then the port that it was given."""
    connection.compute.delete_server(server, ignore_missing=True)
    for port in connection.network.ports(name=f"{name}-0"):
        connection.network.delete_port(port, ignore_missing=True)


def delete_servers(connection: Connection, cluster: Cluster) -> int:
    """Delete the servers of `cluster`, with their ports and security groups; return how many there were.

    Load balancers, floating IPs and the volumes of claims stay.
    """
    mine = [
        server
        for server in connection.compute.servers(details=True)
        if server.metadata.get(CLUSTER_KEY) == cluster.uuid
    ]
    for server in mine:
        delete_machine(connection, server.name, server.id)
    for group in connection.network.security_groups():
        if f"-{cluster.stack_id}-secgroup-" in group.name:
            connection.network.delete_security_group(group, ignore_missing=True)
    return len(mine)
