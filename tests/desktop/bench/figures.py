"""The figures of one run, and the rows of the tables that show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan, nan
from statistics import median as middle
from statistics import quantiles


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One run. Times in milliseconds, rates a second; NaN where the application does not show it."""

    stack: str
    set: str
    """Title of what it belongs to (sets.py)."""
    first_frame: float = nan
    """From the start of the desktop's container to the application in the browser."""
    fps: float
    idle: Sequence[float]
    """Click to pixel, nothing else moving."""
    busy: Sequence[float] = ()
    """Click to pixel while the map moves."""
    bytes: float
    """What the pod sends, the map moving."""
    cpu: float
    """Seconds of CPU a second, desktop and notebook together, the application included, the map moving."""
    cpu_still: float
    """The same, nothing moving."""
    sharp_after: float
    """After the map has stopped, until it is sharp; PATIENCE_S (measure.py) where it never is."""
    still: float
    """SSIM of the map at rest, against its source."""
    moving: float = nan
    """SSIM of the moving map, against the source of the frame that it shows."""
    videos: float = nan
    """How often a video of ours began while the map moved: once is right, more is a fault."""
    image_mb: float
    load: float = nan
    """The machine's load average when the run began; that of the bench alone is about 2."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One of the tables."""

    title: str
    value: Callable[[Figures], float]
    form: str
    more_is_better: bool = False


def _percentile(times: Sequence[float], percent: int) -> float:
    return quantiles(times, n=100, method="inclusive")[percent - 1] if len(times) > 1 else nan


FRAMES = Row(title="frames a second", value=lambda run: run.fps, form=".1f", more_is_better=True)
IDLE = Row(title="click → pixel, idle, p50 ms", value=lambda run: _percentile(run.idle, 50), form=".0f")
IDLE_95 = Row(title="click → pixel, idle, p95 ms", value=lambda run: _percentile(run.idle, 95), form=".0f")
BUSY = Row(title="click → pixel, moving, p50 ms", value=lambda run: _percentile(run.busy, 50), form=".0f")
BUSY_95 = Row(title="click → pixel, moving, p95 ms", value=lambda run: _percentile(run.busy, 95), form=".0f")
BYTES = Row(title="MB/s, moving", value=lambda run: run.bytes / 1e6, form=".2f")
CPU = Row(title="CPU s/s, moving", value=lambda run: run.cpu, form=".2f")
CPU_STILL = Row(title="CPU s/s, still", value=lambda run: run.cpu_still, form=".3f")
SHARP = Row(title="still → sharp, ms", value=lambda run: run.sharp_after, form=".0f")
STILL = Row(title="SSIM, still", value=lambda run: run.still, form=".3f", more_is_better=True)
MOVING = Row(title="SSIM, moving", value=lambda run: run.moving, form=".3f", more_is_better=True)
VIDEOS = Row(title="videos begun", value=lambda run: run.videos or nan, form=".0f")
ROWS = [FRAMES, IDLE, IDLE_95, BUSY, BUSY_95, BYTES, CPU, CPU_STILL, SHARP, STILL, MOVING, VIDEOS]
"""Of each set."""
FIRST = Row(title="start → first frame, ms", value=lambda run: run.first_frame, form=".0f")
IMAGE = Row(title="image, MB", value=lambda run: run.image_mb, form=".0f")
STACK_ROWS = [FIRST, IMAGE]
"""Of each stack, whatever the set."""


def median(runs: Sequence[Figures], row: Row, *, stack: str, set: str = "") -> float:
    """Of these runs of a stack, in one set or in all; NaN where none has the figure."""
    values = [row.value(run) for run in runs if run.stack == stack and set in ("", run.set)]
    known = [value for value in values if not isnan(value)]
    return middle(known) if known else nan
