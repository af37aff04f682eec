"""The health of a cluster as Magnum asks for it, every ten seconds: does its API server answer?"""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

from typing import Any

from magnum.objects import Cluster
from magnum.objects.fields import ClusterHealthStatus

from sandbox.clusters import spec
from sandbox.clusters.control_plane import ControlPlane


class Monitor:
    """Gives `data` with health_status and its reason, after `poll_health_status`."""

    def __init__(self, cluster: Cluster) -> None:
        self.data: dict[str, Any] = {}
        self._cluster = cluster

    def poll_health_status(self) -> None:
        """Ask the API server; a cluster that has none yet is left without a health status."""
        if not self._cluster.api_address:
            return
        try:
            ready = ControlPlane(spec.load(self._cluster.uuid)).ready()
        except FileNotFoundError:
            return
        healthy = ClusterHealthStatus.HEALTHY if ready else ClusterHealthStatus.UNHEALTHY
        told = {"api": "ok" if ready else "the API server does not answer"}
        if (self._cluster.health_status, self._cluster.health_status_reason) != (healthy, told):
            self.data = {"health_status": healthy, "health_status_reason": told}
