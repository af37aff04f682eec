"""The figures of Metview itself: a map that is panned, and stepped through time."""

from __future__ import annotations

import re
import time
from typing import Any

from playwright.sync_api import Page

from tests.desktop.bench.animation import SETTLE_S, WATCH_S, come_to_rest, grab, similarity
from tests.desktop.bench.desk import Desk
from tests.desktop.screen import until

MACRO = """
field = read("/usr/share/eccodes/samples/reduced_gg_pl_32_grib2.tmpl")
steps = nil
for hour = 0 to 138 by 6 do
    one = field * 0 + 243 + 60 * coslat(field) + 12 * sinlat(field) * hour / 24
    steps = steps & grib_set_long(one, ["forecastTime", hour])
end for
write("steps.grib", steps)
"""
"""Temperatures of the whole Earth, 24 steps in time, whose contours move north."""
STEPS = 15
NOTCHES_HZ = 30
"""Of a trackpad that moves a map."""
PLOT = re.compile(r'"Metview - uPlot".* \d+x\d+\+\d+\+\d+ +\+(\d+)\+(\d+)')
# From the upper left corner of the plot's window: the middle of its map, and its list of steps.
MAP, LIST = (370, 350), (800, 113)


def watch(page: Page, desk: Desk) -> dict[str, Any]:
    """Figures of the desktop that is in the page; opens the map at the first time."""
    page.wait_for_function("window.probe.find()", timeout=60_000)
    if desk.fresh:
        desk.fresh = False
        _in_desktop(desk, f"cat >steps.mv <<'END'\n{MACRO}END\nmetview -b steps.mv")
        _in_desktop(desk, "metview -p steps.grib >plot.log 2>&1 &")
    corner = until(lambda: PLOT.search(_in_desktop(desk, "xwininfo -root -tree")), 60)
    time.sleep(2 * SETTLE_S)
    left, top = int(corner[1]), int(corner[2])
    page.evaluate("([x, y]) => probe.cross(x, y)", [left + MAP[0], top + MAP[1]])
    idle = _steps(page, left + LIST[0], top + LIST[1])
    _point(page, left + MAP[0], top + MAP[1])
    with desk.used() as used:
        page.evaluate("milliseconds => { probe.watched = probe.watch(milliseconds); }", WATCH_S * 1000)
        _pan(page, WATCH_S)
        fps = page.evaluate("probe.watched")
    videos = page.evaluate("probe.videos")
    sharp_after, still = come_to_rest(page, lambda taken: similarity(grab(page)[1], taken[1]))
    with desk.used() as used_still:
        time.sleep(SETTLE_S)
    return {
        "fps": fps, "idle": idle, "bytes": used.sent, "cpu": used.cpu, "cpu_still": used_still.cpu,
        "sharp_after": sharp_after, "still": still, "videos": videos,
    }  # fmt: skip


def _in_desktop(desk: Desk, script: str) -> str:
    screen = 'export DISPLAY=$(cat "${XDG_RUNTIME_DIR:-/tmp/desktop-1000}/display")'
    return desk.pod.run_in(desk.pod.desktop, "sh", "-c", f"{screen}; cd; {script}")


def _point(page: Page, x: int, y: int) -> None:
    """The pointer to this place on the desktop."""
    canvas = page.locator("#screen canvas").bounding_box()
    assert canvas
    page.mouse.move(canvas["x"] + x, canvas["y"] + y)


def _steps(page: Page, x: int, y: int) -> list[float]:
    """Milliseconds from the key to the picture of the next step in time, STEPS times; x, y is the first."""
    _point(page, x, y)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_timeout(1500)
    page.evaluate("probe.clicks = []")
    for done in range(STEPS):
        page.keyboard.press("ArrowDown")
        page.wait_for_function("n => probe.clicks.length > n", arg=done, polling=20, timeout=10_000)
        page.wait_for_timeout(400)
    taken: list[float] = page.evaluate("probe.clicks")
    return taken


def _pan(page: Page, seconds: float) -> None:
    """To and fro, as a trackpad does it."""
    begin = time.monotonic()
    notch = 0
    while time.monotonic() - begin < seconds:
        page.mouse.wheel(60 if notch // 10 % 2 == 0 else -60, 0)
        notch += 1
        time.sleep(max(0, begin + notch / NOTCHES_HZ - time.monotonic()))
