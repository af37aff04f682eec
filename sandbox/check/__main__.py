"""`make sandbox-check`: logs in, starts a profile, works in its desktop, and says how long each step took.

Exit code 1 with the step that failed, and what the cluster says about that user's server.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import BrowserContext, Error, Page, expect
from rich.console import Console
from rich.table import Table

from sandbox import address, layout
from sandbox.check import browser, server

PICTURE = layout.RUN / "check.png"
SEEN = 0.05
"""The part of the screen that is not of its background once an application is seen."""
STILL_S = 0.5
PATIENCE_S = 180
T = TypeVar("T")
console = Console()


class Failed(Exception):
    """The step that failed, and how."""


@contextmanager
def step(name: str, taken: dict[str, float]) -> Iterator[None]:
    """Note in `taken` how long the step took, in seconds. Raises Failed."""
    began = time.monotonic()
    try:
        yield
    except (Error, AssertionError) as error:
        raise Failed(f"{name}, after {time.monotonic() - began:.0f} s: {error}") from error
    taken[name] = time.monotonic() - began


def until(look: Callable[[], T], what: str) -> T:
    """The first true answer of `look`. AssertionError with `what` after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := look()):
        assert time.monotonic() < deadline, f"{what} after {PATIENCE_S} s"
        time.sleep(0.1)
    return answer


def pixels(page: Page) -> NDArray[np.uint8]:
    """What the desktop's canvas shows: rows, columns, RGB."""
    shown = page.locator("#screen canvas").screenshot()
    return np.asarray(Image.open(io.BytesIO(shown)).convert("RGB"))


def painted(page: Page) -> bool:
    """Whether an application is seen in the desktop, and has stopped to build its window."""
    picture = pixels(page)
    _, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    if counts.max() > (1 - SEEN) * counts.sum():
        return False
    time.sleep(STILL_S)
    return bool(np.array_equal(pixels(page), picture))


def log_in(context: BrowserContext, gateway: address.Gateway) -> Page:
    """The hub's page about the server."""
    page = context.new_page()
    page.goto(f"{gateway.url}/hub/login?next=/hub/home")
    page.get_by_label("Username").fill(gateway.user)
    page.get_by_label("Password").fill(gateway.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/hub/home")
    return page


def stop(page: Page, gateway: address.Gateway) -> None:
    """Stop the server where one runs."""
    page.goto(f"{gateway.url}/hub/home")
    button = page.get_by_role("button", name="Stop My Server")
    if button.is_visible():
        button.click()
        expect(button).to_be_hidden(timeout=PATIENCE_S * 1000)


def start(page: Page, gateway: address.Gateway, profile: str) -> None:
    """Start the profile's server and wait until its page is there."""
    page.goto(f"{gateway.url}/hub/spawn")
    page.get_by_text(profile).first.click()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/user/*/desktop/**", timeout=PATIENCE_S * 1000)


def see(page: Page) -> None:
    """Wait until an application is seen in the desktop."""
    expect(page.locator("#status")).to_have_text("Connected", timeout=60_000)
    until(lambda: painted(page), "nothing is painted")


def click(page: Page) -> None:
    """Click into the middle of the desktop and see the picture change."""
    before = pixels(page)
    box = page.locator("#screen canvas").bounding_box()
    assert box, "the desktop is not in the page"
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(lambda: not np.array_equal(pixels(page), before), "no pixel changes")


def report(taken: dict[str, float], asked: datetime, user: str) -> None:
    """The table of seconds."""
    table = Table("step", "seconds")
    for name, seconds in taken.items():
        table.add_row(name, f"{seconds:.1f}")
        if name == "start":
            for what, when in server.times(server.pod(user)).items():
                table.add_row(f"  {what}", f"{max(0.0, (when - asked).total_seconds()):.0f}")
    console.print(table)


def main(
    desktop: Annotated[str, typer.Option(help="Title of the desktop.")] = "IDV",
    picture: Annotated[Path, typer.Option(help="Where the screenshot goes.")] = PICTURE,
) -> None:
    """Open the gateway of the sandbox as a scientist does."""
    gateway = address.gateway()
    taken: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as home:
        browser.trust(gateway.authority, Path(home))
        with browser.opened(Path(home)) as context:
            try:
                with step("login", taken):
                    page = log_in(context, gateway)
                stop(page, gateway)
                asked = datetime.now(UTC)
                with step("start", taken):
                    start(page, gateway, desktop)
                with step("first picture", taken):
                    see(page)
                with step("click", taken):
                    click(page)
                page.screenshot(path=picture)
                report(taken, asked, gateway.user)
                stop(page, gateway)
            except Failed as reason:
                print(f"sandbox-check: {reason}\n\n{server.trouble(gateway.user)}", file=sys.stderr)
                raise typer.Exit(1) from None
    print(f"screenshot: {picture}")


if __name__ == "__main__":
    typer.run(main)
