"""From the start of a desktop's container to its first picture in the browser."""

from __future__ import annotations

import os
import shlex
import time
from contextlib import suppress
from pathlib import Path

import psutil
from playwright.sync_api import Page

from sandbox.tests.magnum import eventually
from tests.desktop.bench.stacks import Stack
from tests.desktop.pod import Pod


def first_frame(pod: Pod, stack: Stack, page: Page, address: str) -> float:
    """Milliseconds from the start of the desktop's container until the application is seen in `page`.

    The container starts afresh beside a notebook that runs; the page is opened as soon as it is ready.
    """
    before = _started(pod)
    _end(pod)
    probe = stack.override["extra_containers"][0]["readinessProbe"]["exec"]["command"]
    ready = f"until {shlex.join(probe)}; do sleep 0.05; done"
    eventually(lambda: _ready(pod, ready) and _started(pod) > before)
    page.goto(address, wait_until="commit")
    page.wait_for_function("window.probe.locate()", polling=50, timeout=60_000)
    return (time.clock_gettime(time.CLOCK_BOOTTIME) - _started(pod)) * 1000


def _started(pod: Pod) -> float:
    """When the desktop's container did, in seconds since this machine's start."""
    ticks = pod.run_in(pod.desktop, "cut", "-d ", "-f22", "/proc/1/stat")
    return int(ticks) / os.sysconf("SC_CLK_TCK")


def _ready(pod: Pod, script: str) -> bool:
    try:
        pod.run_in(pod.desktop, "bash", "-c", script)
    except AssertionError:  # between the end of the old one and the start of the new
        return False
    return True


def _end(pod: Pod) -> None:
    """Kill the first process of the desktop's container: one that ended by itself would not start again."""
    containers = (pod.found() or {})["status"]["containerStatuses"]
    (own,) = [one["containerID"].rpartition("/")[2] for one in containers if one["name"] == pod.desktop]
    inside = []
    for process in psutil.process_iter(["create_time"]):
        with suppress(OSError):
            if own in Path(f"/proc/{process.pid}/cgroup").read_text(encoding="utf-8"):
                inside.append(process)
    min(inside, key=lambda process: process.info["create_time"]).kill()
