"""What a user does in the hub's pages and in a desktop's, and what she sees there."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

SEEN = 0.05
"""The part of the screen that is not of its background once an application is seen."""
STILL_S = 0.5
SMALL, NOISE = 2000, 8
"""Pixels, and levels of a colour, by which two pictures may differ and count as the same."""
BUTTON = (45, 13)
"""Of the menu of applications, in every desktop: pixels from the left and from below."""
PATIENCE_S = 180
STOP = "Stop My Server"
T = TypeVar("T")


def until(look: Callable[[], T], what: str) -> T:
    """The first true answer of `look`. AssertionError with `what` after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := look()):
        assert time.monotonic() < deadline, f"{what} after {PATIENCE_S} s"
        time.sleep(0.1)
    return answer


def pixels(page: Page) -> NDArray[np.uint8]:
    """What the desktop's canvas shows: rows, columns, RGB."""
    shown = page.locator("#screen canvas").screenshot()
    return np.asarray(Image.open(io.BytesIO(shown)).convert("RGB"))


def painted(page: Page) -> bool:
    """Whether an application is seen in the desktop, and has stopped to build its window."""
    picture = pixels(page)
    # A number for each pixel: rows of three take more than a second to sort.
    _, counts = np.unique(picture @ np.array([65536, 256, 1], np.uint32), return_counts=True)
    if counts.max() > (1 - SEEN) * counts.sum():
        return False
    time.sleep(STILL_S)
    return not differ(pixels(page), picture)


def try_to_log_in(context: BrowserContext, url: str, user: str, password: str) -> Page:
    """A new page with what the hub answers to name and password."""
    page = context.new_page()
    page.goto(f"{url}/hub/login?next=/hub/home")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    return page


def log_in(context: BrowserContext, url: str, user: str, password: str) -> Page:
    """The hub's page about her server."""
    page = try_to_log_in(context, url, user, password)
    page.wait_for_url("**/hub/home")
    return page


def runs(page: Page, url: str) -> bool:
    """Whether her server runs, or is on its way."""
    page.goto(f"{url}/hub/home", wait_until="networkidle")  # its button has a script
    return bool(page.get_by_role("button", name=STOP).is_visible())


def stop(page: Page, url: str) -> None:
    """Stop her server where one runs."""
    if runs(page, url):
        button = page.get_by_role("button", name=STOP)
        button.click()
        expect(button).to_be_hidden(timeout=PATIENCE_S * 1000)


def start(page: Page, url: str, profile: str, path: str = "desktop", patience_s: float = PATIENCE_S) -> None:
    """Start the profile's server and wait until its page, at `path`, is there."""
    page.goto(f"{url}/hub/spawn")
    page.get_by_text(profile).first.click()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(f"**/user/*/{path}**", timeout=patience_s * 1000)


def see(page: Page) -> None:
    """Wait until an application is seen in the desktop."""
    expect(page.locator("#status")).to_have_text("Connected", timeout=60_000)
    until(lambda: painted(page), "nothing is painted")


def click(page: Page) -> None:
    """Click on the desktop's menu of applications, see it open, and close it."""
    before = menu(page)
    box = page.locator("#screen canvas").bounding_box()
    assert box, "the desktop is not in the page"
    page.mouse.click(box["x"] + BUTTON[0], box["y"] + box["height"] - BUTTON[1])
    until(lambda: differ(menu(page), before), "the menu of applications does not open")
    opened = menu(page)
    page.keyboard.press("Escape")
    until(lambda: differ(menu(page), opened), "the menu of applications does not close")


def menu(page: Page) -> NDArray[np.uint8]:
    """Where the menu of applications is when it is open: above its button, in the lower left corner."""
    return pixels(page)[-140:-30, :110]


def differ(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Whether two pictures differ by more than a caret that blinks, or what a lossy picture leaves."""
    if one.shape != other.shape:
        return True
    far = np.abs(one.astype(int) - other.astype(int)).max(axis=2) > NOISE
    return int(far.sum()) > SMALL
