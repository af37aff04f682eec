"""Print the id of the port that a floating IP is attached to, once it is attached.

Environment: ADDRESS, and the cloud's (components/cloud/connection.py). Exit 1: it is not attached in time.
"""

from __future__ import annotations

import os
import sys

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import SDKException
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from components.cloud.connection import from_environment

POLL_SECONDS = 2
PATIENCE_SECONDS = 120
"""The load balancer answers before this runs, but Neutron may record the attachment a moment later."""


def attached_port(cloud: Connection, address: str) -> str | None:
    """Id of the port that the floating IP `address` is attached to; None where it is not."""
    return next((ip.port_id for ip in cloud.network.ips(floating_ip_address=address)), None)


def main(_: list[str]) -> int:
    """Run the task; the exit code."""
    address = os.environ["ADDRESS"]
    try:
        cloud = from_environment()
        wait = Retrying(
            stop=stop_after_delay(PATIENCE_SECONDS),
            wait=wait_fixed(POLL_SECONDS),
            retry=retry_if_result(lambda port: port is None),
        )
        print(wait(attached_port, cloud, address), end="")
    except RetryError:
        print(
            f"floating IP {address} is not attached to a port after {PATIENCE_SECONDS} s; see"
            f" `openstack floating ip show {address}`, then run the same command again",
            file=sys.stderr,
        )
        return 1
    except (SDKException, ClientException) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
