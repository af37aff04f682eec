"""The network namespace of a cluster's control plane, with a bridge for the nodes.

Nothing of it is seen in the machine's own namespace but listeners on loopback: a forwarder (forward.py)
carries the API and floating addresses in, and the registry and BIND out to the nodes.
"""

from __future__ import annotations

import ipaddress
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from sandbox import layout, processes
from sandbox.cloud.settings import CATALOGUE
from sandbox.clusters.spec import Cluster

BRIDGE = "nodes"
POD_RANGES = "10.101.0.0/16"
"""Of real nodes, a /24 each; kwok's pods have another range (components.py)."""
START_S = 10


def run(pid: int, *words: str) -> str:
    """What a command prints in the network namespace of `pid`; CalledProcessError where it fails."""
    command = ["nsenter", f"--net=/proc/{pid}/ns/net", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def pod_range(number: int) -> ipaddress.IPv4Network:
    """The addresses of the pods on the node with this number, 1 to 255."""
    return list(ipaddress.IPv4Network(POD_RANGES).subnets(new_prefix=24))[number]


@dataclass(frozen=True)
class Network:
    """The namespace of `cluster`: a process that does nothing holds it, another one forwards."""

    cluster: Cluster

    @property
    def subnet(self) -> ipaddress.IPv4Network:
        """Where the cloud says that the servers are."""
        subnets = CATALOGUE["networks"][self.cluster.network]["subnets"]
        return ipaddress.IPv4Network(next(iter(subnets.values())))

    @property
    def gateway(self) -> str:
        """The bridge's address: the way out for nodes, and where they reach API and registry."""
        return str(self.subnet[1])

    @property
    def _holder(self) -> str:
        return f"{self.cluster.stack_id}-network"

    @property
    def _forwarder(self) -> str:
        return f"{self.cluster.stack_id}-forwarder"

    @property
    def ways(self) -> Path:
        """What else the forwarder carries; floating.py keeps it up to date."""
        return self.cluster.folder / "ways.json"

    @property
    def pid(self) -> int | None:
        """The process whose network namespace it is; None while there is none."""
        return processes.pid(self._holder)

    @property
    def running(self) -> bool:
        """Whether namespace and forwarder are there."""
        return self.pid is not None and processes.alive(self._forwarder)

    def enter(self) -> list[str | Path]:
        """What to put before a command so that it runs in the namespace."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net"]

    def ensure(self) -> None:
        """Make what is missing. Whatever runs in an earlier namespace must have been ended before."""
        if self.pid is None:
            processes.start(self._holder, ["unshare", "--net", "sleep", "infinity"])
            self._furnish()
        command = [sys.executable, "-m", "sandbox.clusters.nodes.forward", str(self.pid), str(self.ways)]
        command += ["in", f"127.0.0.1:{self.cluster.api_port}", f"127.0.0.1:{self.cluster.api_port}"]
        for name in ("registry", "bind"):
            port = layout.port(name)
            command += ["out", f"{self.gateway}:{port}", f"127.0.0.1:{port}"]
        processes.start(self._forwarder, command, env={"PYTHONPATH": str(layout.ROOT)})

    def _furnish(self) -> None:
        pid, deadline = self.pid, time.monotonic() + START_S
        own = Path("/proc/self/ns/net").stat().st_ino
        while pid is None or Path(f"/proc/{pid}/ns/net").stat().st_ino == own:
            if pid is None or time.monotonic() > deadline:
                raise OSError(f"there is no network namespace: see {processes.log(self._holder)}")
            time.sleep(0.02)
        run(pid, "ip", "link", "set", "lo", "up")
        run(pid, "ip", "link", "add", BRIDGE, "type", "bridge")
        run(pid, "ip", "address", "add", f"{self.gateway}/{self.subnet.prefixlen}", "dev", BRIDGE)
        run(pid, "ip", "link", "set", BRIDGE, "up")
        # Packets between pods of two nodes come in and go out by the bridge: no advice to take a short cut.
        switches = ("ip_forward=1", "conf.all.send_redirects=0", f"conf.{BRIDGE}.send_redirects=0")
        run(pid, "sysctl", "--quiet", "--write", *(f"net.ipv4.{switch}" for switch in switches))

    def plug(self, node: int, number: int, address: str) -> None:
        """Give the node that is the process `node` its eth0, and send the packets for its pods there."""
        if self.pid is None:
            raise OSError("the cluster has no network")
        cable = f"node{number}"
        peer = ("peer", "name", "eth0", "netns", str(node))
        run(self.pid, "ip", "link", "add", cable, "type", "veth", *peer)
        run(self.pid, "ip", "link", "set", cable, "master", BRIDGE, "up")
        run(self.pid, "ip", "route", "replace", str(pod_range(number)), "via", address)

    def stop(self) -> None:
        """End it, when everything in it has ended."""
        processes.stop(self._forwarder)
        processes.stop(self._holder)
