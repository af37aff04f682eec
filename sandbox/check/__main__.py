"""`make sandbox-check`: logs in, starts a profile, works in its desktop, and says how long each step took.

Exit code 1 with the step that failed, and what the cluster says about that user's server.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from playwright.sync_api import Error
from rich.console import Console
from rich.table import Table

from sandbox import address, layout
from sandbox.check import browser, server, visit

PICTURE = layout.RUN / "check.png"
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
                    page = visit.log_in(context, gateway.url, gateway.user, gateway.password)
                visit.stop(page, gateway.url)
                asked = datetime.now(UTC)
                with step("start", taken):
                    visit.start(page, gateway.url, desktop)
                with step("first picture", taken):
                    visit.see(page)
                with step("click", taken):
                    visit.click(page)
                page.screenshot(path=picture)
                report(taken, asked, gateway.user)
                visit.stop(page, gateway.url)
            except Failed as reason:
                print(f"sandbox-check: {reason}\n\n{server.trouble(gateway.user)}", file=sys.stderr)
                raise typer.Exit(1) from None
    print(f"screenshot: {picture}")


if __name__ == "__main__":
    typer.run(main)
