"""Where homes are, and what keeping and giving back have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from openstack.connection import Connection
from tenacity import RetryError, Retrying, retry_if_result
from tenacity import stop_after_delay as after
from tenacity import wait_fixed as every

from components.cloud.ownership import Owner

POLL_SECONDS = 1
SETTLE_SECONDS = 300
"""How long the hub may take to end, and a claim to be bound."""


class HomesError(Exception):
    """A home could not be kept or given back. The text says whose, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whose homes, and where they are."""

    owner: Owner
    namespace: str
    cloud: Connection
    api: client.CoreV1Api

    def volumes(self) -> Iterator[Any]:
        """The cloud's volumes."""
        yield from self.cloud.block_storage.volumes(details=True)

    def mark(self, volume: str, metadata: dict[str, str]) -> None:
        """Write on a volume of the cloud."""
        self.cloud.block_storage.set_volume_metadata(volume, **metadata)


def say(text: str) -> None:
    """Print for the operator; standard output is for results."""
    print(text, file=sys.stderr)


def wait(look: Callable[[], Any], unsettled: Callable[[Any], bool], otherwise: str) -> None:
    """Repeat `look` while it is `unsettled`. Raises HomesError with `otherwise` after SETTLE_SECONDS."""
    try:
        Retrying(stop=after(SETTLE_SECONDS), wait=every(POLL_SECONDS), retry=retry_if_result(unsettled))(look)
    except RetryError:
        raise HomesError(otherwise) from None
