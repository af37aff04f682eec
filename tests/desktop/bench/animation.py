"""The figures of the stand-in's animation, whose frames are all known beforehand."""

from __future__ import annotations

import base64
import io
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page
from skimage.metrics import structural_similarity

from sandbox.containers import Engine
from tests.desktop.bench.desk import Desk, clicks

SETTLE_S = 2
WATCH_S = 5
PATIENCE_S = 8
UNCHANGED_S = 2.5
"""What has been so for this long does not become sharper any more."""
SHARP = 0.98
"""SSIM at which nobody tells the picture from its source."""
PICTURES = 6
Taken = tuple[int, Image.Image]
"""Number of a frame, as read in its picture, and the picture."""


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
        return similarity(source, painted)


def similarity(one: Image.Image, other: Image.Image) -> float:
    """SSIM of two pictures, 1 for the same."""
    pictures = np.asarray(one), np.asarray(other)
    found = structural_similarity(*pictures, channel_axis=2)  # type: ignore[no-untyped-call]
    return float(found)


def watch(page: Page, desk: Desk, source: Source) -> dict[str, Any]:
    """Figures of the desktop that is in the page."""
    time.sleep(SETTLE_S)
    page.evaluate("probe.keep()")
    idle = clicks(page)
    _animate(page, desk)
    # Until the first time, it draws all of its frames before it shows the second one.
    page.wait_for_function("window.probe.number() !== probe.shown", timeout=60_000)
    time.sleep(SETTLE_S)
    with desk.used() as used:
        fps = page.evaluate("milliseconds => probe.watch(milliseconds)", WATCH_S * 1000)
    busy = clicks(page)
    moving = float(np.median([source.similarity(*_picture(page)) for _ in range(PICTURES)]))
    videos = page.evaluate("probe.videos")
    _animate(page, desk)
    sharp_after, still = come_to_rest(page, lambda taken: source.similarity(*taken))
    with desk.used() as used_still:
        time.sleep(SETTLE_S)
    return {
        "fps": fps, "idle": idle, "busy": busy, "bytes": used.sent, "cpu": used.cpu,
        "cpu_still": used_still.cpu, "sharp_after": sharp_after, "still": still, "moving": moving,
        "videos": videos,
    }  # fmt: skip


def _animate(page: Page, desk: Desk) -> None:
    """Presses the stand-in's button by keyboard: Tab leads from the text field to it, wherever it is."""
    if not desk.focused:
        page.keyboard.press("Tab")
        desk.focused = True
    page.evaluate("probe.shown = probe.number()")
    page.keyboard.press("Space")


def _picture(page: Page) -> Taken:
    page.wait_for_timeout(random.randrange(200, 400))
    return grab(page)


def grab(page: Page) -> Taken:
    taken = page.evaluate("probe.picture()")
    encoded = taken["png"].partition(",")[2]
    return taken["number"], Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")


def come_to_rest(page: Page, judge: Callable[[Taken], float]) -> tuple[float, float]:
    """Milliseconds until the map that has just stopped is sharp, and its SSIM in the end."""
    begin = changed = time.monotonic()
    taken = [(0.0, grab(page))]
    while (now := time.monotonic()) < min(begin + PATIENCE_S, changed + UNCHANGED_S):
        time.sleep(0.1)
        taken.append(((time.monotonic() - begin) * 1000, grab(page)))
        if taken[-1][1] != taken[-2][1]:
            changed = now
    # Judged afterwards: it takes longer than the picture does to become sharp.
    last = judge(taken[-1][1])
    if last < SHARP:
        return PATIENCE_S * 1000, last
    low, high = 0, len(taken) - 1
    while low < high:
        middle = (low + high) // 2
        if judge(taken[middle][1]) >= SHARP:
            high = middle
        else:
            low = middle + 1
    return taken[high][0], last
