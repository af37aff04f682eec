"""Keys arrive as they were meant: shortcuts of other layouts and of Macs, dead keys, input methods, emoji."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from tests.desktop.gateway import Gateway
from tests.desktop.pod import Pod
from tests.desktop.screen import SIZE, Screen, log_in, until

CTRL, META, SHIFT = 2, 4, 8
"""Modifiers in Chromium's protocol."""
PASTED_MS = 1000
"""What an application needs to fetch what it pastes; a key may overtake that."""


@dataclass
class Terminal:
    """A terminal of the desktop, in which `cat` writes what is typed into a file."""

    pod: Pod
    file: str

    def lines(self) -> list[str]:
        return self.pod.run_in(self.pod.desktop, "cat", self.file).splitlines()

    def in_front(self) -> bool:
        window = self.run("xprop -root _NET_ACTIVE_WINDOW").split()[4].rstrip(",")
        return window != "0x0" and self.file in self.run(f"xprop -id {window} WM_NAME || true")

    def run(self, script: str) -> str:
        """What a shell prints that sees the desktop's display."""
        display = 'export DISPLAY="$(cat /tmp/desktop-1000/display)"; '
        return self.pod.run_in(self.pod.desktop, "sh", "-c", display + script)


@pytest.fixture(scope="module", autouse=True)
def tidy(screen: Screen) -> Iterator[None]:
    """The next module finds the text field empty."""
    yield
    screen.clear_text_field()


@pytest.fixture
def terminal(screen: Screen, running: Gateway, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """Open, and with the focus."""
    opened = Terminal(running.pods["user1"], f"/tmp/{request.node.originalname}")
    start = f"xfce4-terminal --disable-server --title={opened.file} --execute sh -c 'cat >{opened.file}'"
    process = opened.run(f"{start} >/dev/null 2>&1 & echo $!").strip()
    until(opened.in_front)
    yield opened
    opened.run(f"kill {process}")


@pytest.fixture
def protocol(screen: Screen) -> Iterator[CDPSession]:
    session = screen.page.context.new_cdp_session(screen.page)
    yield session
    session.detach()


def press(protocol: CDPSession, key: str, code: str, modifiers: int, command: str | None = None) -> None:
    """One key of any layout; command is what the system's own shortcut does in the browser."""
    event = {"key": key, "code": code, "modifiers": modifiers, "windowsVirtualKeyCode": ord(key.upper())}
    commands = {"commands": [command]} if command else {}
    protocol.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **event, **commands})
    protocol.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})


def copy_here(page: Page, text: str) -> None:
    page.evaluate("text => navigator.clipboard.writeText(text)", text)


def test_paste_into_a_terminal(screen: Screen, terminal: Terminal) -> None:
    copy_here(screen.page, "from here")
    screen.page.keyboard.press("Control+Shift+V")
    screen.page.wait_for_timeout(PASTED_MS)
    screen.page.keyboard.press("Enter")
    until(lambda: terminal.lines() == ["from here"])


def test_control_stays_pressed_after_a_paste(screen: Screen) -> None:
    copy_here(screen.page, "one")
    screen.click_text_field()
    screen.page.keyboard.down("Control")
    for key in "avac":
        screen.page.keyboard.press(key)
        screen.page.wait_for_timeout(PASTED_MS // 2)
    screen.page.keyboard.up("Control")
    copied = "navigator.clipboard.readText()"
    copy_here(screen.page, "two")
    screen.page.keyboard.press("Control+c")
    until(lambda: screen.page.evaluate(copied) == "one")


def test_letters_count_not_places(screen: Screen, protocol: CDPSession, terminal: Terminal) -> None:
    copy_here(screen.page, "by Dvorak")
    screen.page.keyboard.down("Control")
    screen.page.keyboard.down("Shift")
    press(protocol, "V", "Period", CTRL | SHIFT)
    screen.page.keyboard.up("Shift")
    screen.page.keyboard.up("Control")
    screen.page.wait_for_timeout(PASTED_MS)
    screen.page.keyboard.type(" line\n")
    screen.page.keyboard.type("not this")
    screen.page.keyboard.down("Control")
    press(protocol, "u", "KeyV", CTRL)  # in a terminal it deletes the line
    screen.page.keyboard.up("Control")
    screen.page.keyboard.type("rest\n")
    until(lambda: terminal.lines() == ["by Dvorak line", "rest"])


def test_command_keys_of_a_mac(browser: Browser, running: Gateway, screen: Screen) -> None:
    context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.add_init_script("Object.defineProperty(navigator, 'platform', {get: () => 'MacIntel'})")
    page = log_in(context, running, "user1")
    mac = Screen(page).connected()
    mac.click_text_field()
    session = context.new_cdp_session(page)
    copy_here(page, "from a Mac")
    page.keyboard.down("Meta")
    press(session, "a", "KeyA", META)
    press(session, "v", "KeyV", META, "Paste")
    page.wait_for_timeout(PASTED_MS)
    copy_here(page, "something else")
    press(session, "a", "KeyA", META)
    press(session, "c", "KeyC", META)
    page.keyboard.up("Meta")
    until(lambda: page.evaluate("navigator.clipboard.readText()") == "from a Mac")
    context.close()


@pytest.mark.parametrize(("dead", "text"), [("^", "ê"), ("~", "ã"), ("~", "ñ")])
def test_dead_keys(screen: Screen, protocol: CDPSession, terminal: Terminal, dead: str, text: str) -> None:
    protocol.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "Dead", "code": "BracketLeft"})
    protocol.send("Input.imeSetComposition", {"text": dead, "selectionStart": 1, "selectionEnd": 1})
    protocol.send("Input.insertText", {"text": text})
    screen.page.keyboard.type("!\n")
    until(lambda: terminal.lines() == [text + "!"])


def test_an_input_method_and_emoji(screen: Screen, protocol: CDPSession, terminal: Terminal) -> None:
    for part in ("n", "ni", "ni h", "ni hao"):
        end = len(part)
        event = {"type": "rawKeyDown", "key": "Process", "code": "KeyN", "windowsVirtualKeyCode": 229}
        protocol.send("Input.dispatchKeyEvent", event)
        protocol.send("Input.imeSetComposition", {"text": part, "selectionStart": end, "selectionEnd": end})
    protocol.send("Input.insertText", {"text": "你好"})
    protocol.send("Input.insertText", {"text": "😀"})
    screen.page.keyboard.type(" ok\n")
    until(lambda: terminal.lines() == ["你好😀 ok"])


def test_as_many_characters_as_there_are(screen: Screen, protocol: CDPSession, terminal: Terminal) -> None:
    # Each takes a key of the X server's, which has 255.
    lines = ["".join(map(chr, range(first, first + 30))) for first in range(0x4E00, 0x4E00 + 300, 30)]
    for line in lines:
        for character in line:
            protocol.send("Input.insertText", {"text": character})
            screen.page.wait_for_timeout(100)  # faster than people type
        screen.page.keyboard.press("Enter")
    screen.page.wait_for_timeout(1000)
    assert terminal.lines() == lines
