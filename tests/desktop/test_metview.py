"""A real application in the browser: Metview opens by itself, and draws a map of data in the home."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.desktop.gateway import Gateway
from tests.desktop.screen import Screen, session, until

MACRO = """
field = read("/usr/share/eccodes/samples/reduced_gg_pl_32_grib2.tmpl")
write("temperature.grib", field * 0 + 243 + 60 * coslat(field))
"""
"""Temperatures of the whole Earth that fall from the equator to the poles: contours from side to side."""
USER = "user2"
CONTOURS = 5000
"""Black pixels that they have at the least; a map with no contours has half as many."""


def in_desktop(gateway: Gateway, script: str) -> str:
    """What a script in the home says that runs beside the application, with its screen."""
    pod = gateway.pods[USER]
    screen = 'export DISPLAY=$(cat "${XDG_RUNTIME_DIR:-/tmp/desktop-1000}/display")'
    return pod.run_in(pod.desktop, "sh", "-c", f"{screen}; cd; {script}")


def windows(gateway: Gateway) -> str:
    return in_desktop(gateway, "xwininfo -root -tree")


def black(screen: Screen) -> int:
    """How many pixels are."""
    return int((screen.pixels() < 25).all(axis=2).sum())


def test_a_field_of_the_home_is_drawn_on_a_map(browser: Browser, running: Gateway) -> None:
    with session(browser, running, USER, "Metview") as page:
        assert page.title() == "Metview"
        expect(page.locator("#status")).to_have_text("Connected", timeout=60_000)
        until(lambda: '"Metview"' in windows(running))
        screen = Screen(page)

        in_desktop(running, f"cat >field.mv <<'END'\n{MACRO}END\nmetview -b field.mv")
        before = black(screen)
        in_desktop(running, "metview -p temperature.grib >plot.log 2>&1 &")
        until(lambda: "uPlot" in windows(running))
        until(lambda: black(screen) > before + CONTOURS)
