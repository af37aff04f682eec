"""A Docker engine, a gateway with two users, and Chromium, once for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from sandbox import containers, processes
from sandbox.check.browser import OPTIONS, chromium
from tests.desktop.gateway import Gateway, gateway
from tests.desktop.screen import SIZE, Screen, log_in


@pytest.fixture(scope="session")
def engine() -> Iterator[containers.Engine]:
    """The sandbox's engine; left running if it ran before."""
    ours = not processes.alive("registry")
    yield containers.start()
    if ours:
        containers.stop()


@pytest.fixture(scope="session")
def running(engine: containers.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway, with the profile of IDV."""
    with gateway(engine, tmp_path_factory.mktemp("gateway")) as started:
        yield started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    fresh = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
    fresh.grant_permissions(["clipboard-read", "clipboard-write"])
    yield fresh
    fresh.close()


@pytest.fixture(scope="module")
def entrance(context: BrowserContext, running: Gateway) -> Page:
    """Where the first user is after her login."""
    return log_in(context, running, "user1")


@pytest.fixture(scope="module")
def screen(context: BrowserContext, running: Gateway, entrance: Page) -> Screen:
    """The first user's desktop, opened by the tile in JupyterLab."""
    entrance.close()  # it shows the same desktop, and would ask for its own size
    lab = context.new_page()
    lab.goto(f"{running.url}/user/user1/lab")
    with context.expect_page() as opened:
        lab.locator(".jp-LauncherCard", has_text="IDV").click(timeout=60_000)
    opened.value.set_default_timeout(30_000)
    return Screen(opened.value).connected()
