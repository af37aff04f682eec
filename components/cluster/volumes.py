"""Wait until the volumes of deleted claims are deleted, too. That may be later than their namespace.

Standard input: the kubeconfig. Environment: TIMEOUT_MINUTES. A cluster that does not answer is no failure:
the audit finds what it can't delete any more. Exit 1: volumes are left after the timeout.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from kubernetes import client
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed
from urllib3.exceptions import HTTPError

from components.cluster.access import ANSWER_SECONDS, client_of

POLL_SECONDS = 1


def released(api: client.CoreV1Api) -> list[str]:
    """Names of the volumes that the cluster will delete, since nobody claims them any more."""
    volumes: Any = api.list_persistent_volume(_request_timeout=ANSWER_SECONDS)
    return [
        str(volume.metadata.name)
        for volume in volumes.items
        if volume.status.phase == "Released" and volume.spec.persistent_volume_reclaim_policy == "Delete"
    ]


def main(_: list[str]) -> int:
    """Run the task; the exit code."""
    api = client.CoreV1Api(client_of(sys.stdin.read()))
    wait = Retrying(
        stop=stop_after_delay(60 * float(os.environ["TIMEOUT_MINUTES"])),
        wait=wait_fixed(POLL_SECONDS),
        retry=retry_if_result(bool),
    )
    try:
        wait(released, api)
    except RetryError as error:
        print(f"volumes are still there: {', '.join(error.last_attempt.result())}", file=sys.stderr)
        return 1
    except (HTTPError, client.ApiException) as error:
        print(f"the cluster could not be asked for its volumes: {error}", file=sys.stderr)
    return 0
