"""Zoom, screens of high density and a phone that is turned: the picture is sharp, and asked for once."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.desktop.gateway import Gateway
from tests.desktop.screen import Pixels, Screen, log_in, until

SET_DESKTOP_SIZE = 251
Open = Callable[..., tuple[Page, list[tuple[int, int]]]]


@pytest.fixture
def window(browser: Browser, running: Gateway, screen: Screen) -> Iterator[Open]:
    """Opens a window on a screen of some density; it, and the sizes that it asks for."""
    contexts: list[BrowserContext] = []

    def open_window(
        width: int, height: int, density: float, **more: Any
    ) -> tuple[Page, list[tuple[int, int]]]:
        size: Any = {"width": width, "height": height}
        contexts.append(browser.new_context(viewport=size, device_scale_factor=density, **more))
        page = log_in(contexts[-1], running, "user1")
        asked: list[tuple[int, int]] = []

        def note(frame: bytes | str) -> None:
            if isinstance(frame, bytes) and frame[0] == SET_DESKTOP_SIZE:
                asked.append(struct.unpack_from(">HH", frame, 2))

        page.on("websocket", lambda socket: socket.on("framesent", note))
        page.reload()
        expect(page.locator("#status")).to_have_text("Connected", timeout=60_000)
        return page, asked

    yield open_window
    for context in contexts:
        context.close()
    screen.page.evaluate("dispatchEvent(new Event('focus'))")  # it takes its size again
    until(lambda: screen.size() == screen.place())


def desktop(page: Page) -> Pixels:
    """The desktop's own pixels."""
    address = page.evaluate("document.querySelector('#screen canvas').toDataURL()")
    data = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def shown(page: Page, density: float) -> Pixels:
    """The screen's pixels from where the desktop is shown on."""
    box = page.locator("#screen canvas").bounding_box()
    assert box
    picture = np.asarray(Image.open(io.BytesIO(page.screenshot(scale="device"))).convert("RGB"))
    return picture[round(box["y"] * density) :, round(box["x"] * density) :]


def settled(asked: list[tuple[int, int]], page: Page) -> bool:
    """Whether no more sizes are asked for."""
    before = len(asked)
    page.wait_for_timeout(1500)
    return len(asked) == before


@pytest.mark.parametrize(("density", "each"), [(1.25, 1), (1.5, 1), (2, 2)])
def test_every_pixel_is_sharp(window: Open, density: float, each: int) -> None:
    width, height = round(1600 / density), round(1200 / density)
    page, asked = window(width, height, density)
    looks: list[str] = []

    def sharp() -> bool:
        own, seen = desktop(page), shown(page, density)
        large = own.repeat(each, axis=0).repeat(each, axis=1)
        rows, columns = min(len(large), len(seen)), min(large.shape[1], seen.shape[1])
        # The cursor's blinking line may change between the two.
        same = (large[:rows, :columns] == seen[:rows, :columns]).all(axis=2).mean()
        looks.append(f"{own.shape[1]} columns, {same:.4f} of the pixels")
        return own.shape[1] == 1600 // each and bool(same > 0.999)

    try:
        until(sharp)
    except AssertionError:
        pytest.fail(f"asked for {asked}, saw {looks[-3:]}")
    assert settled(asked, page) and len(asked) <= 3, asked


def test_a_phone_that_is_turned(window: Open) -> None:
    page, asked = window(390, 844, 3, is_mobile=True, has_touch=True)
    for width, height in [(844, 390), (390, 844), (844, 390)]:
        page.set_viewport_size({"width": width, "height": height})

        def all_of_it(width: int = width, height: int = height) -> bool:
            box = page.locator("#screen canvas").bounding_box()
            return bool(box and box["x"] >= 0 and box["x"] + box["width"] <= width + 1
                        and box["y"] + box["height"] <= height + 1 and box["width"] > 150)  # fmt: skip

        until(all_of_it)
        assert settled(asked, page)
    assert all(width >= 640 and height >= 480 for width, height in asked), asked
