"""Whether a server is used: by a hand at its desktop, or by what computes.

Jupyter and JupyterHub's proxy count every message of a desktop, and so every picture that moves and every
page that was left open. Here only keys and the pointer count, and programs that use the processors.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

LOOK_S = 60
"""Over so many seconds the use of the processors is averaged; docker/shared/watch-cpu writes as often."""
INPUT = frozenset({4, 5, 255})
"""First bytes of an RFB client's messages: a key, the pointer, a key with its place (QEMU's)."""
TICKS = os.sysconf("SC_CLK_TCK")


def used(settings: dict[str, Any], by: str) -> None:
    """Tells Jupyter, which tells the hub, that the server is used now."""
    settings["last_activity_times"][by] = datetime.now(UTC)


def is_input(message: bytes | str) -> bool:
    """Whether an RFB client's message is a key or the pointer. noVNC sends each as a message of its own."""
    return isinstance(message, bytes) and message[:1] != b"" and message[0] in INPUT


class Processors:
    """How many CPUs are used, from how many CPU seconds were used in all."""

    def __init__(self) -> None:
        self._at = self._seconds = float("inf")

    def used(self, at: float, seconds: float) -> float:
        """On average since the last call; 0 at the first one, and where nothing is new."""
        passed, spent = at - self._at, seconds - self._seconds
        self._at, self._seconds = at, seconds
        return max(spent, 0) / passed if passed > 0 else 0


class Computations:
    """Looks whether the user's programs compute, in the notebook's container and in the desktop's."""

    def __init__(self, settings: dict[str, Any], *, busy_cpus: float, desktop: Path | None) -> None:
        """Desktop: what watch-cpu writes in that container; None where there is no desktop."""
        self._settings = settings
        self._busy_cpus = busy_cpus
        self._file = desktop
        self._notebook, self._desktop = Processors(), Processors()

    def look(self) -> None:
        """Counts the server as used if they compute."""
        cpus = self._notebook.used(time(), cpu_seconds())
        if self._file is not None:
            # Not there before the first minute, and empty while it is written.
            with suppress(OSError, ValueError):
                cpus += self._desktop.used(self._file.stat().st_mtime, float(self._file.read_text()))
        if cpus >= self._busy_cpus:
            used(self._settings, "computation")


def cpu_seconds(proc: Path = Path("/proc"), own: int | None = None) -> float:
    """CPU seconds of all processes of this container, those that have ended too.

    Not of this process itself, which hands on what a desktop shows. Zero for none.
    """
    this = str(own or os.getpid())
    ticks = 0
    for stat in proc.glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            # After the name in brackets, which may have spaces: user, system, and both of ended children.
            times = stat.read_text().rpartition(") ")[2].split()[11:15]
            ticks += sum(int(time) for time in (times[2:] if stat.parent.name == this else times))
    return ticks / TICKS
