"""The page without a mouse, with a screen reader's names, and in high contrast."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.desktop.screen import Screen, until, violations

CONTROLS = ["Clipboard", "Files", "Full screen", "JupyterLab"]


@pytest.fixture(scope="module", autouse=True)
def tidy(screen: Screen) -> Iterator[None]:
    """The next module finds the text field empty."""
    yield
    screen.clear_text_field()


def test_every_control_is_reached_with_the_keyboard(screen: Screen) -> None:
    page = screen.page
    screen.click_text_field()
    page.keyboard.press("Tab")  # that is the desktop's
    expect(page.get_by_label("Type into the desktop")).to_be_focused()
    reached = []
    page.keyboard.press("Control+Alt+Shift")
    for _ in CONTROLS:
        reached.append(page.evaluate("document.activeElement.textContent"))
        page.keyboard.press("Tab")
    assert reached == CONTROLS
    expect(page.get_by_label("Type into the desktop")).to_be_focused()


def test_no_key_stays_pressed_in_the_desktop(screen: Screen) -> None:
    page = screen.page
    screen.click_text_field()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+Alt+Shift")
    for _ in CONTROLS:
        page.keyboard.press("Tab")
    page.keyboard.type("plain")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    until(lambda: page.evaluate("navigator.clipboard.readText()") == "plain")


def test_dialogs_give_the_focus_back(screen: Screen) -> None:
    page = screen.page
    for name in ("Clipboard", "Files"):
        button = page.get_by_role("button", name=name, exact=True)
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(page.get_by_label("Type into the desktop")).to_be_focused()


def test_high_contrast(screen: Screen) -> None:
    page = screen.page
    page.emulate_media(forced_colors="active")
    page.get_by_role("button", name="Files").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    for name in CONTROLS:
        control = page.locator("nav").get_by_text(name, exact=True)
        # Backgrounds are gone there: an edge is what tells a control from text.
        assert control.evaluate("control => getComputedStyle(control).borderTopStyle") == "solid"
    page.emulate_media(forced_colors="none")
