"""`make restore STACK=NAME`: the snapshots of users' homes. With FOR, perhaps SNAPSHOT: a home as it was."""

from __future__ import annotations

import subprocess
import sys

import pulumi
from keystoneauth1.exceptions import ClientException
from kubernetes import client
from openstack.exceptions import SDKException
from urllib3.exceptions import HTTPError

from components.backup.restore import choose, copies, restore
from components.charts.versions import JUPYTERHUB
from components.cloud.survey import reach, this_owner
from components.cluster.access import client_of
from components.cluster.kubeconfig import sign
from components.homes.place import HomesError, Place
from components.settings.load import load
from components.stack import read


def place_of(stack: str) -> tuple[Place, str]:
    """Where the homes of a stack's gateway are, and their storage class.

    Raises CalledProcessError, RunError, HomesError and the errors of the cloud's client.
    """
    read(stack)
    settings, cloud = load().usable()
    connection, owner = reach(cloud), this_owner(settings)
    magnum = connection.container_infrastructure_management
    for cluster in magnum.clusters():
        if cluster.name == settings.name:
            found = magnum.get(f"/clusters/{cluster.uuid}").json()
            api = client.CoreV1Api(client_of(sign(magnum, found)))
            place = Place(owner=owner, namespace=JUPYTERHUB.release, cloud=connection, api=api)
            return place, settings.hub.storage.class_
    raise HomesError(f"gateway {settings.name} has no cluster; `pulumi up` makes one")


def main(words: list[str]) -> int:
    """List the snapshots of the stack that `words` names, or restore a home of it; the exit code."""
    stack, user, snapshot = ([*words, "", "", ""])[:3]
    if not stack:
        print("name the stack: make restore STACK=NAME [FOR=USER [SNAPSHOT=ID]]", file=sys.stderr)
        return 2
    try:
        place, storage_class = place_of(stack)
        found = copies(place)
        if user:
            restore(place, choose(found, user, snapshot), storage_class)
            return 0
        for copy in found:
            print(f"{copy.id}  {copy.taken}  {copy.gib:>4} GiB  {copy.status:<9}  {copy.user}")
    except subprocess.CalledProcessError as error:
        print(error.stderr.strip(), file=sys.stderr)
        return 2
    except (
        HomesError,
        pulumi.RunError,
        SDKException,
        ClientException,
        client.ApiException,
        HTTPError,
    ) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
