"""The cloud as one cluster sees it: a connection by the cluster's own application credential."""

from __future__ import annotations

import openstack
from openstack.connection import Connection

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


def delete_servers(connection: Connection, cluster: Cluster) -> int:
    """Delete the servers of `cluster` and return how many there were.

    Load balancers, floating IPs and the volumes of claims stay.
    """
    mine = [
        server
        for server in connection.compute.servers(details=True)
        if server.metadata.get(CLUSTER_KEY) == cluster.uuid
    ]
    for server in mine:
        connection.compute.delete_server(server, ignore_missing=True)
    return len(mine)
