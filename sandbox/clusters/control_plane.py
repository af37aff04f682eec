"""One cluster's control plane: etcd, the Kubernetes components, kwok and the cloud controller.

All listen on the loopback interface. The API server's certificate and the components' client certificates are
signed by the CA that Magnum made for the cluster, so a kubeconfig from Magnum is verified for real.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests
import yaml

from sandbox import layout, processes
from sandbox.clusters import pki
from sandbox.clusters.spec import Cluster

STAGES = Path(__file__).parent / "stages"
SERVICE_CIDR = "10.254.0.0/16"
API_HOSTS = ("127.0.0.1", "localhost", "kubernetes.default.svc", "10.254.0.1")
START_TIMEOUT_S = 90
NODE_GRACE_S = 300
"""A node is taken for lost after this long without a heartbeat (stages/node-heartbeat.yaml)."""
QUIET_GO = {"GOMAXPROCS": "2"}
"""Several clusters share one small machine."""

HALTED = "halted"
"""While a file of this name lies in the cluster's folder, dead processes are left dead."""

Command = Callable[[], list[str | Path]]


@dataclass(frozen=True)
class ControlPlane:
    """The processes of `cluster`, by `<stack id>-<component>`; their state is in the cluster's folder."""

    cluster: Cluster

    @property
    def _pki(self) -> Path:
        return self.cluster.folder / "pki"

    @property
    def kubeconfig(self) -> Path:
        """Cluster-admin for the components themselves."""
        return self.cluster.folder / "kubeconfig"

    @property
    def prepared(self) -> bool:
        """Whether its keys are there, so that it can be started."""
        return self.kubeconfig.exists()

    @property
    def url(self) -> str:
        """The address of the API server."""
        return f"https://127.0.0.1:{self.cluster.api_port}"

    def _port(self, component: str) -> int:
        return layout.port(f"{self.cluster.stack_id}-{component}")

    def _name(self, component: str) -> str:
        return f"{self.cluster.stack_id}-{component}"

    def prepare(self, ca: pki.Pair) -> None:
        """Write the keys and the kubeconfig, signed by the cluster's `ca`; once written they stay."""
        if self.prepared:
            return
        ca.write(self._pki / "ca")
        pki.issue(ca, "kube-apiserver", hosts=API_HOSTS).write(self._pki / "apiserver")
        pki.issue(ca, "sandbox", organization="system:masters").write(self._pki / "admin")
        private, public = pki.key_pair()
        pki.Pair(certificate=public, key=private).write(self._pki / "service-account")
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "cluster",
                    "cluster": {"server": self.url, "certificate-authority": str(self._pki / "ca.crt")},
                }
            ],
            "users": [
                {
                    "name": "admin",
                    "user": {
                        "client-certificate": str(self._pki / "admin.crt"),
                        "client-key": str(self._pki / "admin.key"),
                    },
                }
            ],
            "contexts": [{"name": "admin", "context": {"cluster": "cluster", "user": "admin"}}],
            "current-context": "admin",
        }
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(yaml.safe_dump(config))

    def _etcd(self) -> list[str | Path]:
        client, peer = (f"http://127.0.0.1:{self._port(part)}" for part in ("etcd", "etcd-peer"))
        path = f"{layout.BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        program = shutil.which("etcd", path=path)
        if program is None:
            raise FileNotFoundError("etcd is not installed (Debian package etcd-server)")
        return [
            program,
            f"--data-dir={self.cluster.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--auto-compaction-retention=1h",
            "--logger=zap",
            "--log-level=warn",
        ]

    def _apiserver(self) -> list[str | Path]:
        return [
            layout.BIN / "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._port('etcd')}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.cluster.api_port}",
            f"--tls-cert-file={self._pki / 'apiserver.crt'}",
            f"--tls-private-key-file={self._pki / 'apiserver.key'}",
            f"--client-ca-file={self._pki / 'ca.crt'}",
            f"--service-account-key-file={self._pki / 'service-account.crt'}",
            f"--service-account-signing-key-file={self._pki / 'service-account.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            # The address of the only API server is a loopback one, which an Endpoints object may not hold.
            "--endpoint-reconciler-type=none",
            "--enable-priority-and-fairness=false",
            # Debian's etcd 3.4 cannot report a watch's progress, without which a streamed list never ends;
            # clients that are told so take a plain list instead.
            "--feature-gates=WatchList=false",
            "--profiling=false",
            # Else a stop waits for clients to end their watches, which they do not do.
            "--shutdown-watch-termination-grace-period=1s",
        ]

    def _controller_manager(self) -> list[str | Path]:
        return [
            layout.BIN / "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig}",
            f"--root-ca-file={self._pki / 'ca.crt'}",
            f"--cluster-signing-cert-file={self._pki / 'ca.crt'}",
            f"--cluster-signing-key-file={self._pki / 'ca.key'}",
            f"--service-account-private-key-file={self._pki / 'service-account.key'}",
            f"--node-monitor-grace-period={NODE_GRACE_S}s",
            "--leader-elect=false",
            "--secure-port=0",
            "--profiling=false",
        ]

    def _scheduler(self) -> list[str | Path]:
        return [
            layout.BIN / "kube-scheduler",
            f"--kubeconfig={self.kubeconfig}",
            "--leader-elect=false",
            "--secure-port=0",
            "--profiling=false",
        ]

    def _kwok(self) -> list[str | Path]:
        stages = self.cluster.folder / "stages.yaml"
        stages.write_text("\n---\n".join(path.read_text() for path in sorted(STAGES.glob("*.yaml"))))
        return [
            layout.BIN / "kwok",
            f"--kubeconfig={self.kubeconfig}",
            f"--config={stages}",
            "--manage-all-nodes=false",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            # With leases, a kwok that starts anew would leave its nodes alone until the old leases end.
            "--node-lease-duration-seconds=0",
            "--cidr=10.100.0.0/16",
            "--server-address=",
        ]

    def _controller(self) -> list[str | Path]:
        return [sys.executable, "-m", "sandbox.clusters.controller", self.cluster.uuid]

    def _components(self) -> dict[str, Command]:
        return {
            "etcd": self._etcd,
            "apiserver": self._apiserver,
            "controller-manager": self._controller_manager,
            "scheduler": self._scheduler,
            "kwok": self._kwok,
            "controller": self._controller,
        }

    def _start(self, component: str, command: Command, env: Mapping[str, str]) -> None:
        if not processes.alive(self._name(component)):
            processes.start(self._name(component), command(), env=env, cwd=self.cluster.folder)

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
        components = self._components()
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
        return all(processes.alive(self._name(component)) for component in self._components())

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
        clients = [self._name(component) for component in self._components() if component != "etcd"]
        with ThreadPoolExecutor() as pool:
            list(pool.map(processes.stop, clients))
        processes.stop(self._name("etcd"))
