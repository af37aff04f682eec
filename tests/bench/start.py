"""How long a desktop takes from the click to its picture, and what the sandbox costs this machine.

Uses the gateway of the running sandbox, as `make sandbox-check` does. `python -m tests.bench.start`, in the
environment of the desktops' tests (`make bench-start`).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
from playwright.sync_api import Page
from rich.console import Console
from rich.table import Table

from sandbox import address, layout, processes
from sandbox.check import browser, server, visit

DESKTOP = "IDV"
GROUP = "capi.stackhpc.com/node-group=mediums"
IDLE_S = 60
WARM = 3
"""Starts, of which the median of each part counts: the first one also fills this machine's caches."""
PARTS = ("scheduled", "pulled", "started")
console = Console()


def family() -> list[psutil.Process]:
    """All processes of the sandbox, those in pods too."""
    found = {}
    for process in psutil.process_iter(["cmdline"]):
        if any(str(layout.HOME) in word for word in process.info["cmdline"] or []):
            found.update({one.pid: one for one in [process, *process.children(recursive=True)]})
    return list(found.values())


def figures(of: Callable[[psutil.Process], float]) -> dict[int, float]:
    """A figure of each, by its process id, but of those that end meanwhile."""
    found = {}
    for process in family():
        with suppress(psutil.NoSuchProcess):
            found[process.pid] = of(process)
    return found


def memory_gib() -> float:
    """GiB that all processes have, what they share counted once."""
    return sum(figures(lambda process: float(process.memory_full_info().pss)).values()) / 2**30


def idle_percent() -> float:
    """Percent of a core that all processes use, IDLE_S long."""

    def used() -> dict[int, float]:
        # With those of its children that have ended, such as probes.
        return figures(lambda process: sum(process.cpu_times()[:4]))

    before = used()
    time.sleep(IDLE_S)
    return 100 * sum(seconds - before.get(pid, 0) for pid, seconds in used().items()) / IDLE_S


def user_nodes() -> list[str]:
    """The real nodes that users' servers run on."""
    found = json.loads(server.kubectl("get", "nodes", "-l", f"{GROUP},sandbox/node=real", "-o", "json"))
    return [str(node["metadata"]["name"]) for node in found["items"]]


FORGET = r"""
ctr="ctr --namespace k8s.io images"
$ctr ls | awk '
    /gateway\// {ours[$3]}
    {found[$1] = $3}
    END {for (name in found) if (found[name] in ours) print name}
' | xargs -r $ctr rm >/dev/null
"""
"""Removes the gateway's images by all their names: each has one after its content, too."""


@contextmanager
def no_images() -> Iterator[None]:
    """Have no image of the gateway on the users' nodes, as on one that has just been added."""
    puller = "continuous-image-puller"

    def pulls(where: str | None) -> None:
        template = {"spec": {"nodeSelector": {"sandbox/pulls": where}}}
        server.kubectl("patch", "daemonset", puller, "--patch", json.dumps({"spec": {"template": template}}))

    # The containers in which it pulled keep what they were made of.
    pulls("nowhere")
    try:
        pods = ("get", "pods", "-l", f"component={puller}", "-o", "name")
        visit.until(lambda: not server.kubectl(*pods), "it pulls")
        for node in user_nodes():
            inside = ["nsenter", "--target", str(processes.pid(node)), "--mount", "sh", "-c"]
            subprocess.run([*inside, FORGET], check=True)
        yield
    finally:
        pulls(None)


@contextmanager
def no_seats() -> Iterator[None]:
    """Keep no seat: the node that takes the place of one that is taken would start on these same cores."""
    seats = ("statefulset", "user-placeholder")
    kept = server.kubectl("get", *seats, "--output=jsonpath={.spec.replicas}")
    server.kubectl("scale", *seats, "--replicas=0")
    try:
        yield
    finally:
        server.kubectl("scale", *seats, f"--replicas={kept}")


def at_rest() -> bool:
    """Whether no pod of the hub's is being started or ended, such as those that pull images ahead."""
    pods = json.loads(server.kubectl("get", "pods", "--output=json"))["items"]
    return all(
        "deletionTimestamp" not in pod["metadata"]
        and all(one["ready"] for one in pod["status"].get("containerStatuses", [{"ready": False}]))
        for pod in pods
    )


@contextmanager
def no_room() -> Iterator[None]:
    """Let nothing new onto the nodes that there are: the next server needs another one."""
    nodes = user_nodes()
    server.kubectl("cordon", *nodes)
    try:
        yield
    finally:
        server.kubectl("uncordon", *nodes)


def start(page: Page, gateway: address.Gateway) -> dict[str, float]:
    """Seconds of each part of one start, from the click on, by a user who has logged in and has no server."""
    visit.stop(page, gateway.url)
    visit.until(at_rest, "pods are being started or ended")
    asked, began = datetime.now(UTC), time.monotonic()
    visit.start(page, gateway.url, DESKTOP)
    shown = time.monotonic() - began
    visit.see(page)
    seen = time.monotonic() - began
    times = server.times(server.pod(gateway.user))
    parts = {part: max(0.0, (times[part] - asked).total_seconds()) for part in PARTS}
    return {**parts, "page": shown, "picture": seen}


def main() -> None:
    """Measure and print."""
    gateway = address.gateway()
    table = Table("from the click, seconds", *PARTS, "page", "picture")
    with tempfile.TemporaryDirectory() as home:
        browser.trust(gateway.authority, Path(home))
        with browser.opened(Path(home)) as context, no_seats():
            page = visit.log_in(context, gateway.url, gateway.user, gateway.password)
            visit.stop(page, gateway.url)
            before = len(user_nodes())
            warm = [start(page, gateway) for _ in range(WARM)]
            rows = {"warm": {part: statistics.median(row[part] for row in warm) for part in warm[0]}}
            visit.stop(page, gateway.url)
            with no_images():
                rows["images to pull"] = start(page, gateway)
            with no_room():
                rows["a node to add"] = start(page, gateway)
            memory = memory_gib()
            visit.stop(page, gateway.url)
    # Only then it is as idle as it was.
    visit.until(lambda: at_rest() and len(user_nodes()) <= before, "the node that was added is still there")
    for name, row in rows.items():
        table.add_row(name, *(f"{seconds:.1f}" for seconds in row.values()))
    console.print(table)
    costs = Table("the sandbox with this gateway", "")
    costs.add_row("memory with one desktop", f"{memory:.1f} GiB")
    costs.add_row("CPU with none", f"{idle_percent():.0f} % of a core")
    console.print(costs)


if __name__ == "__main__":
    main()
