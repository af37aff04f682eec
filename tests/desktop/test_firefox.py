"""The desktop in the distribution's Firefox: its picture is never a broken one, whoever carries it."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from sandbox.address import HTTPS
from tests.desktop import firefox
from tests.desktop.bench.link import carried, slow
from tests.desktop.firefox import Tab
from tests.desktop.gateway import Gateway
from tests.desktop.screen import GREEN, RED, Pixels, Screen, frame_number, until
from tests.desktop.test_video import BEGUN_S, DRAWN_S, NARROW_MBIT, WAY, at_rest, moves

pytestmark = [
    pytest.mark.skipif(firefox.program() is None, reason="no Firefox: apt-get install firefox-esr"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a slow link needs root"),
]
LOOKS = 12
BROKEN = 40
"""Levels of a colour by which a part of a coarse picture is off, on average, once it is another one."""
PART = 100
FRAMES = 60
FITS = """() => {
    const [canvas, place] = ['#screen canvas', '#screen'].map((one) => document.querySelector(one));
    return canvas.width === Math.floor(place.getBoundingClientRect().width);
}"""


@pytest.fixture(scope="module")
def tab(running: Gateway, entrance: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Firefox behind a narrow link, with the first user's desktop; she has logged in there."""
    entrance.close()  # of two windows, none gets a video
    scratch, profile = tmp_path_factory.mktemp("narrow"), tmp_path_factory.mktemp("firefox")
    found, address = firefox.program(), urlsplit(running.url)
    assert found
    with (
        slow(found, scratch, mbit=NARROW_MBIT) as link,
        carried(link, address.port or HTTPS, scratch),
        firefox.opened(
            link.chromium, running.authority, profile, **{"network.dns.forceResolve": link.gateway}
        ) as tab,
    ):
        tab.goto(f"{running.url}/hub/login?next=/user/user1/desktop/")
        tab.evaluate("document.querySelector('[name=username]').focus()")
        tab.type("user1")
        tab.evaluate("document.querySelector('[name=password]').focus()")
        tab.type(f"{running.password}\ue007")  # Enter
        until(lambda: tab.url.endswith("/user/user1/desktop/"))
        yield tab


@pytest.fixture(scope="module")
def screen(tab: Tab) -> Screen:
    until(lambda: tab.evaluate("document.querySelector('#status')?.textContent") == "Connected", 60)
    screen = Screen(tab)  # type: ignore[arg-type]
    until(lambda: screen.find(RED) or screen.find(GREEN), 60)
    until(lambda: tab.evaluate(FITS))
    until(lambda: at_rest(screen))
    return screen


@pytest.fixture(scope="module")
def drawn(running: Gateway) -> list[Pixels]:
    """All frames of the map, as the application draws them."""
    pod = running.pods["user1"]
    write = "mkdir -p /tmp/frames; java -jar /opt/IDV/idv.jar --frames /tmp/frames; cd /tmp/frames"
    pod.run_in(pod.desktop, "sh", "-c", write)
    frames = []
    for number in range(FRAMES):
        got = pod.run_in(pod.desktop, "base64", "--wrap=0", f"/tmp/frames/frame-{number}.png")
        frames.append(np.asarray(Image.open(io.BytesIO(base64.b64decode(got))).convert("RGB")))
    return frames


def found(screen: Screen) -> tuple[slice, slice]:
    """Where the map is in the page. It must stand still: in a coarse picture, edges are elsewhere."""
    _, shown = screen.shown_map()
    x, y = map(int, until(lambda: screen.find(RED) or screen.find(GREEN)))
    pixels, (height, width) = screen.pixels(), shown.shape[:2]
    for top in range(y - 310, y - 280):
        for left in range(x + 90, x + 120):
            if np.array_equal(pixels[top, left : left + width], shown[0]):
                return np.s_[top : top + height, left : left + width]
    raise AssertionError("the map is not found again")


def whole(shown: Pixels, frames: list[Pixels]) -> bool:
    """Whether each part of a picture is much like that of one of a few frames."""
    for top in range(0, shown.shape[0], PART):
        for left in range(0, shown.shape[1], PART):
            here = np.s_[top : top + PART, left : left + PART]
            if min(np.abs(shown[here].astype(int) - one[here]).mean() for one in frames) > BROKEN:
                return False
    return True


def test_pad_turns(screen: Screen) -> None:
    screen.press_pad()
    screen.press_pad()


def test_what_moves_is_never_broken(tab: Tab, screen: Screen, drawn: list[Pixels]) -> None:
    codec = "{codec: 'avc1.640034', optimizeForLatency: true}"
    able = tab.evaluate(f"VideoDecoder.isConfigSupported({codec}).then(({{supported}}) => supported)")
    button, place = until(screen.find_button), found(screen)
    tab.click(*button)
    until(lambda: moves(screen), DRAWN_S)
    if able:
        until(lambda: tab.evaluate(WAY), BEGUN_S)
    numbers = set()
    for _ in range(LOOKS):
        shown = screen.pixels()[place]
        number = frame_number(shown)
        numbers.add(number)
        near = [drawn[(number + step) % FRAMES] for step in (-2, -1, 0, 1, 2)]
        assert whole(shown, near), f"frame {number} is broken"
        screen.press_pad()
    assert len(numbers) > 1
    if not able:
        assert not tab.evaluate(WAY)
    tab.click(*button)
    until(lambda: at_rest(screen) and not tab.evaluate(WAY))
    number, shown = screen.shown_map()
    assert np.array_equal(shown, drawn[number])
