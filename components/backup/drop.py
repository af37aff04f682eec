"""`drop`: delete all snapshots of the gateway's homes, since Cinder deletes no volume that has one.

Environment: GATEWAY and the cloud's (components/cloud/connection.py). What can't be deleted yet, because a
restored home is still a clone of it, is left to the audit. Exit 1: the cloud does not answer.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import SDKException
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from components.cloud.connection import from_environment
from components.cloud.ownership import marked

POLL_SECONDS = 1
PATIENCE_SECONDS = 300
"""How long Cinder may take."""


def snapshots_of(cloud: Connection, gateway: str) -> list[Any]:
    """The snapshots of the gateway's homes, oldest first."""
    found = cloud.block_storage.snapshots(details=True)
    ours = [one for one in found if (owner := marked(one.metadata)) and owner.gateway == gateway]
    return sorted(ours, key=lambda one: str(one.created_at))


def drop(cloud: Connection, gateway: str) -> list[str]:
    """Delete them; the ids of those that stay. Raises openstacksdk's errors."""
    asked = [snapshot.id for snapshot in snapshots_of(cloud, gateway)]
    for key in asked:
        cloud.block_storage.delete_snapshot(key, ignore_missing=True)

    def going() -> list[Any]:
        return [one for one in snapshots_of(cloud, gateway) if one.status == "deleting"]

    wait = Retrying(
        stop=stop_after_delay(PATIENCE_SECONDS), wait=wait_fixed(POLL_SECONDS), retry=retry_if_result(bool)
    )
    with suppress(RetryError):
        wait(going)
    return [one.id for one in snapshots_of(cloud, gateway)]


def main(_: list[str]) -> int:
    """Run the task; the exit code."""
    try:
        stay = drop(from_environment(), os.environ["GATEWAY"])
    except (SDKException, ClientException) as error:
        print(f"the snapshots of the homes could not be deleted: {error}", file=sys.stderr)
        return 1
    if stay:
        print(f"snapshots that are still there: {', '.join(stay)}", file=sys.stderr)
    return 0
