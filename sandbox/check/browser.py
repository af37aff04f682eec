"""Chromium that trusts the sandbox's authority, and finds the gateway by way of loopback."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright

OPTIONS = [
    "--no-sandbox",  # it runs as root in CI
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE = (1400, 900)


def chromium() -> Path:
    """The program; Debian calls it so, others by its vendor. FileNotFoundError where there is none."""
    if found := shutil.which("chromium") or shutil.which("google-chrome"):
        return Path(found)
    raise FileNotFoundError("Chromium is missing: apt-get install chromium")


def trust(authority: Path, home: Path) -> None:
    """Have a Chromium whose HOME is `home` trust the certificates of `authority`, a PEM file."""
    folder = home / ".pki" / "nssdb"
    folder.mkdir(parents=True, exist_ok=True)
    store(authority, folder)


def store(authority: Path, folder: Path) -> None:
    """The same for NSS's certificates in `folder`, where Firefox has its profile."""
    words = ["certutil", "-d", f"sql:{folder}"]
    if not (folder / "cert9.db").exists():
        subprocess.run([*words, "-N", "--empty-password"], check=True, capture_output=True)
    subprocess.run(
        [*words, "-A", "-n", authority.stem, "-t", "C,,", "-i", authority], check=True, capture_output=True
    )


@contextmanager
def opened(home: Path) -> Iterator[BrowserContext]:
    """A browser without a window, whose profile is in `home`. It checks certificates as any browser does."""
    width, height = SIZE
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            home / "profile",
            executable_path=chromium(),
            args=OPTIONS,
            env={"HOME": str(home)},
            viewport={"width": width, "height": height},
        )
        yield context
        context.close()
