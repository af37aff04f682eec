"""A stack's desktop through one link: figures as a user would see them, taken in a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import nan
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Playwright

from sandbox.address import HTTPS
from sandbox.check import visit
from sandbox.check.browser import OPTIONS, chromium, trust
from tests.desktop.bench import animation, metview
from tests.desktop.bench.desk import Desk
from tests.desktop.bench.figures import Figures
from tests.desktop.bench.first import first_frame
from tests.desktop.bench.link import Link, carried
from tests.desktop.bench.offer import title
from tests.desktop.bench.sets import METVIEW, Set
from tests.desktop.bench.stacks import Stack
from tests.desktop.gateway import Gateway
from tests.desktop.screen import log_in

HERE = Path(__file__).parent
USER = "user1"


@contextmanager
def started(playwright: Playwright, gateway: Gateway, stack: Stack, scratch: Path) -> Iterator[Desk]:
    """The stack's desktop, once `offer` has it in the hub; stopped at the end."""
    with _browser(playwright, gateway, scratch) as browser:
        page = visit.log_in(browser.new_context(), gateway.url, USER, gateway.password)
        visit.stop(page, gateway.url)
        visit.start(page, gateway.url, title(stack), path="")
    try:
        yield Desk(playwright, gateway, stack, gateway.pods[USER])
    finally:
        with _browser(playwright, gateway, scratch) as browser:
            page = visit.log_in(browser.new_context(), gateway.url, USER, gateway.password)
            visit.stop(page, gateway.url)


def measure(desk: Desk, set: Set, source: animation.Source, scratch: Path) -> Figures:
    """Everything about one desktop under the set's circumstances; about half a minute."""
    gateway = desk.gateway
    load, *_ = os.getloadavg()
    with (
        set.link(chromium(), scratch) as link,
        carried(link, urlsplit(gateway.url).port or HTTPS, scratch),
        _browser(desk.playwright, gateway, scratch, link) as browser,
    ):
        width, height = set.screen
        # Our page allows no eval, which waiting for a condition needs.
        context = browser.new_context(viewport={"width": width, "height": height}, bypass_csp=True)
        context.add_init_script(path=HERE / "probe.js")
        log_in(context, gateway, USER).close()
        page = context.new_page()
        path = f"user/{USER}/"
        opened = f"{gateway.url}/{path}{desk.stack.page.format(path=path)}"
        first = nan
        if set.application == METVIEW:
            page.goto(opened)
            figures = metview.watch(page, desk)
        else:
            first = _opened(page, desk, opened)
            figures = animation.watch(page, desk, source)
    return Figures(
        stack=desk.stack.name,
        set=set.title,
        image_mb=desk.stack.image_mb,
        first_frame=first,
        load=load,
        **figures,
    )


def _opened(page: Page, desk: Desk, address: str) -> float:
    """Milliseconds until the first frame, at the first time; the stand-in is in the page afterwards."""
    if desk.fresh:
        desk.fresh = False
        return first_frame(desk.pod, desk.stack, page, address)
    page.goto(address, wait_until="commit")
    page.wait_for_function("window.probe.locate()", polling=50, timeout=60_000)
    return nan


@contextmanager
def _browser(
    playwright: Playwright, gateway: Gateway, home: Path, link: Link | None = None
) -> Iterator[Browser]:
    if not (home / ".pki").exists():  # else certutil would ask for the old password, for ever
        trust(gateway.authority, home)
    # A name under .localhost would be this machine, whatever the link.
    host = urlsplit(gateway.url).hostname
    reach = [f"--host-resolver-rules=MAP {host} {link.gateway}"] if link else []
    browser = playwright.chromium.launch(
        executable_path=link.chromium if link else chromium(),
        args=[*OPTIONS, *reach],
        env={**os.environ, "HOME": str(home)},
    )
    try:
        yield browser
    finally:
        browser.close()
