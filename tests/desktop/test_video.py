"""What moves becomes a video on a link that VNC does not fill in time, and VNC's again in every trouble."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from sandbox.address import HTTPS
from sandbox.check.browser import OPTIONS, chromium, trust
from tests.desktop.bench.link import carried, slow
from tests.desktop.gateway import Gateway
from tests.desktop.pod import Pod
from tests.desktop.screen import SIZE, Pixels, Screen, log_in, until
from tests.desktop.test_away import hide

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a slow link needs root")
NARROW_MBIT = 6
"""Carries about six of VNC's frames a second, and a good video."""
A_SECOND = 1.3
"""With the time that looking takes."""
DRAWN_S = 120
BEGUN_S = 30
"""Until a video runs again, whatever happened."""
WAY = "document.querySelector('#screen').dataset.video === 'running'"
# The encoder, whatever else the application has of Python.
SIGNAL = """
for process in /proc/[0-9]*; do
    case $(tr '\\0' ' ' <$process/cmdline 2>/dev/null) in
    /opt/video/bin/python*) kill -{} ${{process#/proc/}} && echo sent ;;
    esac
done
"""


@pytest.fixture(scope="module")
def narrow(browser: Browser, running: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium behind a narrow link."""
    scratch = tmp_path_factory.mktemp("narrow")
    trust(running.authority, scratch)
    address = urlsplit(running.url)
    with (
        slow(chromium(), scratch, mbit=NARROW_MBIT) as link,
        carried(link, address.port or HTTPS, scratch),
    ):
        started = browser.browser_type.launch(
            executable_path=link.chromium,
            args=[*OPTIONS, f"--host-resolver-rules=MAP {address.hostname} {link.gateway}"],
            env={**os.environ, "HOME": str(scratch)},
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def context(narrow: Browser) -> Iterator[BrowserContext]:
    fresh = narrow.new_context(viewport=SIZE)  # type: ignore[arg-type]
    yield fresh
    fresh.close()


@pytest.fixture(scope="module")
def screen(context: BrowserContext, running: Gateway) -> Screen:
    """Her desktop behind the narrow link."""
    page = log_in(context, running, "user1")
    page.goto(f"{running.url}/user/user1/desktop/")
    page.set_default_timeout(60_000)
    screen = Screen(page).connected()
    # The application draws all frames of its map before it shows the second one.
    button = until(screen.find_button)
    page.mouse.click(*button)
    until(lambda: moves(screen), DRAWN_S)
    page.mouse.click(*button)
    until(lambda: at_rest(screen))
    return screen


@pytest.fixture
def animated(screen: Screen) -> Iterator[Screen]:
    """Its map moves, as a video; at the end it stands still."""
    button = until(screen.find_button)
    screen.page.mouse.click(*button)
    until(lambda: by_video(screen.page), BEGUN_S)
    yield screen
    screen.page.bring_to_front()
    screen.page.set_viewport_size(SIZE)  # type: ignore[arg-type]
    until(lambda: screen.size() == screen.place() and screen.find_button() == button)
    screen.page.mouse.click(*button)
    until(lambda: not by_video(screen.page) and at_rest(screen))


@pytest.fixture
def pod(running: Gateway) -> Pod:
    return running.pods["user1"]


def by_video(page: Page) -> bool:
    return bool(page.evaluate(WAY))


def at_rest(screen: Screen) -> bool:
    """Whether the map is, and no slow machine only makes it look so."""
    return not any(moves(screen) for _ in range(3))


def moves(screen: Screen) -> bool:
    """Whether the map does, in the middle of the page."""
    before = middle(screen)
    screen.page.wait_for_timeout(400)
    return not np.array_equal(middle(screen), before)


def middle(screen: Screen) -> Pixels:
    return screen.pixels()[300:600, 500:900]


def encoder(pod: Pod, signal: str) -> None:
    """Send it a signal."""
    assert "sent" in pod.run_in(pod.desktop, "sh", "-c", SIGNAL.format(signal))


def without_video(screen: Screen) -> None:
    """Fails unless VNC carries all within a second."""
    until(lambda: not by_video(screen.page), A_SECOND)
    assert until(lambda: moves(screen), 5)


def test_what_stands_around_the_video_is_live(animated: Screen) -> None:
    animated.press_pad()
    assert moves(animated)
    assert by_video(animated.page)


def test_it_is_more_than_vnc_would_carry(animated: Screen) -> None:
    frames = animated.page.evaluate(
        """async () => {
            let painted = 0;
            const {drawImage} = CanvasRenderingContext2D.prototype;
            CanvasRenderingContext2D.prototype.drawImage = function (...given) {
                if (given[0] instanceof VideoFrame) painted += 1;
                return drawImage.apply(this, given);
            };
            await new Promise((done) => { setTimeout(done, 4000); });
            CanvasRenderingContext2D.prototype.drawImage = drawImage;
            return painted / 4;
        }"""
    )
    assert frames > 15  # 40 and more on a quiet machine, VNC's are 6


def test_the_picture_is_sharp_when_it_stands_still(screen: Screen, pod: Pod) -> None:
    pod.run_in(
        pod.desktop, "sh", "-c", "mkdir -p /tmp/frames; java -jar /opt/IDV/idv.jar --frames /tmp/frames"
    )
    button = until(screen.find_button)
    screen.page.mouse.click(*button)
    until(lambda: by_video(screen.page), BEGUN_S)
    screen.page.mouse.click(*button)
    until(lambda: not by_video(screen.page), A_SECOND + 1)
    until(lambda: at_rest(screen))
    number, painted = screen.shown_map()
    encoded = pod.run_in(pod.desktop, "base64", "--wrap=0", f"/tmp/frames/frame-{number}.png")
    drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))
    assert np.array_equal(painted, drawn)


def test_the_size_changes_meanwhile(animated: Screen) -> None:
    animated.page.set_viewport_size({"width": 1300, "height": 800})
    until(lambda: animated.size() == animated.place() and animated.size()[0] == 1300)
    assert until(lambda: moves(animated), 5)
    until(lambda: by_video(animated.page), BEGUN_S)
    # It is where the map is: beside it nothing is painted over.
    animated.press_pad()


def test_another_tab_is_in_front(animated: Screen) -> None:
    hide(animated.page, hidden=True)
    without_video(animated)
    animated.page.wait_for_timeout(2000)
    assert not by_video(animated.page)
    hide(animated.page, hidden=False)
    until(lambda: by_video(animated.page), BEGUN_S)


def test_two_tabs_have_vnc(animated: Screen, context: BrowserContext) -> None:
    other = context.new_page()
    other.goto(animated.page.url)
    expect(other.locator("#status")).to_have_text("Connected")
    try:
        until(lambda: not by_video(animated.page), 5)
        for page in (animated.page, other):
            assert until(lambda page=page: moves(Screen(page)), 10)  # type: ignore[misc]
        assert not by_video(animated.page) and not by_video(other)
    finally:
        other.close()
    until(lambda: by_video(animated.page), BEGUN_S)


def test_a_browser_without_webcodecs_has_vnc(animated: Screen, narrow: Browser, running: Gateway) -> None:
    old = narrow.new_context(viewport=SIZE)  # type: ignore[arg-type]
    old.add_init_script("delete window.VideoDecoder")
    page = log_in(old, running, "user1")
    opened: list[str] = []
    page.on("websocket", lambda socket: opened.append(socket.url))
    page.goto(animated.page.url)
    expect(page.locator("#status")).to_have_text("Connected", timeout=60_000)
    assert until(lambda: moves(Screen(page)), 10)
    assert opened and not any(url.endswith("/video") for url in opened)
    old.close()


def test_the_encoder_dies(animated: Screen, pod: Pod) -> None:
    encoder(pod, "KILL")
    without_video(animated)
    until(lambda: by_video(animated.page), BEGUN_S)


def test_the_encoder_hangs(animated: Screen, pod: Pod) -> None:
    encoder(pod, "STOP")
    try:
        without_video(animated)
    finally:
        encoder(pod, "CONT")
    until(lambda: by_video(animated.page), BEGUN_S)


def test_the_connection_is_lost(animated: Screen, context: BrowserContext) -> None:
    context.set_offline(True)
    until(lambda: not by_video(animated.page), A_SECOND)
    context.set_offline(False)
    animated.connected()
    until(lambda: by_video(animated.page), BEGUN_S)
