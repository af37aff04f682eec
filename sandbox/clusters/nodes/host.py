"""What this machine gives to real nodes: whether kubelets can run on it, and control groups."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from sandbox import layout

CGROUPS = Path("/sys/fs/cgroup")
NEEDED = ("cpu", "cpuacct", "cpuset", "memory", "pids")
"""Controllers of version 1 that a kubelet does not start without."""
REMOVAL_S = 10
PATH = os.pathsep.join([str(layout.BIN), os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
"""With what only an administrator has on it."""
LOOP = Path("/dev/loop-control")
"""There where a file can be a disk, as a volume of the cloud is."""
BRIDGE_FILTER = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
"""There where the kernel can filter packets that cross a bridge."""
CNI = Path("/usr/lib/cni")
"""Where Debian has the plugins that connect pods."""
PAUSE_IMAGE = "localhost/pause:1"
PAUSE = layout.CACHE / "pause.tar"
"""The image of every pod's first container (sandbox/tools/nodes.py)."""
EDGE = layout.BIN / "edge"
"""Programs behind the charts of the ingress and of cert-manager, and the ACME server."""


def reason() -> str | None:
    """Why kubelets can't run on this machine; None where they can."""
    if os.geteuid() != 0:
        return "only root can make namespaces and control groups"
    if missing := [name for name in NEEDED if not (CGROUPS / name / "cgroup.procs").exists()]:
        return f"this machine has no control groups (version 1) for {', '.join(missing)}"
    if not LOOP.exists():
        return "this machine has no loop devices, which volumes need"
    if not BRIDGE_FILTER.exists():
        with suppress(OSError):
            subprocess.run(["modprobe", "br_netfilter"], env={"PATH": PATH}, capture_output=True, check=False)
        if not BRIDGE_FILTER.exists():
            return "this machine's kernel has no br_netfilter, which network policies need"
    probe = f"sandbox-probe-{os.getpid()}"
    try:
        make_cgroup(probe)
    except OSError as error:
        return f"control groups can't be made: {error.strerror}"
    finally:
        remove_cgroup(probe)
    return None


def granted() -> int:
    """How many nodes of each node group are real: what SANDBOX_REAL_NODES asks for, if it is possible."""
    return 0 if layout.real_nodes() == 0 or reason() else layout.real_nodes()


def refusal() -> str | None:
    """One line for the operator where real nodes are asked for and can't be had."""
    why = reason() if layout.real_nodes() else None
    return f"nodes: kwok's for all, since kubelets can't run here: {why}" if why else None


def _controllers() -> list[Path]:
    # `unified` is version 2's tree beside those of version 1, which a kubelet does not use.
    found = sorted(path.parent for path in CGROUPS.glob("*/cgroup.procs"))
    return [path for path in found if path.name != "unified" and not path.is_symlink()]


def make_cgroup(name: str) -> None:
    """Make the group `name` in every controller. A kubelet wants its root there before it starts."""
    for controller in _controllers():
        group = controller / name
        group.mkdir(exist_ok=True)
        if controller.name == "cpuset":  # a new group has no processors, and takes no process then
            for what in ("cpuset.cpus", "cpuset.mems"):
                (group / what).write_text((controller / what).read_text())


def remove_cgroup(name: str) -> None:
    """Remove the group `name` and those in it, when its processes have ended; waits for them REMOVAL_S."""
    deadline = time.monotonic() + REMOVAL_S
    # `unified` too: runc makes its groups there as well.
    for group in CGROUPS.glob(f"*/{name}"):
        while group.exists():
            try:
                for folder, _, _ in os.walk(group, topdown=False):
                    Path(folder).rmdir()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
