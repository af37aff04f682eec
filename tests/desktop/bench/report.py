"""The figures as one table and one plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from tests.desktop.bench.link import ROUND_TRIP_MS
from tests.desktop.bench.measure import SHARP, Figures

Row = tuple[str, Callable[[Figures], float], str]
ROWS: list[Row] = [
    ("start → first frame, ms", lambda run: run.first_frame, ".0f"),
    ("frames a second, 900x600 at 60 Hz", lambda run: run.fps, ".1f"),
    ("click → pixel, idle, p50 ms", lambda run: float(np.percentile(run.idle, 50)), ".0f"),
    ("click → pixel, idle, p95 ms", lambda run: float(np.percentile(run.idle, 95)), ".0f"),
    ("click → pixel, moving, p50 ms", lambda run: float(np.percentile(run.busy, 50)), ".0f"),
    ("click → pixel, moving, p95 ms", lambda run: float(np.percentile(run.busy, 95)), ".0f"),
    ("MB/s, moving", lambda run: run.bytes / 1e6, ".2f"),
    ("CPU s/s, moving", lambda run: run.cpu, ".2f"),
    ("still → sharp, ms", lambda run: run.sharp_after, ".0f"),
    ("SSIM, still", lambda run: run.still, ".3f"),
    ("SSIM, moving", lambda run: run.moving, ".3f"),
    ("image, MB", lambda run: run.image_mb, ".0f"),
]


FRAMES, IDLE, BUSY, STILL = ROWS[1], ROWS[2], ROWS[4], ROWS[9]
FRAMES_WANTED, LATENCY_WANTED = 3.4, 1 / 3
"""What ours is to be of the paper's: at least so many frames, at most so much latency."""


def table(runs: Sequence[Figures]) -> str:
    """Markdown: a column for each stack and link, the median of its runs."""
    columns = list(dict.fromkeys((run.link, run.stack) for run in runs))
    lines = [
        "| | " + " | ".join(f"{stack}, {link}" for link, stack in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for title, value, form in ROWS:
        cells = [format(_median(runs, column, value), form) for column in columns]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def targets(runs: Sequence[Figures]) -> str:
    """Markdown: for each link, what ours is of the paper's and whether that is what was wanted."""
    lines = []
    for link in dict.fromkeys(run.link for run in runs):
        if not {"ours", "paper"} <= {run.stack for run in runs if run.link == link}:
            continue
        said = []
        for (title, value, _), wanted in [
            (FRAMES, FRAMES_WANTED),
            (IDLE, LATENCY_WANTED),
            (BUSY, LATENCY_WANTED),
        ]:
            ratio = _median(runs, (link, "ours"), value) / _median(runs, (link, "paper"), value)
            reached = ratio >= wanted if wanted > 1 else ratio <= wanted
            said.append(f"{title}: {ratio:.2f} ({'reached' if reached else 'not reached'}: {wanted:.2f})")
        still = _median(runs, (link, "ours"), STILL[1])
        said.append(f"SSIM, still: {still:.3f} ({'reached' if still >= SHARP else 'not reached'}: {SHARP})")
        lines.append(f"- Ours of the paper's, {link}: " + "; ".join(said))
    return (
        "\n".join(lines)
        + f"\n- No click on the slow link is answered within its round trip, {ROUND_TRIP_MS} ms.\n"
    )


def plot(runs: Sequence[Figures], file: Path) -> None:
    """Bars: frames, latency and quality, a group for each link."""
    links = list(dict.fromkeys(run.link for run in runs))
    stacks = list(dict.fromkeys(run.stack for run in runs))
    width = 0.8 / len(stacks)
    figure = Figure(figsize=(14, 3.8), layout="constrained")
    for axes, row in zip(figure.subplots(1, 4), (FRAMES, IDLE, BUSY, ROWS[10]), strict=True):
        title, value, form = row
        for index, stack in enumerate(stacks):
            heights = [_median(runs, (link, stack), value) for link in links]
            bars = axes.bar(np.arange(len(links)) + index * width, heights, width * 0.95, label=stack)
            axes.bar_label(bars, [format(height, form) for height in heights], fontsize=7)
        axes.set_xticks(np.arange(len(links)) + 0.4 - width / 2, links)
        axes.set_title(title, fontsize=10)
        axes.margins(y=0.15)
    figure.axes[0].legend()
    figure.savefig(file, dpi=110)


def _median(runs: Sequence[Figures], column: tuple[str, str], value: Callable[[Figures], float]) -> float:
    values = [value(run) for run in runs if (run.link, run.stack) == column]
    return float(np.median(values)) if values else float("nan")
