"""One stack through one link: figures as a user would see them, taken in a real browser."""

from __future__ import annotations

import base64
import io
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from skimage.metrics import structural_similarity

from sandbox.address import HTTPS
from sandbox.check import visit
from sandbox.check.browser import OPTIONS, trust
from sandbox.containers import Engine
from tests.desktop.bench.first import first_frame
from tests.desktop.bench.link import Link, carried
from tests.desktop.bench.offer import title
from tests.desktop.bench.stacks import Stack
from tests.desktop.gateway import Gateway
from tests.desktop.pod import Pod
from tests.desktop.screen import log_in

HERE = Path(__file__).parent
VIEWPORT = {"width": 1400, "height": 900}
SETTLE_S = 3
WATCH_S = 8
PATIENCE_S = 8
SHARP = 0.98
"""SSIM at which nobody tells the picture from its source."""
CLICKS = 24
PICTURES = 6
USER = "user1"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One run. Times in milliseconds, rates a second."""

    stack: str
    link: str
    first_frame: float
    """From the start of the desktop's container to the application in the browser."""
    fps: float
    idle: Sequence[float]
    """Click to pixel, nothing else moving."""
    busy: Sequence[float]
    """Click to pixel while the map moves."""
    bytes: float
    """What the pod sends, the animation running."""
    cpu: float
    """Seconds of CPU a second, desktop and notebook together, the application included."""
    sharp_after: float
    """Milliseconds after the map has stopped until its SSIM is SHARP; PATIENCE_S where it never is."""
    still: float
    """SSIM of the map at rest, against its source."""
    moving: float
    """SSIM of the moving map, against the source of the frame that it shows."""
    image_mb: float


class Source:
    """The map's frames as the application draws them."""

    def __init__(self, engine: Engine, image: str, folder: Path) -> None:
        """`image` is a desktop's with the stand-in; `folder` takes the frames."""
        script = "mkdir /tmp/frames && java -jar /opt/IDV/idv.jar --frames /tmp/frames"
        container = engine.docker("create", "--entrypoint=sh", image, "-c", script).strip()
        try:
            engine.docker("start", "--attach", container)
            engine.docker("cp", f"{container}:/tmp/frames", str(folder))
        finally:
            engine.docker("rm", container)
        self._folder = folder / "frames"

    def similarity(self, number: int, painted: Image.Image) -> float:
        """SSIM of a painted frame, 1 for the same picture."""
        source = Image.open(self._folder / f"frame-{number}.png").convert("RGB")
        similarity = structural_similarity(np.asarray(source), np.asarray(painted), channel_axis=2)  # type: ignore[no-untyped-call]
        return float(similarity)


def measure(gateway: Gateway, stack: Stack, link: Link, source: Source, scratch: Path) -> Figures:
    """Everything about one stack through one link, once `offer` has it in the hub; about a minute."""
    address = urlsplit(gateway.url)
    # A name under .localhost would be this machine, whatever the link.
    reach = f"--host-resolver-rules=MAP {address.hostname} {link.gateway}"
    trust(gateway.authority, scratch)
    with (
        carried(link, address.port or HTTPS, scratch),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=link.chromium, args=[*OPTIONS, reach], env={**os.environ, "HOME": str(scratch)}
        )
        page = _page(browser, gateway.url)
        path = f"user/{USER}/"
        server = log_in(page.context, gateway, USER, title(stack), path="")
        pod = gateway.pods[USER]
        try:
            first = first_frame(pod, stack, page, f"{gateway.url}/{path}{stack.page.format(path=path)}")
            figures = _watched(page, pod, source)
        finally:
            visit.stop(server, gateway.url)
            browser.close()
    return Figures(stack=stack.name, link=link.name, image_mb=stack.image_mb, first_frame=first, **figures)


def _watched(page: Page, pod: Pod, source: Source) -> dict[str, Any]:
    """The figures of a desktop that is in the page."""
    time.sleep(SETTLE_S)
    page.evaluate("probe.keep()")
    idle = _clicks(page, wait_ms=150)
    _animate(page)
    # It draws all of its frames before it shows the second one.
    page.wait_for_function("window.probe.number()", timeout=60_000)
    time.sleep(SETTLE_S)
    used, sent = _cpu(pod), _sent(pod)
    fps = page.evaluate("milliseconds => probe.watch(milliseconds)", WATCH_S * 1000)
    cpu, rate = (_cpu(pod) - used) / WATCH_S, (_sent(pod) - sent) / WATCH_S
    busy = _clicks(page, wait_ms=150)
    moving = float(np.median([source.similarity(*_picture(page)) for _ in range(PICTURES)]))
    _animate(page)
    sharp_after, still = _come_to_rest(page, source)
    return {
        "fps": fps, "idle": idle, "busy": busy, "bytes": rate, "cpu": cpu,
        "sharp_after": sharp_after, "still": still, "moving": moving,
    }  # fmt: skip


def _page(browser: Browser, url: str) -> Page:
    # Our page allows no eval, which waiting for a condition needs.
    context = browser.new_context(viewport=VIEWPORT, bypass_csp=True)  # type: ignore[arg-type]
    context.add_init_script(path=HERE / "probe.js")
    page = context.new_page()
    page.goto(f"{url}/hub/login")
    return page


def _clicks(page: Page, wait_ms: int) -> list[float]:
    """Milliseconds from click to pixel, CLICKS times at times that no frame rate divides."""
    pad = page.evaluate("probe.locate()")
    page.mouse.move(pad["x"], pad["y"])
    page.evaluate("probe.clicks = []")
    for done in range(CLICKS):
        page.mouse.down()
        page.mouse.up()
        page.wait_for_function("n => probe.clicks.length > n", arg=done, polling=20, timeout=10_000)
        page.wait_for_timeout(wait_ms + random.randrange(50))
    clicks: list[float] = page.evaluate("probe.clicks")
    return clicks


def _animate(page: Page) -> None:
    """Presses the stand-in's button by keyboard: Tab leads from the text field to it, wherever it is."""
    focused = page.evaluate("window.animated")
    if not focused:
        page.keyboard.press("Tab")
        page.evaluate("window.animated = true")
    page.keyboard.press("Space")


def _picture(page: Page) -> tuple[int, Image.Image]:
    page.wait_for_timeout(random.randrange(200, 400))
    return _grab(page)


def _grab(page: Page) -> tuple[int, Image.Image]:
    taken = page.evaluate("probe.picture()")
    encoded = taken["png"].partition(",")[2]
    return taken["number"], Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")


def _come_to_rest(page: Page, source: Source) -> tuple[float, float]:
    """Milliseconds until the map that has just stopped is sharp, and its SSIM in the end."""
    begin = time.monotonic()
    taken = [(0.0, _grab(page))]
    while time.monotonic() < begin + PATIENCE_S:
        time.sleep(0.1)
        taken.append(((time.monotonic() - begin) * 1000, _grab(page)))
    # Judged afterwards: it takes longer than the picture does to become sharp.
    last = source.similarity(*taken[-1][1])
    if last < SHARP:
        return PATIENCE_S * 1000, last
    low, high = 0, len(taken) - 1
    while low < high:
        middle = (low + high) // 2
        if source.similarity(*taken[middle][1]) >= SHARP:
            high = middle
        else:
            low = middle + 1
    return taken[high][0], last


def _cpu(pod: Pod) -> float:
    """Seconds of CPU that the pod's containers have used."""
    # Version 1 of cgroups counts nanoseconds, version 2 microseconds.
    script = (
        "cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || "
        "awk '/^usage_usec/ {print $2 * 1000}' /sys/fs/cgroup/cpu.stat"
    )
    return sum(int(pod.run_in(name, "sh", "-c", script)) for name in (pod.notebook, pod.desktop)) / 1e9


def _sent(pod: Pod) -> int:
    """Bytes that the pod has sent from its network."""
    return int(pod.run_in(pod.notebook, "cat", "/sys/class/net/eth0/statistics/tx_bytes"))
