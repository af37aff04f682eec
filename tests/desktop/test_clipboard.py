"""One clipboard, however many windows show the desktop: the last copied text wins."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.desktop.gateway import Gateway
from tests.desktop.screen import Screen, until, violations

CLIPBOARD = "navigator.clipboard.readText()"
PICTURE = """async () => {
    const [item] = await navigator.clipboard.read();
    const picture = await createImageBitmap(await item.getType('image/png'));
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext('2d').drawImage(picture, 0, 0);
    return [picture.width, picture.height, ...canvas.getContext('2d').getImageData(30, 20, 1, 1).data];
}"""
COPY = "export DISPLAY=$(cat /tmp/desktop-*/display); xclip -in -selection clipboard"


@pytest.fixture(scope="module", autouse=True)
def tidy(screen: Screen) -> Iterator[None]:
    """The next module finds the text field empty."""
    yield
    screen.clear_text_field()


@pytest.fixture
def other(context: BrowserContext, running: Gateway, screen: Screen) -> Iterator[Page]:
    """A second, smaller window of the same desktop, and a page of something else in front of both."""
    page = context.new_page()
    page.set_viewport_size({"width": 1000, "height": 700})
    page.goto(f"{running.url}/user/user1/desktop/")
    expect(page.locator("#status")).to_have_text("Connected", timeout=60_000)
    until(lambda: Screen(page).size() == Screen(page).place())
    yield page
    page.close()
    focus(screen.page)
    until(lambda: screen.size() == screen.place())


def focus(page: Page, *, focused: bool = True) -> None:
    """Let the page believe that its window has the focus, or has lost it."""
    page.evaluate(
        "focused => { document.hasFocus = () => focused;"
        "  dispatchEvent(new Event(focused ? 'focus' : 'blur')) }",
        focused,
    )


def refuse_to_write(page: Page) -> None:
    """As browsers do where the page has not the focus."""
    page.evaluate(
        "() => { const write = navigator.clipboard.writeText.bind(navigator.clipboard);"
        "  navigator.clipboard.writeText = (text) => document.hasFocus() ? write(text)"
        "    : Promise.reject(new DOMException('not focused', 'NotAllowedError')) }"
    )


def copy_in_desktop(screen: Screen, text: str) -> None:
    screen.at_rest().click_text_field()
    screen.page.keyboard.press("Control+a")
    screen.page.keyboard.type(text)
    screen.page.keyboard.press("Control+a")
    screen.page.keyboard.press("Control+c")
    until(lambda: screen.page.evaluate(CLIPBOARD) == text)


def test_the_last_copied_text_wins(screen: Screen, other: Page) -> None:
    refuse_to_write(other)
    focus(other, focused=False)
    focus(screen.page)
    copy_in_desktop(screen, "first")
    focus(screen.page, focused=False)
    other.wait_for_timeout(500)
    other.evaluate("navigator.permissions.query({name: 'clipboard-read'})")
    # Something else is copied elsewhere, then the other window is clicked.
    screen.page.evaluate("ClipboardItem && navigator.clipboard.writeText('second')")
    focus(other)
    other.mouse.click(500, 600)
    other.wait_for_timeout(500)
    assert other.evaluate(CLIPBOARD) == "second"


def test_each_window_shows_the_whole_desktop(screen: Screen, other: Page) -> None:
    def whole(page: Page) -> bool:
        return bool(page.evaluate(
            "() => { const canvas = document.querySelector('#screen canvas').getBoundingClientRect();"
            "  const place = document.querySelector('#screen').getBoundingClientRect();"
            "  return canvas.width <= place.width + 1 && canvas.height <= place.height + 1 }"
        ))  # fmt: skip

    small = Screen(other)
    until(lambda: small.size() == small.place())
    until(lambda: whole(screen.page) and whole(other))
    focus(screen.page)  # the window that is used gives the size
    until(lambda: screen.size() == screen.place())
    until(lambda: whole(screen.page) and whole(other))
    screen.page.wait_for_timeout(1000)
    assert screen.size() == screen.place()


def test_the_same_text_can_be_pasted_after_the_connection_was_lost(screen: Screen) -> None:
    copy_in_desktop(screen, "old")
    page = screen.page
    page.evaluate("navigator.clipboard.writeText('again')")
    for _ in range(2):
        screen.click_text_field()
        page.keyboard.press("Control+a")
        page.keyboard.type("typed meanwhile")
        page.keyboard.press("Control+a")
        page.keyboard.press("Control+v")
        page.wait_for_timeout(1000)
        page.context.set_offline(True)
        expect(page.locator("#status")).to_have_text("Connection lost", timeout=10_000)
        page.context.set_offline(False)
        screen.connected()
    page.evaluate("navigator.clipboard.writeText('else')")
    screen.click_text_field()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    until(lambda: page.evaluate(CLIPBOARD) == "again")


def test_a_picture_is_copied_in_the_desktop(screen: Screen, running: Gateway) -> None:
    drawn = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    noise[20, 30] = (10, 200, 30)
    Image.fromarray(noise).save(drawn, "png")
    encoded = base64.b64encode(drawn.getvalue()).decode()
    pod = running.pods["user1"]
    page = screen.page
    shown = page.get_by_role("dialog").get_by_role("img")
    picture = f"echo {encoded} | base64 -d >/tmp/copied.png"
    copied = f"{picture}; {COPY} -target image/png /tmp/copied.png >/dev/null 2>&1"
    pod.run_in(pod.desktop, "sh", "-c", copied)
    page.get_by_role("button", name="Clipboard").click()
    expect(shown).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Copy the picture").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate(PICTURE) == [60, 40, 10, 200, 30, 255]
    page.keyboard.press("Escape")
    # It is gone once something else is copied.
    pod.run_in(pod.desktop, "sh", "-c", f"echo text | ({COPY} >/dev/null 2>&1)")
    until(lambda: page.evaluate(CLIPBOARD) == "text\n")
    page.get_by_role("button", name="Clipboard").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(1000)
    expect(shown).to_be_hidden()
    page.keyboard.press("Escape")


def test_a_picture_is_its_users_own(browser: Browser, screen: Screen) -> None:
    stranger = browser.new_context()
    page = stranger.new_page()
    page.goto(screen.page.url + "picture")
    assert "/hub/login" in page.url
    stranger.close()
