"""Ask the cloud what is left of a destroyed gateway, and print it with its cost a day.

Environment: GATEWAY, FQDN, ZONE_ID, KEEP (what may stay), and the cloud's (components/cloud/connection.py).
The argument `before` prints the strays that are there before the gateway: see `strays`.
Exit 1: something of this gateway is left, or the cloud does not answer.
"""

from __future__ import annotations

import os
import sys

from keystoneauth1.exceptions import ClientException
from openstack.exceptions import SDKException

from components.cloud.connection import from_environment
from components.teardown.left import Gateway
from components.teardown.leftovers import settled
from components.teardown.strays import strays

PATIENCE_SECONDS = 300
"""How long to wait for what the cloud is still deleting."""


def main(words: list[str]) -> int:
    """Run the task; the exit code."""
    gateway = Gateway(
        name=os.environ["GATEWAY"],
        fqdn=os.environ["FQDN"],
        zone_id=os.environ["ZONE_ID"],
        keep=frozenset(os.environ.get("KEEP", "").split()),
        known=frozenset(os.environ.get("PULUMI_COMMAND_STDOUT", "").split()),
    )
    try:
        cloud = from_environment()
        if words == ["before"]:
            print(*(key for key, _ in strays(cloud, gateway.name)))
            return 0
        found = settled(cloud, gateway, timeout_s=PATIENCE_SECONDS)
    except (SDKException, ClientException) as error:
        print(f"audit: the cloud could not be asked what is left of {gateway.name}: {error}", file=sys.stderr)
        return 1
    kept, stray = [thing for thing in found if thing.kept], [thing for thing in found if not thing.kept]
    if not stray:
        named = f", but for what was to be kept: {', '.join(sorted(gateway.keep))}" if gateway.keep else ""
        print(f"audit: nothing of {gateway.name} is left{named}", file=sys.stderr)
    else:
        print(
            f"audit: {len(stray)} left of {gateway.name}; remove them, then repeat the destruction",
            file=sys.stderr,
        )
    for thing in [*stray, *kept]:
        print(f"  {thing}", file=sys.stderr)
    return 1 if stray else 0
