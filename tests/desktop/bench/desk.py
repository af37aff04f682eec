"""A stack's desktop of a user, and what it uses of the machine and of the network."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Page, Playwright

from tests.desktop.bench.stacks import Stack
from tests.desktop.gateway import Gateway
from tests.desktop.pod import Pod

CLICKS = 15
PAUSE_MS = (120, 180)
# With the time at which they are read, since kubectl takes its own. Version 1 of cgroups counts nanoseconds
# of CPU, version 2 microseconds.
METERS = """
date +%s.%N
cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null ||
    awk '/^usage_usec/ {print $2 * 1000}' /sys/fs/cgroup/cpu.stat
cat /sys/class/net/eth0/statistics/tx_bytes
"""


@dataclass
class Used:
    """A second, once the time is over."""

    cpu: float = 0
    """Seconds of CPU, desktop and notebook together, the application included."""
    sent: float = 0
    """Bytes that the pod has sent from its network."""


@dataclass
class Desk:
    """Started once, and looked at through several links."""

    playwright: Playwright
    gateway: Gateway
    stack: Stack
    pod: Pod
    focused: bool = False
    """Whether the stand-in's button has the keyboard."""
    fresh: bool = True
    """Whether no page has shown it yet."""

    @contextmanager
    def used(self) -> Iterator[Used]:
        """What it uses meanwhile."""
        used = Used()
        before = self._meters()
        yield used
        rates = [
            (after - meter) / (end - begin)
            for (begin, *meters), (end, *afters) in zip(before, self._meters(), strict=True)
            for meter, after in zip(meters, afters, strict=True)
        ]
        notebook, used.sent, desktop, _ = rates
        used.cpu = (notebook + desktop) / 1e9

    def _meters(self) -> list[list[float]]:
        """Of notebook and desktop: the time, in seconds, its nanoseconds of CPU and the pod's bytes."""
        return [
            [float(word) for word in self.pod.run_in(name, "sh", "-c", METERS).split()]
            for name in (self.pod.notebook, self.pod.desktop)
        ]


def clicks(page: Page) -> list[float]:
    """Milliseconds from click to pixel, CLICKS times at times that no frame rate divides."""
    pad = page.evaluate("probe.locate()")
    page.mouse.move(pad["x"], pad["y"])
    # The first click in a page that was reloaded may not reach it: it does not count.
    page.mouse.down()
    page.mouse.up()
    page.wait_for_timeout(1000)
    page.evaluate("probe.clicks = []; probe.pressed = null")
    for done in range(CLICKS):
        page.mouse.down()
        page.mouse.up()
        page.wait_for_function("n => probe.clicks.length > n", arg=done, polling=20, timeout=10_000)
        page.wait_for_timeout(random.randrange(*PAUSE_MS))
    taken: list[float] = page.evaluate("probe.clicks")
    return taken
