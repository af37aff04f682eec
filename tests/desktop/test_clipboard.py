"""One clipboard, however many windows show the desktop: the last copied text wins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.desktop.gateway import Gateway
from tests.desktop.screen import Screen, until

CLIPBOARD = "navigator.clipboard.readText()"


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
