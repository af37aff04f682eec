"""Every profile, from the login to work in it: desktops answer a click, notebooks compute."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from components.hub.catalogue import load_catalogue
from sandbox.check import visit
from tests.desktop.gateway import Gateway
from tests.desktop.screen import Screen, session

USER = "user2"
DESKTOPS = load_catalogue().desktops
REAL = ("metview",)
"""Applications without a stand-in, whose pad turns green when it is clicked; test_metview.py works in it."""
NOTEBOOKS = ("Default", "Compute-centric: High Power")


@pytest.mark.parametrize("name", DESKTOPS)
def test_a_desktop_opens_and_a_click_changes_it(browser: Browser, running: Gateway, name: str) -> None:
    title = DESKTOPS[name].title
    with session(browser, running, USER, title) as page:
        assert page.title() == title
        visit.see(page)
        visit.click(page)
        if name not in REAL:
            Screen(page).press_pad()


@pytest.mark.parametrize("profile", NOTEBOOKS)
def test_a_notebook_computes(browser: Browser, running: Gateway, profile: str) -> None:
    with session(browser, running, USER, profile, path="lab") as page:
        page.goto(f"{running.url}/user/{USER}/lab?reset")  # without what an earlier server had open
        consoles = page.locator(".jp-LauncherCard[data-category=Console]")
        consoles.first.click(timeout=60_000)
        cell = page.locator(".jp-CodeConsole-input .cm-content")
        expect(page.get_by_role("button", name="| Idle")).to_be_visible(timeout=60_000)
        cell.click()
        page.keyboard.type("print(6 * 7)")
        page.keyboard.press("Shift+Enter")
        expect(page.locator(".jp-OutputArea-output", has_text="42")).to_be_visible(timeout=60_000)
        assert running.pods[USER].found()["spec"]["containers"][1:] == []  # type: ignore[index]
