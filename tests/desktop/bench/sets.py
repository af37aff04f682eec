"""What is compared under which circumstances: link, screen, application, stacks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.desktop.bench.link import Link, loopback, slow
from tests.desktop.bench.stacks import OURS, PAPER, SELKIES, VNC

Size = tuple[int, int]
ANIMATION, METVIEW = "idv", "metview"
"""Names in the catalogue: IDV's stand-in with its animation, and Metview itself."""


@dataclass(frozen=True, kw_only=True)
class Set:
    """Stacks under the same circumstances."""

    title: str
    link: Callable[[Path, Path], AbstractContextManager[Link]]
    stacks: Sequence[str]
    """Those that are measured unless others are named."""
    screen: Size = (1400, 900)
    """Of the browser's page."""
    application: str = ANIMATION


SETS = {
    "loopback": Set(title="loopback", link=loopback, stacks=[OURS, VNC, PAPER, SELKIES]),
    "20": Set(title="20 Mbit/s, 40 ms", link=slow, stacks=[OURS, VNC, PAPER, SELKIES]),
    "6": Set(title="6 Mbit/s, 40 ms", link=functools.partial(slow, mbit=6), stacks=[OURS, VNC]),
    "loss": Set(
        title="20 Mbit/s, 40 ms, 2 % lost", link=functools.partial(slow, lost=0.02), stacks=[OURS, VNC]
    ),
    "large": Set(title="20 Mbit/s, 40 ms, 1920x1080", link=slow, stacks=[OURS, SELKIES], screen=(1920, 1080)),
    "metview": Set(title="20 Mbit/s, 40 ms, Metview", link=slow, stacks=[OURS, VNC], application=METVIEW),
}
DEFAULT = ["loopback", "20", "6"]
"""Those with targets of their own; all of them take twice as long."""
