"""What each process of a control plane is called with."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from sandbox import layout
from sandbox.clusters import acme
from sandbox.clusters.nodes.network import Network
from sandbox.clusters.spec import Cluster

STAGES = Path(__file__).parent / "stages"
SERVICE_CIDR = "10.254.0.0/16"
NODE_GRACE_S = 300
"""A node is taken for lost after this long without a heartbeat (stages/node-heartbeat.yaml)."""
USER_SCHEDULER = "jhub-user-scheduler"
"""JupyterHub's chart runs one in a pod. Where kwok plays all pods, the cluster's own serves that name."""

Command = Callable[[], list[str | Path]]


@dataclass(frozen=True)
class Components:
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
    def network(self) -> Network | None:
        """The control plane's own network namespace, which only a cluster with real nodes has."""
        return Network(self.cluster) if self.cluster.real_nodes else None

    @property
    def url(self) -> str:
        """The address of the API server."""
        return f"https://127.0.0.1:{self.cluster.api_port}"

    def _port(self, component: str) -> int:
        return layout.port(f"{self.cluster.stack_id}-{component}")

    def _name(self, component: str) -> str:
        return f"{self.cluster.stack_id}-{component}"

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
            *self._reach(),
            f"--secure-port={self.cluster.api_port}",
            f"--tls-cert-file={self._pki / 'apiserver.crt'}",
            f"--tls-private-key-file={self._pki / 'apiserver.key'}",
            f"--client-ca-file={self._pki / 'ca.crt'}",
            f"--service-account-key-file={self._pki / 'service-account.crt'}",
            f"--service-account-signing-key-file={self._pki / 'service-account.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            "--allow-privileged=true",
            "--enable-priority-and-fairness=false",
            # Debian's etcd 3.4 cannot report a watch's progress, without which a streamed list never ends,
            # and what is cached seems too old to be counted. Clients that are told so take a plain list.
            "--feature-gates=WatchList=false,SizeBasedListCostEstimate=false",
            "--profiling=false",
            # Else a stop waits for clients to end their watches, which they do not do.
            "--shutdown-watch-termination-grace-period=1s",
        ]

    def _reach(self) -> list[str | Path]:
        """Where the API server listens, and how it finds the kubelets and the pods of real nodes."""
        # By itself it would write its address into an Endpoints object, which may hold no loopback one, and
        # when it ends take it out again and wait for 15 s. Pods are told by addons.py.
        always = ["--endpoint-reconciler-type=none"]
        if self.network is None:
            return [*always, "--bind-address=127.0.0.1", "--authorization-mode=RBAC"]
        return [
            *always,
            "--bind-address=0.0.0.0",
            f"--advertise-address={self.network.gateway}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--kubelet-preferred-address-types=InternalIP",
            f"--kubelet-certificate-authority={self._pki / 'ca.crt'}",
            f"--kubelet-client-certificate={self._pki / 'admin.crt'}",
            f"--kubelet-client-key={self._pki / 'admin.key'}",
            # Services' addresses lead nowhere in the control plane's namespace; those of pods do.
            "--enable-aggregator-routing=true",
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
        names = ["default-scheduler"]
        if self.network is None:
            names.append(USER_SCHEDULER)
        config = self.cluster.folder / "scheduler.yaml"
        configuration = {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {"kubeconfig": str(self.kubeconfig)},
            "leaderElection": {"leaderElect": False},
            "profiles": [{"schedulerName": name} for name in names],
        }
        config.write_text(yaml.safe_dump(configuration))
        return [
            layout.BIN / "kube-scheduler",
            f"--config={config}",
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
            # With leases, a restarted kwok would leave its nodes alone until the old leases end.
            "--node-lease-duration-seconds=0",
            "--cidr=10.100.0.0/16",
            "--server-address=",
        ]

    def _controller(self) -> list[str | Path]:
        return [sys.executable, "-m", "sandbox.clusters.controller", self.cluster.uuid]

    def _acme(self) -> list[str | Path]:
        assert self.network
        return acme.command(self.network, self._pki)

    def _commands(self) -> dict[str, Command]:
        return {
            "etcd": self._etcd,
            "apiserver": self._apiserver,
            "controller-manager": self._controller_manager,
            "scheduler": self._scheduler,
            "kwok": self._kwok,
            "controller": self._controller,
            **({"acme": self._acme} if self.network else {}),
        }
