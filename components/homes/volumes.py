"""Keep the users' homes when their cluster goes (`keep`), and give them to the next one (`take-back`).

`grow` enlarges homes that are smaller than SIZE_GIB, and so does `take-back`.

Environment: GATEWAY, STACK, CLUSTER_ID, NAMESPACE, STORAGE_CLASS, SIZE_GIB, and the cloud's
(components/cloud/connection.py). Standard input: the kubeconfig. `take-back` prints the cluster's name in the
volumes' metadata, `grow` prints it again, and `keep` finds it in PULUMI_COMMAND_STDOUT. Exit 1: a home could
not be kept, given back or enlarged.
"""

from __future__ import annotations

import os
import sys

from keystoneauth1.exceptions import ClientException
from kubernetes import client
from openstack.exceptions import SDKException
from urllib3.exceptions import HTTPError

from components.cloud.connection import from_environment
from components.cloud.ownership import Owner
from components.cluster.access import client_of
from components.homes.grow import grow
from components.homes.keep import keep_homes
from components.homes.place import HomesError, Place, say
from components.homes.take_back import take_back


def main(words: list[str]) -> int:
    """Run the task; the exit code."""
    cluster_id = os.environ["CLUSTER_ID"]
    try:
        place = Place(
            owner=Owner(os.environ["GATEWAY"], os.environ.get("STACK", "")),
            namespace=os.environ["NAMESPACE"],
            cloud=from_environment(),
            api=client.CoreV1Api(client_of(sys.stdin.read())),
        )
        if words == ["keep"]:
            keep_homes(place, cluster_id)
            return 0
        if words == ["take-back"]:
            take_back(place, os.environ["STORAGE_CLASS"])
            magnum = place.cloud.container_infrastructure_management
            known = magnum.get_cluster(cluster_id).stack_id
        else:
            known = os.environ["PULUMI_COMMAND_STDOUT"]
        grow(place, int(os.environ["SIZE_GIB"]))
        print(known, end="")
    except (HomesError, SDKException, ClientException, client.ApiException, HTTPError) as error:
        say(f"homes: {error}")
        return 1
    return 0
