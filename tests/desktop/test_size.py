"""The desktop has the size of its place in the page, whatever happens to that."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.desktop.gateway import Gateway
from tests.desktop.screen import SIZE, Screen, log_in, until, violations

SET_DESKTOP_SIZE = 251  # the type of the message, its first byte


def test_desktop_follows_the_window(screen: Screen) -> None:
    screen.page.set_viewport_size({"width": 1000, "height": 700})
    until(lambda: screen.size() == screen.place() and screen.size()[0] == 1000)
    screen.page.set_viewport_size(SIZE)  # type: ignore[arg-type]
    until(lambda: screen.size() == screen.place() and screen.size()[0] == SIZE["width"])


def test_small_window_shows_all_of_it_smaller(screen: Screen) -> None:
    screen.page.set_viewport_size({"width": 390, "height": 700})
    screen.page.wait_for_timeout(500)
    assert screen.size()[0] >= 640
    box = screen.page.locator("#screen canvas").bounding_box()
    assert box and box["width"] <= 390
    screen.page.set_viewport_size(SIZE)  # type: ignore[arg-type]
    until(lambda: screen.size() == screen.place())


def test_sizes_that_are_asked_for(screen: Screen) -> None:
    asked: list[tuple[int, int]] = []

    def note(frame: bytes | str) -> None:
        if isinstance(frame, bytes) and frame[0] == SET_DESKTOP_SIZE:
            width, height = struct.unpack_from(">HH", frame, 2)
            asked.append((width, height))

    screen.page.on("websocket", lambda socket: socket.on("framesent", note))
    screen.page.reload()
    screen.connected()
    # An edge of the window that is dragged to and fro: no size is asked for that an application can't use.
    screen.page.evaluate(
        """async () => {
            const main = document.querySelector('main');
            for (let step = 0; step < 400; step += 1) {
                main.style.width = `${640 + 60 * Math.sin(step / 3)}px`;
                await new Promise((next) => setTimeout(next, 5));
            }
            main.style.width = '';
        }"""
    )
    until(lambda: screen.size() == screen.place())
    assert asked and all(width >= 640 for width, _ in asked), asked
    # A height that is no whole number is asked for once.
    screen.page.evaluate("document.querySelector('main').style.flex = '0 0 500.5px'")
    until(lambda: screen.size()[1] == 500)
    before = len(asked)
    screen.page.wait_for_timeout(1500)
    assert len(asked) == before
    screen.page.evaluate("document.querySelector('main').style.flex = ''")
    until(lambda: screen.size() == screen.place())


@pytest.mark.parametrize(("width", "height"), [(390, 700), (844, 390)])
def test_on_a_phone(browser: Browser, running: Gateway, screen: Screen, width: int, height: int) -> None:
    size: Any = {"width": width, "height": height}
    fresh = browser.new_context(viewport=size, is_mobile=True, has_touch=True)
    page = log_in(fresh, running, "user1")
    expect(page.locator("#status")).to_have_text("Connected", timeout=60_000)
    # All of the bar can be reached, and all of the desktop is seen.
    for part in ["#keyboard", "#clipboard", "#fullscreen", "#lab", "#screen canvas"]:
        box = page.locator(part).bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= width, part
        assert box["y"] >= 0 and box["y"] + box["height"] <= height, part
    assert page.evaluate("visualViewport.scale") == 1
    assert violations(page) == []
    page.get_by_role("button", name="Keyboard").tap()
    expect(page.get_by_role("button", name="Keyboard")).to_have_attribute("aria-pressed", "true")
    before = screen.pixels()
    page.keyboard.insert_text("by touch")
    until(lambda: not np.array_equal(screen.pixels(), before))
    fresh.close()
