"""The figures as one table and one plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from tests.desktop.bench.measure import Figures
from tests.desktop.bench.stacks import NAMES, VNC

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


FRAMES, IDLE, BUSY, BYTES, CPU, SHARP_AFTER, STILL, MOVING = (
    ROWS[index] for index in (1, 2, 4, 6, 7, 8, 9, 10)
)
OURS, SELKIES, PAPER = NAMES[0], "Selkies", "paper"
Target = tuple[Row, float, str | None]
"""A most, or a least where more is better: a part of another stack's value, or in the unit of the row."""
MORE_IS_BETTER = (FRAMES, STILL, MOVING)
FOR_ALL: list[Target] = [
    (FRAMES, 3.4, PAPER),
    (IDLE, 1 / 3, PAPER),
    (BUSY, 1 / 3, PAPER),
    (CPU, 3.2, VNC),
    (STILL, 0.99, None),
]
TARGETS: dict[str, list[Target]] = {
    "loopback": [(FRAMES, 0.97, SELKIES), (IDLE, 15, None), (BUSY, 20, None)],
    "20 Mbit/s, 40 ms": [
        (FRAMES, 0.97, SELKIES),
        (IDLE, 52, None),
        (BUSY, 60, None),
        (MOVING, 0.78, None),
        (SHARP_AFTER, 650, None),
        (BYTES, 1.1, None),
    ],
    "6 Mbit/s, 40 ms": [(FRAMES, 40, None), (BUSY, 70, None)],
}
"""By link, besides those for all of them."""


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
    """Markdown: for each link, each target, what ours reached, and whether that is enough."""
    lines = []
    for link in dict.fromkeys(run.link for run in runs):
        stacks = {run.stack for run in runs if run.link == link}
        for row, wanted, other in [*FOR_ALL, *TARGETS.get(link, [])]:
            if not {OURS, other or OURS} <= stacks:
                continue
            title, value, _ = row
            reached = _median(runs, (link, OURS), value)
            if other:
                reached /= _median(runs, (link, other), value)
            enough = reached >= wanted if row in MORE_IS_BETTER else reached <= wanted
            least = "at least" if row in MORE_IS_BETTER else "at most"
            lines.append(
                f"| {link} | {title}{f', times that of {other}' if other else ''} | {least} {wanted:.3g} | "
                f"{reached:.3g} | {'yes' if enough else 'no'} |"
            )
    return "\n".join(["| link | target | | ours | reached |", "|---|---|---|---:|---|", *lines]) + "\n"


def plot(runs: Sequence[Figures], file: Path) -> None:
    """Bars: frames, latency and quality, a group for each link."""
    links = list(dict.fromkeys(run.link for run in runs))
    stacks = list(dict.fromkeys(run.stack for run in runs))
    width = 0.8 / len(stacks)
    figure = Figure(figsize=(18, 4.4), layout="constrained")
    for axes, row in zip(figure.subplots(1, 4), (FRAMES, IDLE, BUSY, MOVING), strict=True):
        title, value, form = row
        for index, stack in enumerate(stacks):
            heights = [_median(runs, (link, stack), value) for link in links]
            bars = axes.bar(np.arange(len(links)) + index * width, heights, width * 0.95, label=stack)
            axes.bar_label(
                bars, [format(height, form) for height in heights], fontsize=6, rotation=90, padding=2
            )
        axes.set_xticks(np.arange(len(links)) + 0.4 - width / 2, [link.replace(", ", "\n") for link in links])
        axes.set_title(title, fontsize=10)
        axes.margins(y=0.25)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(stacks))
    figure.savefig(file, dpi=110)


def _median(runs: Sequence[Figures], column: tuple[str, str], value: Callable[[Figures], float]) -> float:
    values = [value(run) for run in runs if (run.link, run.stack) == column]
    return float(np.median(values)) if values else float("nan")
