"""A scientist's way to her desktop in a real browser: login, tile, application, keyboard, clipboard."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.desktop.gateway import Gateway
from tests.desktop.screen import GREEN, RED, Screen, session, until, violations


def test_login_leads_to_the_application(entrance: Page) -> None:
    assert entrance.url.endswith("/user/user1/desktop/")
    Screen(entrance).connected()


def test_tile_leads_to_the_application(screen: Screen) -> None:
    assert "/user/user1/desktop/" in screen.page.url
    assert screen.page.title() == "IDV"
    assert screen.size() == screen.place()


@pytest.mark.parametrize("gesture", ["click", "wheel"])
def test_mouse_changes_pixels(screen: Screen, gesture: str) -> None:
    before = RED if screen.find(RED) else GREEN
    after = GREEN if before is RED else RED
    where = screen.find(before)
    assert where
    if gesture == "click":
        screen.page.mouse.click(*where)
    else:
        screen.page.mouse.move(*where)
        screen.page.mouse.wheel(0, 50)  # one notch
    assert until(lambda: screen.find(after))


def test_all_clicks_at_one_place_arrive(screen: Screen) -> None:
    for _ in range(4):
        screen.press_pad()


def test_typing_reaches_the_application(screen: Screen) -> None:
    before = screen.pixels()
    screen.click_text_field()
    screen.page.keyboard.type("Hello")
    until(lambda: not np.array_equal(screen.pixels(), before))
    screen.page.keyboard.press("Control+a")
    screen.page.keyboard.press("Control+c")
    # What was typed there is what the desktop copies.
    until(lambda: clipboard(screen.page) == "Hello")


def test_paste_from_the_browser(screen: Screen) -> None:
    screen.page.evaluate("text => navigator.clipboard.writeText(text)", "Größe 21 °C €")
    screen.click_text_field()
    screen.page.keyboard.press("Control+a")
    screen.page.keyboard.press("Control+v")
    screen.page.wait_for_timeout(500)
    screen.page.evaluate("navigator.clipboard.writeText('something else')")
    screen.page.keyboard.press("Control+a")
    screen.page.keyboard.press("Control+c")
    until(lambda: clipboard(screen.page) == "Größe 21 °C €")


def test_a_blinking_cursor_costs_only_itself(screen: Screen) -> None:
    """Java draws it as a part of all that lies right of it and below; the map alone would be 50 kB."""
    received: list[int] = []
    screen.page.on("websocket", lambda socket: socket.on("framereceived", lambda f: received.append(len(f))))
    screen.page.reload()
    screen.connected().click_text_field()
    screen.page.wait_for_timeout(3000)  # until all is sharp
    received.clear()
    screen.page.wait_for_timeout(3000)
    assert sum(received) < 20_000


def test_comes_back_after_the_connection_is_lost(screen: Screen, running: Gateway) -> None:
    server = "kill -{} $(pidof Xvnc || pidof Xtigervnc)"
    pod = running.pods["user1"]
    # Nothing is closed: it only falls silent, as a link that is cut.
    pod.run_in(pod.desktop, "sh", "-c", server.format("STOP"))
    expect(screen.page.locator("#status")).to_have_text("Connection lost", timeout=30_000)
    expect(screen.page.get_by_role("button", name="Reconnect now")).to_be_visible()
    expect(screen.page.locator("#last-picture")).to_be_visible()
    pod.run_in(pod.desktop, "sh", "-c", server.format("CONT"))
    screen.connected()
    expect(screen.page.locator("#last-picture")).to_be_hidden()


def test_the_page_is_told_when_its_server_was_last_used(screen: Screen) -> None:
    with screen.page.expect_response("**/desktop/activity", timeout=45_000) as told:
        pass
    assert told.value.status == 200
    assert set(told.value.json()) == {"unused", "running"}


def test_full_screen(screen: Screen) -> None:
    screen.page.get_by_role("button", name="Full screen").click()
    until(lambda: screen.page.evaluate("Boolean(document.fullscreenElement)"))
    expect(screen.page.locator("header")).to_be_hidden()
    screen.page.evaluate("document.exitFullscreen()")
    expect(screen.page.get_by_role("button", name="Full screen")).to_have_attribute("aria-pressed", "false")


def test_reads_well_with_a_screen_reader(screen: Screen) -> None:
    expect(screen.page.get_by_role("main", name="IDV desktop")).to_be_visible()
    expect(screen.page.get_by_role("navigation", name="Desktop")).to_be_visible()
    expect(screen.page.get_by_role("status")).to_have_text("Connected")
    expect(screen.page.get_by_role("heading", name="IDV")).to_be_visible()
    for button in ("Clipboard", "Full screen"):
        expect(screen.page.get_by_role("button", name=button)).to_be_visible()
    expect(screen.page.get_by_role("link", name="JupyterLab")).to_have_attribute("href", "/user/user1/lab")


def test_accessibility_rules_hold(screen: Screen) -> None:
    assert violations(screen.page) == []
    screen.page.get_by_role("button", name="Clipboard").click()
    assert violations(screen.page) == []
    screen.page.get_by_role("button", name="Done").click()


@pytest.mark.parametrize("decoder", ["ImageDecoder", "createImageBitmap"])
def test_decodes_pictures_off_the_main_thread(screen: Screen, running: Gateway, decoder: str) -> None:
    page = screen.page.context.new_page()
    # Without TLS, and in older browsers, there is no ImageDecoder.
    page.add_init_script(
        f"if ({decoder!r} !== 'ImageDecoder') delete window.ImageDecoder; window.decoded = 0;"
        f"window.{decoder} = new Proxy(window.{decoder}, Object.fromEntries(['apply', 'construct'].map("
        "  (how) => [how, (...given) => { window.decoded += 1; return Reflect[how](...given); }])))"
    )
    page.goto(f"{running.url}/user/user1/desktop/")
    other = Screen(page).connected()
    page.mouse.click(*until(other.find_button))
    try:
        until(lambda: page.evaluate("window.decoded") > 20)
        assert other.find(RED) or other.find(GREEN)
    finally:
        page.mouse.click(*until(other.find_button))
        page.close()


def test_another_user_has_no_way_to_it(browser: Browser, running: Gateway, screen: Screen) -> None:
    with session(browser, running, "user2", "IDV") as mine:
        theirs = mine.goto(f"{running.url}/user/user1/desktop/")
        assert theirs and theirs.status in (403, 404)
        mine.goto(f"{running.url}/user/user2/lab")
        sockets = {
            (user, path): mine.evaluate(
                "url => new Promise(done => { const socket = new WebSocket(url);"
                "  socket.onmessage = () => done('open'); socket.onclose = () => done('refused') })",
                f"{running.url.replace('http', 'ws')}/user/{user}/{path}",
            )
            for user in ("user1", "user2")
            for path in ("desktop/socket", "desktop/video", "desktop-websockify/")
        }
    assert {user for (user, _), answer in sockets.items() if answer == "open"} == {"user2"}
    assert list(sockets.values()).count("open") == 3


def test_nobody_without_login_has_a_way_to_it(browser: Browser, running: Gateway, screen: Screen) -> None:
    fresh = browser.new_context()
    page = fresh.new_page()
    page.goto(f"{running.url}/user/user1/desktop/")
    assert "/hub/login" in page.url
    fresh.close()


def test_no_tcp_port_listens_for_vnc(running: Gateway, screen: Screen) -> None:
    pod = running.pods["user1"]
    table = pod.run_in(pod.desktop, "cat", "/proc/net/tcp", "/proc/net/tcp6")
    ports = {int(row.split()[1].rpartition(":")[2], 16) for row in table.splitlines() if " 0A " in row}
    assert 8888 in ports, "the notebook is in the same network"
    assert not {port for port in ports if 5800 <= port < 6100}
    socket = pod.run_in(pod.notebook, "stat", "--format=%a %u:%g %F", "/shared/vnc.sock").strip()
    assert socket == "660 1000:100 socket"


def test_home_is_the_same_in_both_containers(running: Gateway, screen: Screen) -> None:
    pod = running.pods["user1"]
    pod.run_in(pod.notebook, "sh", "-c", "echo from the notebook > ~/note.txt")
    assert pod.run_in(pod.desktop, "cat", "/home/jovyan/note.txt") == "from the notebook\n"


def clipboard(page: Page) -> str:
    """The browser's clipboard, which the desktop's is copied to."""
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_cookies_go_to_the_gateway_alone_and_only_over_https(screen: Screen) -> None:
    cookies = screen.page.context.cookies()
    assert {"jupyterhub-hub-login", "jupyterhub-user-user1"} <= {cookie["name"] for cookie in cookies}
    assert {cookie["name"]: cookie["sameSite"] for cookie in cookies if cookie["sameSite"] != "Lax"} == {}
    # Her server's token against forgery gives nobody anything without the cookies of the login.
    assert {cookie["name"] for cookie in cookies if not cookie["secure"]} <= {"_xsrf"}
