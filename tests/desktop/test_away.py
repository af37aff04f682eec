"""A page whose server, login or hub has gone says so, and comes back by itself or with one control."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from sandbox.check import visit
from tests.desktop.gateway import Gateway
from tests.desktop.screen import Screen, until, violations

BETWEEN_TRIES_MS = 40_000


@pytest.fixture
def sockets(screen: Screen) -> Iterator[list[str]]:
    """The addresses of the WebSockets that the page opens from now on."""
    opened: list[str] = []

    def note(socket: object) -> None:
        opened.append(getattr(socket, "url", ""))

    screen.page.on("websocket", note)
    yield opened
    screen.page.remove_listener("websocket", note)


def hide(page: Page, *, hidden: bool) -> None:
    """Let the page believe that another tab is in front, or itself again."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')) }",
        hidden,
    )


def stop_server(context: BrowserContext, gateway: Gateway) -> None:
    """Stop the first user's server as she does on the hub's page."""
    home = context.new_page()
    visit.stop(home, gateway.url)
    home.close()


def test_twenty_seconds_in_another_tab(screen: Screen, sockets: list[str]) -> None:
    button = until(screen.find_button)
    for _ in range(2):  # the focus is on it then, and not where a cursor blinks
        screen.page.mouse.click(*button)
    hide(screen.page, hidden=True)
    screen.page.wait_for_timeout(20_000)
    hide(screen.page, hidden=False)
    screen.page.wait_for_timeout(1000)
    before = screen.pixels()
    screen.page.keyboard.press("Space")  # the button starts the animation
    for _ in range(30):
        assert screen.page.locator("#lost").is_hidden()
        screen.page.wait_for_timeout(100)
    assert sockets == []
    assert not np.array_equal(screen.pixels(), before)
    screen.page.keyboard.press("Space")


def test_login_to_the_server_has_expired(screen: Screen, context: BrowserContext, running: Gateway) -> None:
    context.clear_cookies(name="jupyterhub-user-user1")
    lose_connection(screen.page, running)
    screen.connected()


def test_login_to_the_hub_has_expired(screen: Screen, context: BrowserContext, running: Gateway) -> None:
    context.clear_cookies()
    lose_connection(screen.page, running)
    reason = screen.page.locator("#reason")
    expect(reason).to_contain_text("You are logged out", timeout=BETWEEN_TRIES_MS)
    controls = screen.page.locator("#lost :is(button, a):visible")
    expect(controls).to_have_text(["Log in again"])
    assert violations(screen.page) == []
    controls.click()
    screen.page.get_by_label("Username").fill("user1")
    screen.page.get_by_label("Password").fill(running.password)
    screen.page.get_by_role("button", name="Sign in").click()
    screen.connected()


def test_login_elsewhere(screen: Screen, running: Gateway) -> None:
    elsewhere = {"location": "https://login.example.org/"}
    with answered(screen.page, running, status=302, headers=elsewhere):
        expect(screen.page.locator("#reason")).to_contain_text("You are logged out", timeout=BETWEEN_TRIES_MS)
    screen.connected()


def test_gateway_that_fails_for_a_while(screen: Screen, running: Gateway) -> None:
    with answered(screen.page, running, status=503, body="Service Unavailable"):
        reason = screen.page.locator("#reason")
        expect(reason).to_contain_text("The gateway does not answer", timeout=BETWEEN_TRIES_MS)
        expect(screen.page.locator("#lost :is(button, a):visible")).to_have_text(["Reconnect now"])
    screen.connected()


def test_server_that_was_stopped(screen: Screen, context: BrowserContext, running: Gateway) -> None:
    stop_server(context, running)
    reason = screen.page.locator("#reason")
    expect(reason).to_contain_text("Your server was stopped", timeout=BETWEEN_TRIES_MS)
    expect(reason).to_contain_text("by an administrator")
    controls = screen.page.locator("#lost :is(button, a):visible")
    expect(controls).to_have_text(["Start again"])
    expect(screen.page.locator("#last-picture")).to_be_visible()
    assert violations(screen.page) == []
    controls.click()
    screen.page.wait_for_url(f"{running.url}/user/user1/desktop/", timeout=120_000)
    screen.connected()


def test_server_that_is_started_elsewhere(screen: Screen, context: BrowserContext, running: Gateway) -> None:
    stop_server(context, running)
    expect(screen.page.locator("#start")).to_be_visible(timeout=BETWEEN_TRIES_MS)
    other = context.new_page()
    visit.start(other, running.url, "IDV")
    other.close()
    screen.connected()


@contextmanager
def answered(page: Page, gateway: Gateway, **answer: Any) -> Iterator[None]:
    """Meanwhile this is what the gateway answers for the page, and a new WebSocket is refused."""
    pattern = f"{gateway.url}/user/user1/desktop/"
    page.route(pattern, lambda route: route.fulfill(**answer))
    cookies: Any = page.context.cookies()
    page.context.clear_cookies()
    lose_connection(page, gateway)
    yield
    page.unroute(pattern)
    page.context.add_cookies(cookies)


def lose_connection(page: Page, gateway: Gateway) -> None:
    """Have the browser lose its WebSocket, as a laptop does that sleeps."""
    with page.expect_event("websocket") as opened:
        page.context.set_offline(True)
        page.wait_for_timeout(500)
        page.context.set_offline(False)
    assert opened.value.url.startswith(gateway.url.replace("http", "ws"))
