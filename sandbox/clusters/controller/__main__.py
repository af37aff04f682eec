"""`python -m sandbox.clusters.controller <uuid>` looks after what one cluster needs of the cloud.

That is its nodes, load balancers, volumes and certificates.
"""

from __future__ import annotations

import logging
import sys
import time

from sandbox.clusters import cloud, spec
from sandbox.clusters.control_plane import ControlPlane
from sandbox.clusters.controller import addons
from sandbox.clusters.controller.attachments import COLLECTION as ATTACHMENTS
from sandbox.clusters.controller.attachments import Attachments
from sandbox.clusters.controller.certs import certmanager
from sandbox.clusters.controller.certs.certificates import Certificates
from sandbox.clusters.controller.kube import Cache, Kube
from sandbox.clusters.controller.loadbalancers import LoadBalancers
from sandbox.clusters.controller.loop import Loop
from sandbox.clusters.controller.volumes import Volumes
from sandbox.clusters.controller.workers.machines import Machines
from sandbox.clusters.nodes.floating import FloatingAddresses
from sandbox.clusters.nodes.kubelets import Kubelets

SPEC_CHECK_S = 0.3
CORE = "/api/v1"
APPS = "apps/v1"
NETWORKING = "networking.k8s.io/v1"
STORAGE = "storage.k8s.io/v1"
DISCOVERY = "discovery.k8s.io/v1"
POLICY = "policy/v1"
EXTENSIONS = "apiextensions.k8s.io/v1"


class Controller:
    """The caches and loops of one cluster's controller; each part has a loop and a connection of its own."""

    def __init__(self, cluster: spec.Cluster) -> None:
        credential = spec.credential(cluster.uuid)
        if credential is None:
            raise FileNotFoundError(f"cluster {cluster.uuid} has no credential")
        self._cluster, self._credential = cluster, credential
        self._kube = Kube(ControlPlane(cluster).kubeconfig)
        self._caches: list[Cache] = []
        self._machines = Loop("machines")
        self._kubelets = Loop("kubelets")
        self._balancers = Loop("load balancers")
        self._floating = Loop("floating addresses")
        self._volumes = Loop("volumes")
        self._attachments = Loop("attachments")
        self._certificates = Loop("certificates")

    def _cache(self, kind: str, path: str, *loops: Loop, api_version: str = "v1") -> Cache:
        def changed() -> None:
            for loop in loops:
                loop.wake()

        self._caches.append(Cache(self._kube, path, kind=kind, api_version=api_version, changed=changed))
        return self._caches[-1]

    def _certificate_caches(self, services: Cache) -> certmanager.World:
        loop = self._certificates
        kinds = {
            kind: self._cache(
                kind,
                certmanager.collection(kind),
                loop,
                api_version=certmanager.ACME_V1 if kind in ("Order", "Challenge") else certmanager.V1,
            )
            for kind in certmanager.PLURALS
        }

        def kinds_changed() -> None:
            for cache in kinds.values():
                cache.look_again.set()

        definitions = f"/apis/{EXTENSIONS}/customresourcedefinitions"
        kind = "CustomResourceDefinition"
        self._caches.append(
            Cache(self._kube, definitions, kind=kind, api_version=EXTENSIONS, changed=kinds_changed)
        )
        return certmanager.World(
            kube=self._kube,
            deployments=self._cache("Deployment", f"/apis/{APPS}/deployments", loop, api_version=APPS),
            services=services,
            ingresses=self._cache("Ingress", f"/apis/{NETWORKING}/ingresses", loop, api_version=NETWORKING),
            ingress_classes=self._cache(
                "IngressClass", f"/apis/{NETWORKING}/ingressclasses", loop, api_version=NETWORKING
            ),
            tls_secrets=self._cache("Secret", f"{CORE}/secrets?fieldSelector=type%3Dkubernetes.io/tls", loop),
            kinds=kinds,
        )

    def _assemble(self) -> None:
        uuid, kube = self._cluster.uuid, self._kube
        known = self._cache("Node", f"{CORE}/nodes", self._machines, self._floating)
        self._machines.part = Machines(
            uuid,
            kube,
            cloud.connect(self._credential),
            node=known,
            pod=self._cache("Pod", f"{CORE}/pods", self._machines),
            budget=self._cache(
                "PodDisruptionBudget",
                f"/apis/{POLICY}/poddisruptionbudgets",
                self._machines,
                api_version=POLICY,
            ),
        )
        self._kubelets.part = Kubelets(uuid)
        services = self._cache(
            "Service", f"{CORE}/services", self._balancers, self._floating, self._certificates
        )
        self._balancers.part = LoadBalancers(uuid, kube, cloud.connect(self._credential), service=services)
        self._floating.part = FloatingAddresses(
            uuid,
            service=services,
            node=known,
            endpoint_slice=self._cache(
                "EndpointSlice", f"/apis/{DISCOVERY}/endpointslices", self._floating, api_version=DISCOVERY
            ),
        )
        claims = self._cache("PersistentVolumeClaim", f"{CORE}/persistentvolumeclaims", self._volumes)
        self._volumes.part = Volumes(
            uuid,
            kube,
            cloud.connect(self._credential),
            claim=claims,
            volume=self._cache("PersistentVolume", f"{CORE}/persistentvolumes", self._volumes),
            storage_class=self._cache(
                "StorageClass", f"/apis/{STORAGE}/storageclasses", self._volumes, api_version=STORAGE
            ),
        )
        self._attachments.part = Attachments(
            kube,
            cloud.connect(self._credential),
            attachment=self._cache(
                "VolumeAttachment", ATTACHMENTS, self._attachments, self._volumes, api_version=STORAGE
            ),
        )
        # On real nodes cert-manager itself runs.
        if not self._cluster.real_nodes:
            self._certificates.part = Certificates(self._certificate_caches(services))

    def run(self) -> None:
        """Work until the cluster is forgotten; what Magnum changes is seen within SPEC_CHECK_S."""
        addons.install(self._kube, self._cluster)
        self._assemble()
        for cache in self._caches:
            cache.start()
        for cache in self._caches:
            cache.synced.wait()
        for loop in (
            self._machines,
            self._kubelets,
            self._balancers,
            self._floating,
            self._volumes,
            self._attachments,
            self._certificates,
        ):
            if loop.part is not None:
                loop.start()
        written, seen = self._cluster.folder / "cluster.json", 0.0
        while written.exists():
            changed = written.stat().st_mtime
            if changed != seen:
                seen = changed
                self._machines.wake()
            time.sleep(SPEC_CHECK_S)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(threadName)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    Controller(spec.load(sys.argv[1])).run()
