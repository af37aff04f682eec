"""A user's browser: she logs in and looks at her desktop. Also reads what it shows."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from sandbox.check import visit
from tests.desktop.gateway import Gateway, node_modules

SIZE = {"width": 1400, "height": 900}
"""Of her window."""
Pixels = NDArray[np.uint8]
T = TypeVar("T")
RED, GREEN = (200, 40, 40), (0, 160, 60)
"""The pad of the stand-in (sandbox/images/desktop), before and after a click."""
MAP, BIT, BITS = (900, 600), 16, 6
"""Size of the stand-in's map (sandbox/images/desktop) and of the squares with the number of its frame."""
PATIENCE_S = 30
REACH_MS = 250


def log_in(context: BrowserContext, gateway: Gateway, user: str, profile: str = "IDV", **where: str) -> Page:
    """The page of her server, with this profile where none runs yet; `where` goes to `visit.start`."""
    page = visit.log_in(context, gateway.url, user, gateway.password)
    if visit.runs(page, gateway.url):
        page.goto(f"{gateway.url}/user/{user}/")
    else:
        visit.start(page, gateway.url, profile, **where)
    return page


@contextmanager
def session(browser: Browser, gateway: Gateway, user: str, profile: str, **where: str) -> Iterator[Page]:
    """A user at work in a browser of her own; her server is stopped at the end."""
    context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
    page = log_in(context, gateway, user, profile, **where)
    try:
        yield page
    finally:
        visit.stop(page, gateway.url)
        context.close()


def ended(browser: Browser, gateway: Gateway, user: str) -> None:
    """Have her server stopped, if one runs."""
    context = browser.new_context()
    visit.stop(visit.log_in(context, gateway.url, user, gateway.password), gateway.url)
    context.close()


@dataclass
class Screen:
    """The desktop in a page."""

    page: Page

    def connected(self) -> Screen:
        """Itself, once the application is seen."""
        expect(self.page.locator("#status")).to_have_text("Connected", timeout=60_000)
        until(lambda: self.find(RED) or self.find(GREEN))
        return self

    def at_rest(self) -> Screen:
        """Itself, once the application has taken this window's size: a click before that goes astray."""
        until(lambda: self.size() == self.place())
        visit.see(self.page)
        return self

    def watch(self) -> None:
        """Note from now on what the page says about its connection."""
        self.page.evaluate(
            """() => {
                const status = document.querySelector('#status');
                window.said = [];
                new MutationObserver(() => window.said.push(status.textContent)).observe(
                    status, {childList: true, characterData: true, subtree: true});
            }"""
        )

    def untouched(self) -> None:
        """Fails where the connection was lost since `watch`, or the desktop answers no click."""
        assert self.page.evaluate("window.said") == []
        expect(self.page.locator("#status")).to_have_text("Connected")
        self.press_pad()

    def press_pad(self) -> None:
        """Click on the stand-in's pad and see it turn."""
        before = RED if self.find(RED) else GREEN
        after = GREEN if before is RED else RED
        self.page.mouse.click(*until(lambda: self.find(before)))
        until(lambda: self.find(after))

    def pixels(self) -> Pixels:
        """What is painted in the page now: rows, columns, RGB."""
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        return np.asarray(picture)

    def find(self, colour: tuple[int, int, int]) -> tuple[float, float] | None:
        """The middle of what has this colour; None where there is too little of it."""
        near = (np.abs(self.pixels().astype(int) - colour) < 16).all(axis=2)
        rows, columns = np.nonzero(near)
        return None if len(rows) < 5000 else (float(np.median(columns)), float(np.median(rows)))

    def find_text_field(self) -> tuple[float, float] | None:
        """The stand-in's text field: the widest white stretch over its pad."""
        return self._find_in_top_row(lambda row: (row == 255).all(axis=1), 120)

    def click_text_field(self) -> None:
        """Click into the stand-in's text field, and wait as long as a hand needs to get to the keys.

        The window manager looks at a click before the application gets it, and keys overtake it: of 180 times
        that Ctrl+A followed at once, 11 times it came first, and the click undid it.
        """
        self.page.mouse.click(*until(self.find_text_field))
        self.page.wait_for_timeout(REACH_MS)

    def clear_text_field(self) -> None:
        """Leave the stand-in's text field empty, as the tests of other modules expect it."""
        self.click_text_field()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")

    def find_button(self) -> tuple[float, float] | None:
        """The stand-in's button Animate, whose face is bluish."""
        return self._find_in_top_row(lambda row: row[:, 2].astype(int) - row[:, 0] > 12, 40)

    def _find_in_top_row(self, wanted: Callable[[Pixels], Any], least: int) -> tuple[float, float] | None:
        pixels = self.pixels()
        for y in range(60, 110):
            columns = np.nonzero(wanted(pixels[y]))[0]
            runs = np.split(columns, np.nonzero(np.diff(columns) > 1)[0] + 1)
            longest = max(runs, key=len)
            if len(longest) >= least:
                return float(longest.mean()), float(y + 4)
        return None

    def shown_map(self) -> tuple[int, Pixels]:
        """Number and picture of the map's frame. The map stands 5 to the right of the pad, centred on it."""
        x, y = map(int, until(lambda: self.find(RED) or self.find(GREEN)))
        pixels = self.pixels()
        # Its edge is where the first number's squares begin, black or white, on the window's grey.
        across = pixels[y - 292, x + 90 : x + 120].astype(int)
        left = x + 90 + int(np.argmax(np.abs(across - across[0]).max(axis=1) > 8))
        down = pixels[y - 310 : y - 280, left + 100].astype(int)
        top = y - 310 + int(np.argmax(np.abs(down - down[0]).max(axis=1) > 8))
        picture = pixels[top : top + MAP[1], left : left + MAP[0]]
        return frame_number(picture), picture

    def size(self) -> tuple[int, int]:
        """Of the desktop, not of the element that shows it."""
        width, height = self.page.evaluate(
            "() => { const c = document.querySelector('#screen canvas'); return [c.width, c.height] }"
        )
        return width, height

    def place(self) -> tuple[int, int]:
        """Size of the desktop's place in the page."""
        box = self.page.locator("#screen").bounding_box()
        assert box
        return int(box["width"]), int(box["height"])


def frame_number(picture: Pixels) -> int:
    """Of a picture of the stand-in's map."""
    bits = [picture[BIT // 2, bit * BIT + BIT // 2, 1] > 127 for bit in range(BITS)]
    return sum(1 << bit for bit, on in enumerate(bits) if on)


def until(look: Callable[[], T | None], patience: float = PATIENCE_S) -> T:
    """The first answer that is something."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def violations(page: Page) -> list[str]:
    """What axe-core finds against the page, each as rule and elements."""
    page.evaluate((node_modules() / "axe-core/axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]
