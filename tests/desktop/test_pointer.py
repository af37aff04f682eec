"""Wheel, trackpad and pinch reach an application as they do on its own machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import CDPSession, expect

from tests.desktop.gateway import Gateway
from tests.desktop.screen import Screen, until

LOG = "/tmp/pointer"
MIDDLE = (700, 500)
UP, DOWN, LEFT, RIGHT = 4, 5, 6, 7
"""X11's buttons."""
SHIFT, CONTROL = 1, 4
"""X11's modifiers."""
Presses = Callable[[], list[tuple[int, int]]]


@pytest.fixture
def presses(screen: Screen, running: Gateway) -> Iterator[Presses]:
    """The presses that a window under the pointer has got: button and modifiers."""
    pod = running.pods["user1"]

    def run(script: str) -> str:
        display = 'export DISPLAY="$(cat /tmp/desktop-1000/display)"; '
        return pod.run_in(pod.desktop, "sh", "-c", display + script)

    start = f"stdbuf -oL xev -name pointer -geometry 900x600+200+150 -event button >{LOG} 2>&1"
    process = run(f"{start} & echo $!").strip()
    until(lambda: "IsViewable" in run("xwininfo -name pointer || true"))
    screen.page.mouse.move(*MIDDLE)

    def found() -> list[tuple[int, int]]:
        lines = run(f"grep -A3 ^ButtonPress {LOG} | grep -o 'state 0x[0-9a-f]*, button [0-9]*' || true")
        words = [line.replace(",", "").split() for line in lines.splitlines()]
        return [(int(button), int(state, 16) & (SHIFT | CONTROL)) for _, state, _, button in words]

    yield found
    run(f"kill {process}")


@contextmanager
def held(screen: Screen, key: str) -> Iterator[None]:
    screen.page.keyboard.down(key)
    yield
    screen.page.keyboard.up(key)


@pytest.fixture
def protocol(screen: Screen) -> Iterator[CDPSession]:
    session = screen.page.context.new_cdp_session(screen.page)
    yield session
    session.detach()


def test_a_fast_wheel_loses_no_notch(screen: Screen, presses: Presses) -> None:
    turn = """([clientX, clientY, notches]) => {
        const moved = {deltaY: 100 * notches, wheelDeltaY: -120 * notches};
        const event = new WheelEvent('wheel', {clientX, clientY, ...moved, bubbles: true, cancelable: true});
        document.querySelector('#screen canvas').dispatchEvent(event);
    }"""
    for notches in (3, -1):
        screen.page.evaluate(turn, [*MIDDLE, notches])
    until(lambda: presses() == [(DOWN, 0)] * 3 + [(UP, 0)])


def test_a_trackpad_scrolls_as_far_as_fingers_move(screen: Screen, presses: Presses) -> None:
    for _ in range(10):
        screen.page.mouse.wheel(2, 36)  # not quite straight
    until(lambda: presses() == [(DOWN, 0)] * 7)
    for _ in range(10):
        screen.page.mouse.wheel(-36, 2)
    until(lambda: presses() == [(DOWN, 0)] * 7 + [(LEFT, 0)] * 7)


def test_a_pinch_is_the_wheel_with_control(screen: Screen, presses: Presses, protocol: CDPSession) -> None:
    x, y = MIDDLE
    for delta in (-4, -4, -4, -4, -4):
        event = {"type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": delta, "modifiers": 2}
        protocol.send("Input.dispatchMouseEvent", event)
    until(lambda: presses() == [(UP, CONTROL)] * 2)


def test_modifiers_with_a_wheel_are_the_applications(screen: Screen, presses: Presses) -> None:
    # As a hand does, which lets go when it sees something. Else the key may overtake a wheel that waits.
    with held(screen, "Control"):
        screen.page.mouse.wheel(0, 120)
        until(lambda: presses() == [(DOWN, CONTROL)])
    with held(screen, "Shift"):
        screen.page.mouse.wheel(0, 120)
        until(lambda: presses() == [(DOWN, CONTROL), (DOWN, SHIFT)])
    expect(screen.page.locator("#status")).to_have_text("Connected")
