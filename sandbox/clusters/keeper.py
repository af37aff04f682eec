"""The keeper of a cluster: a thread that runs its control plane until the cluster is deleted.

It starts the processes, starts again those that died (as a kubelet does with static pods), and takes
everything down at the end. It works from the cluster's folder alone, so a new Magnum process takes up where
the last one ended.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable

import psutil
from keystoneauth1.exceptions import NotFound, Unauthorized
from openstack.exceptions import SDKException

from sandbox.clusters import cloud, spec
from sandbox.clusters.control_plane import ControlPlane

LOG = logging.getLogger(__name__)
CHECK_S = 1.0
RETRY_S = 5.0
GONE = "gone"
"""Made in the cluster's folder when its control plane and servers are gone."""

_keepers: dict[str, Keeper] = {}
_lock = threading.Lock()


class Keeper(threading.Thread):
    """Runs the control plane of the cluster `uuid`; calls `drop_credential` at the very end."""

    def __init__(self, uuid: str, drop_credential: Callable[[spec.Cluster], None]) -> None:
        super().__init__(name=f"keeper-{uuid}", daemon=True)
        self.uuid = uuid
        self.wake = threading.Event()
        self._drop_credential = drop_credential

    def run(self) -> None:
        """Keep the cluster until it is gone."""
        while True:
            wait = CHECK_S
            try:
                cluster = spec.load(self.uuid)
                if cluster.deleting:
                    self._take_down(cluster)
                    return
                plane = ControlPlane(cluster)
                if plane.prepared and not plane.running:
                    _reap()
                    if not plane.halted:
                        plane.ensure()
            except FileNotFoundError:
                return
            except Exception:
                # Whatever it was, the cluster is tried again: its state is on disk, and Magnum shows it.
                LOG.exception("cluster %s", self.uuid)
                wait = RETRY_S
            self.wake.wait(wait)
            self.wake.clear()

    def _take_down(self, cluster: spec.Cluster) -> None:
        ControlPlane(cluster).stop()
        credential = spec.credential(cluster.uuid)
        if credential is not None:
            try:
                cloud.delete_servers(cloud.connect(credential), cluster)
            except (SDKException, Unauthorized, NotFound) as error:
                # A credential that somebody revoked must not keep the cluster for ever.
                LOG.warning("servers of %s stay: %s", cluster.stack_id, error)
            self._drop_credential(cluster)
        (cluster.folder / GONE).touch()


def _reap() -> None:
    """Take note of children that ended: until their parent does, whoever stopped one waits for it."""
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
            if child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)


def keep(uuid: str, drop_credential: Callable[[spec.Cluster], None]) -> None:
    """Have the cluster `uuid` kept from now on; if it is already, its keeper looks at once."""
    with _lock:
        keeper = _keepers.get(uuid)
        if keeper is None or not keeper.is_alive():
            _keepers[uuid] = keeper = Keeper(uuid, drop_credential)
            keeper.start()
        keeper.wake.set()


def gone(uuid: str) -> bool:
    """Whether nothing of the cluster runs any more."""
    folder = spec.folder(uuid)
    return not folder.exists() or (folder / GONE).exists()
