"""`python -m sandbox.clusters.controller <uuid>`: nodes, load balancers, volumes and certificates of one cluster."""

from __future__ import annotations

import logging
import sys
import time

from sandbox.clusters import cloud, spec
from sandbox.clusters.controller import addons
from sandbox.clusters.controller.kube import Cache, Kube
from sandbox.clusters.controller.loadbalancers import LoadBalancers
from sandbox.clusters.controller.loop import Loop
from sandbox.clusters.controller.machines import Machines
from sandbox.clusters.controller.volumes import Volumes
from sandbox.clusters.control_plane import ControlPlane

LOG = logging.getLogger(__name__)
SPEC_CHECK_S = 0.3

CORE = "/api/v1"
STORAGE = "/apis/storage.k8s.io/v1"


class Controller:
    """The caches and loops of one cluster's controller; each part has a loop and a connection of its own."""

    def __init__(self, cluster: spec.Cluster) -> None:
        credential = spec.credential(cluster.uuid)
        if credential is None:
            raise FileNotFoundError(f"cluster {cluster.uuid} has no credential")
        self._cluster, self._credential = cluster, credential
        self._kube = Kube(ControlPlane(cluster).kubeconfig)
        self._caches: list[Cache] = []
        self._loops: list[Loop] = []

    def _loop(self, name: str) -> Loop:
        self._loops.append(Loop(name))
        return self._loops[-1]

    def _cache(self, loop: Loop, path: str, kind: str, api_version: str = "v1") -> Cache:
        cache = Cache(self._kube, path, kind=kind, api_version=api_version, changed=loop.wake)
        self._caches.append(cache)
        return cache

    def _machines(self) -> Loop:
        loop = self._loop("machines")
        loop.part = Machines(
            self._cluster.uuid,
            self._kube,
            cloud.connect(self._credential),
            node=self._cache(loop, f"{CORE}/nodes", "Node"),
            pod=self._cache(loop, f"{CORE}/pods", "Pod"),
        )
        return loop

    def _load_balancers(self) -> None:
        loop = self._loop("load balancers")
        loop.part = LoadBalancers(
            self._cluster.uuid,
            self._kube,
            cloud.connect(self._credential),
            service=self._cache(loop, f"{CORE}/services", "Service"),
        )

    def _volumes(self) -> None:
        loop = self._loop("volumes")
        loop.part = Volumes(
            self._cluster.uuid,
            self._kube,
            cloud.connect(self._credential),
            claim=self._cache(loop, f"{CORE}/persistentvolumeclaims", "PersistentVolumeClaim"),
            volume=self._cache(loop, f"{CORE}/persistentvolumes", "PersistentVolume"),
            storage_class=self._cache(loop, f"{STORAGE}/storageclasses", "StorageClass", "storage.k8s.io/v1"),
        )

    def run(self) -> None:
        """Work for ever; what Magnum changes is seen within SPEC_CHECK_S."""
        addons.install(self._kube, self._cluster)
        machines = self._machines()
        self._load_balancers()
        self._volumes()
        for cache in self._caches:
            cache.start()
        for cache in self._caches:
            cache.synced.wait()
        for loop in self._loops:
            loop.start()
        written, seen = self._cluster.folder / "cluster.json", 0.0
        while written.exists():
            changed = written.stat().st_mtime
            if changed != seen:
                seen = changed
                machines.wake()
            time.sleep(SPEC_CHECK_S)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(threadName)s %(message)s")
    Controller(spec.load(sys.argv[1])).run()
