"""A gateway on real nodes, and Chromium, once for all tests; a user at her desktop, once for each file."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from sandbox.check.browser import OPTIONS, chromium, trust
from sandbox.clusters.nodes import host
from sandbox.containers import Engine
from tests.desktop.gateway import Gateway, gateway, started_engine
from tests.desktop.screen import SIZE, Screen, log_in

NEED_NO_PODS = ("test_engine", "test_images", "test_link")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where kubelets can't run, the tests on pods say why."""
    if why := host.reason():
        for item in items:
            if item.path.parent == Path(__file__).parent and item.path.stem not in NEED_NO_PODS:
                item.add_marker(pytest.mark.skip(reason=f"no kubelet can run here: {why}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure comes what the cluster says of its nodes and of the users' pods."""
    report = yield
    found = getattr(item, "funcargs", {}).get("running")
    if report.failed and isinstance(found, Gateway):
        report.sections.append(("cluster", found.story()))
    return report


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The sandbox's engine; left running if it ran before."""
    with started_engine() as found:
        yield found


@pytest.fixture(scope="session")
def running(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway, which `pulumi up` made."""
    new = tmp_path_factory.mktemp
    with gateway(engine, new("desktops"), new("program")) as made:
        yield made


@pytest.fixture(scope="session")
def browser(running: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Debian's Chromium. It checks certificates, and trusts the gateway's authority."""
    home = tmp_path_factory.mktemp("browser")
    trust(running.authority, home)
    with sync_playwright() as playwright:
        program = {"executable_path": chromium(), "args": OPTIONS, "env": {"HOME": str(home)}}
        started = playwright.chromium.launch(**program)
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
    return Screen(opened.value).connected().at_rest()
