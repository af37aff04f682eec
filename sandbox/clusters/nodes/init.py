"""`python -m sandbox.clusters.nodes.init FOLDER`: what systemd is on a real node.

It is the first process in namespaces of its own (node.py). It lays out the file system, configures eth0 when
it is plugged in, runs containerd, then all other programs, starts again what ends, and reaps orphans. Nothing
that it mounts or sets is seen outside.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

INSIDE = Path("/run/node")
AGAIN_S = 1.0
START_S = 30
KERNEL_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What a kubelet sets for the whole machine, unless it finds them so already."""


def _run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True)


def _mount_files(folder: Path, disks: dict[str, str]) -> None:
    """Empty /run, /var/lib and /var/log, but for the node's folder and its disks.

    Pods may have the machine's other folders, as on any node. What they mount in theirs is passed on to them.
    """
    stage = folder / "run"
    stage.mkdir(exist_ok=True)
    _run("mount", "--no-mtab", "-t", "tmpfs", "run", stage)
    (stage / "node").mkdir()
    _run("mount", "--no-mtab", "--bind", folder, stage / "node")
    _run("mount", "--no-mtab", "--move", stage, "/run")
    for place in ("/var/lib", "/var/log"):
        _run("mount", "--no-mtab", "-t", "tmpfs", "node", place)
    for name, place in disks.items():
        (INSIDE / name).mkdir(exist_ok=True)
        Path(place).mkdir(parents=True)
        _run("mount", "--no-mtab", "--bind", INSIDE / name, place)
    for setting, value in KERNEL_SETTINGS.items():
        shown = INSIDE / "kernel" / setting
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.write_text(f"{value}\n")
        _run("mount", "--no-mtab", "--bind", shown, f"/proc/sys/{setting}")
    _run("mount", "--no-mtab", "--make-rshared", "/")


def _wait(what: str, done: Any) -> None:
    deadline = time.monotonic() + START_S
    while not done():
        if time.monotonic() > deadline:
            sys.exit(f"{what} is not there after {START_S} s")
        time.sleep(0.05)


def _configure_network(address: str, gateway: str) -> None:
    _wait("eth0", lambda: "eth0" in [name for _, name in socket.if_nameindex()])
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "address", "add", address, "dev", "eth0")
    _run("ip", "link", "set", "eth0", "up")
    _run("ip", "route", "add", "default", "via", gateway)
    # Packets between two pods of the node cross a bridge, and have to pass the filter too.
    switches = ("net.ipv4.ip_forward=1", "net.bridge.bridge-nf-call-iptables=1")
    _run("sysctl", "--quiet", "--write", *switches)


def _start(name: str, command: list[str]) -> int:
    with (INSIDE / "log" / f"{name}.log").open("ab") as log:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    return child.pid


def _run_for_ever(programs: dict[str, list[str]], running: dict[int, str]) -> NoReturn:
    while True:
        pid, status = os.wait()
        if name := running.pop(pid, None):
            print(f"{name} ended with {os.waitstatus_to_exitcode(status)}; it is started again", flush=True)
            time.sleep(AGAIN_S)
            running[_start(name, programs[name])] = name


def main(folder: Path) -> NoReturn:
    """Be the node."""
    # The default of a namespace's first process is to ignore it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    node = json.loads((folder / "init.json").read_text())
    socket.sethostname(node["name"])
    _mount_files(folder, node["disks"])
    (INSIDE / "log").mkdir(exist_ok=True)
    _configure_network(node["address"], node["gateway"])
    programs = node["programs"]
    running = {_start("containerd", programs["containerd"]): "containerd"}
    _wait("containerd", Path(node["socket"]).exists)
    _run("ctr", "--namespace", "k8s.io", "images", "import", node["pause"])
    for name in programs.keys() - {"containerd"}:
        running[_start(name, programs[name])] = name
    _run_for_ever(programs, running)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
