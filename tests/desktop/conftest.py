"""A Docker engine, a gateway with two users, and Chromium, once for all tests here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from sandbox import containers, processes
from tests.desktop.gateway import Gateway, gateway

CHROMIUM_OPTIONS = [
    "--no-sandbox",  # it runs as root in CI
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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
        started = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_OPTIONS)
        yield started
        started.close()


def chromium() -> Path:
    """The program; Debian calls it so, others by its vendor."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "Chromium is missing: apt-get install chromium"
    return Path(found)
