"""One cluster's control plane: etcd, the Kubernetes components, kwok and the cloud controller.

All listen on the loopback interface; where the cluster has real nodes, in a network namespace of their own.
The API server's certificate and the components' client certificates are signed by the CA that Magnum made for
the cluster, so a kubeconfig from Magnum is verified for real.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import requests
import yaml

from sandbox import layout, processes
from sandbox.clusters import acme, pki
from sandbox.clusters.components import Command, Components
from sandbox.clusters.nodes import kubelets

API_HOSTS = ("127.0.0.1", "localhost", "kubernetes.default.svc", "10.254.0.1")
START_TIMEOUT_S = 90
QUIET_GO = {"GOMAXPROCS": "2"}
"""Several clusters share one small machine."""

HALTED = "halted"
"""While a file of this name lies in the cluster's folder, dead processes are left dead."""


class ControlPlane(Components):
    """A control plane's life."""

    @property
    def prepared(self) -> bool:
        """Whether its keys are there, so that it can be started."""
        return self.kubeconfig.exists()

    def prepare(self, ca: pki.Pair) -> None:
        """Write the keys and the kubeconfig, signed by the cluster's `ca`; once written they stay."""
        if self.prepared:
            return
        ca.write(self._pki / "ca")
        own = (self.network.gateway,) if self.network else ()
        pki.issue(ca, "kube-apiserver", hosts=(*API_HOSTS, *own)).write(self._pki / "apiserver")
        if self.network:
            acme.prepare(self._pki)
        pki.issue(ca, "sandbox", organization="system:masters").write(self._pki / "admin")
        private, public = pki.key_pair()
        pki.Pair(certificate=public, key=private).write(self._pki / "service-account")
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(yaml.safe_dump(pki.kubeconfig(self.url, "admin", self._pki)))

    def _start(self, component: str, command: Command, env: Mapping[str, str]) -> None:
        if not processes.alive(self._name(component)):
            # The controller asks the cloud, which listens on this machine's loopback interface.
            inside = self.network.enter() if self.network and component != "controller" else []
            processes.start(self._name(component), [*inside, *command()], env=env, cwd=self.cluster.folder)

    def ready(self) -> bool:
        """Whether the API server answers that it is ready."""
        admin = (str(self._pki / "admin.crt"), str(self._pki / "admin.key"))
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(
                    f"{self.url}/readyz", cert=admin, verify=str(self._pki / "ca.crt"), timeout=5
                )
                return answer.ok
        except requests.RequestException:
            return False

    def ensure(self) -> None:
        """Start what does not run; returns when the API server is ready and the others are started.

        TimeoutError when the API server is not ready in START_TIMEOUT_S.
        """
        if self.running:
            return
        if self.network:
            if self.network.pid is None:
                self.stop()  # what still runs there would not be reached in a new namespace
            self.network.ensure()
        components = self._commands()
        env = {**QUIET_GO, "PYTHONPATH": str(layout.ROOT)}
        for component in ("etcd", "apiserver"):
            self._start(component, components.pop(component), env)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.ready():
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"the API server was not ready in {START_TIMEOUT_S} s;"
                    f" see {processes.log(self._name('apiserver'))}"
                )
            time.sleep(0.1)
        for component, command in components.items():
            self._start(component, command, env)

    @property
    def running(self) -> bool:
        """Whether all its processes are there."""
        reached = self.network is None or self.network.running
        return reached and all(processes.alive(self._name(component)) for component in self._commands())

    @property
    def halted(self) -> bool:
        """Whether somebody halted it."""
        return (self.cluster.folder / HALTED).exists()

    def halt(self, component: str = "apiserver") -> None:
        """End one component and leave it dead until `recover`: how a test breaks a control plane."""
        (self.cluster.folder / HALTED).touch()
        processes.stop(self._name(component))

    def recover(self) -> None:
        """End a halt; the keeper starts what is missing."""
        (self.cluster.folder / HALTED).unlink(missing_ok=True)

    def stop(self) -> None:
        """End all processes of the cluster, etcd last; its data stay."""
        clients = [self._name(component) for component in self._commands() if component != "etcd"]
        with ThreadPoolExecutor() as pool:
            list(pool.map(processes.stop, clients))
        kubelets.stop(self.cluster)
        processes.stop(self._name("etcd"))
        if self.network:
            self.network.stop()
