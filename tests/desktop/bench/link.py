"""Where the browser is: on this machine's loopback, or behind a slow link in a network namespace."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.desktop.bench.emulator import open_tun

LOOPBACK = "127.0.0.1"
RATE_MBIT = 20
ROUND_TRIP_MS = 40


@dataclass(frozen=True)
class Link:
    """How the browser reaches the gateway."""

    name: str
    gateway: str
    """The address that the browser has for the gateway."""
    chromium: Path
    """What to start as the browser."""


@contextmanager
def loopback(chromium: Path, _scratch: Path) -> Iterator[Link]:
    """No link at all."""
    yield Link("loopback", LOOPBACK, chromium)


@contextmanager
def slow(chromium: Path, scratch: Path, mbit: int = RATE_MBIT, lost: float = 0) -> Iterator[Link]:
    """So many Mbit/s each way, ROUND_TRIP_MS there and back, and a part of the packets lost.

    Needs root; leaves nothing behind.
    """
    space = f"gw{secrets.token_hex(3)}"
    here, there = f"{space}h", f"{space}n"
    # 198.18.0.0/15 is set aside for measurements between networks (RFC 2544).
    gateway, browser = "198.18.99.1", "198.18.99.2"
    _ip("netns", "add", space)
    ends = [open_tun(here), open_tun(there)]
    emulator = None
    try:
        _ip("link", "set", "dev", there, "netns", space)
        _ip("address", "add", f"{gateway}/30", "dev", here)
        _ip("link", "set", "dev", here, "up")
        _ip("-n", space, "address", "add", f"{browser}/30", "dev", there)
        _ip("-n", space, "link", "set", "dev", there, "up")
        _ip("-n", space, "link", "set", "dev", "lo", "up")
        emulator = subprocess.Popen(
            [sys.executable, "-m", "tests.desktop.bench.emulator", *map(str, ends),
             str(mbit), str(ROUND_TRIP_MS / 2), str(lost)],
            pass_fds=ends,
        )  # fmt: skip
        start = scratch / "chromium-behind-the-link"
        start.write_text(f'#!/bin/sh\nexec ip netns exec {space} {chromium} "$@"\n')
        start.chmod(0o755)
        without = f", {lost:.0%} lost" if lost else ""
        yield Link(f"{mbit} Mbit/s, {ROUND_TRIP_MS} ms{without}", gateway, start)
    finally:
        if emulator is not None:
            emulator.terminate()
            emulator.wait()
        for end in ends:
            os.close(end)
        _ip("netns", "delete", space)


@contextmanager
def carried(link: Link, port: int, scratch: Path) -> Iterator[None]:
    """Have a loopback port of the gateway answer at the link's address, too."""
    if link.gateway == LOOPBACK:
        yield
        return
    way = ["in", f"{link.gateway}:{port}", f"{LOOPBACK}:{port}"]
    command = [sys.executable, "-m", "sandbox.clusters.nodes.forward", str(os.getpid())]
    with subprocess.Popen([*command, scratch / "ways.json", *way]) as forward:
        try:
            yield
        finally:
            forward.terminate()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
