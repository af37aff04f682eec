"""The parts of the controller, each with a thread of its own: woken by changes, or when it wanted to be."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

from keystoneauth1.exceptions import ClientException
from kubernetes.client.exceptions import ApiException
from openstack.exceptions import SDKException

LOG = logging.getLogger(__name__)
RETRY_S = 2.0
SETTLE_S = 0.02
"""Changes come in bursts; one look after the burst is enough."""


class Part(Protocol):
    """One concern of the controller."""

    def reconcile(self) -> float | None:
        """Come closer to what is wanted; seconds until the next look, None: when something changes."""


class Loop(threading.Thread):
    """Runs `part` again and again; what goes wrong is written to the log and tried again."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.part: Part | None = None
        self._wake = threading.Event()

    def wake(self) -> None:
        """Have the part look soon."""
        self._wake.set()

    def run(self) -> None:
        """Look, wait, look again."""
        if self.part is None:
            raise RuntimeError(f"{self.name} has nothing to do")
        while True:
            try:
                wait = self.part.reconcile()
            except (ApiException, ClientException, SDKException, OSError) as error:
                LOG.warning("%s: %s", self.name, error)
                wait = RETRY_S
            except Exception:
                LOG.exception("%s", self.name)
                wait = RETRY_S
            self._wake.wait(wait)
            time.sleep(SETTLE_S)
            self._wake.clear()
