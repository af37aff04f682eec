"""One real node: what it is, and its life as a process of this machine."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import psutil
from pydantic import BaseModel

from sandbox import layout, processes
from sandbox.clusters.nodes import files, host
from sandbox.clusters.nodes.network import Network
from sandbox.clusters.spec import Cluster

START_S = 10


class Node(BaseModel):
    """A machine of a node group that is a kubelet."""

    name: str
    group: str
    """UUID of its node group."""
    address: str
    number: int
    """Its own in the cluster; its pods' addresses follow from it."""
    cores: int
    memory_mib: int
    labels: dict[str, str]
    provider_id: str

    def folder(self, cluster: Cluster) -> Path:
        """Where all of it lies; the node exists as long as this does."""
        return cluster.folder / "nodes" / self.name

    @property
    def cgroup(self) -> str:
        """The name of its control group, which pods are in."""
        return f"sandbox-{self.name}"

    @property
    def running(self) -> bool:
        """Whether it is switched on."""
        return processes.alive(self.name)

    def start(self, cluster: Cluster) -> None:
        """Switch it on, with nothing of an earlier run but its disk. OSError where that is not possible."""
        network, folder = Network(cluster), self.folder(cluster)
        files.write(self, cluster)
        host.make_cgroup(self.cgroup)
        spaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
        processes.start(
            self.name,
            ["unshare", *spaces, sys.executable, "-m", "sandbox.clusters.nodes.init", folder],
            env={"PYTHONPATH": str(layout.ROOT), "PATH": host.PATH},
        )
        try:
            network.plug(self._init(), self.number, self.address)
        except BaseException:
            self.stop()
            raise

    def _init(self) -> int:
        """The process that is the node's init, as this machine numbers it."""
        deadline = time.monotonic() + START_S
        while (outer := processes.pid(self.name)) is not None and time.monotonic() < deadline:
            if inits := psutil.Process(outer).children():
                return inits[0].pid
            time.sleep(0.02)
        raise OSError(f"node {self.name} did not start: see {processes.log(self.name)}")

    def stop(self) -> None:
        """Switch it off: all that runs in it ends at once, and its disk stays."""
        if (outer := processes.pid(self.name)) is not None:
            # With its init the kernel ends all other processes of the node; none is waited for.
            for init in psutil.Process(outer).children():
                init.kill()
        processes.stop(self.name)
        host.remove_cgroup(self.cgroup)

    def remove(self, cluster: Cluster) -> None:
        """Switch it off and throw it away."""
        self.stop()
        processes.log(self.name).unlink(missing_ok=True)
        shutil.rmtree(self.folder(cluster))
