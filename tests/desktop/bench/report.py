"""The figures as tables and one plot, from all runs that are known."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from math import isnan
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from tests.desktop.bench.figures import (
    BUSY,
    FRAMES,
    IDLE,
    MOVING,
    ROWS,
    STACK_ROWS,
    Figures,
    Row,
    median,
)
from tests.desktop.bench.stacks import WHAT
from tests.desktop.bench.targets import targets

NOTES = Path(__file__).parent / "notes.md"


def written(runs: Sequence[Figures]) -> str:
    """Markdown: all of it."""
    what = "".join(f"- **{name}**: {WHAT[name]}\n" for name in dict.fromkeys(run.stack for run in runs))
    legend = f"Medians; the best of a row is bold. {os.cpu_count()} cores, {platform.system()}.\n"
    return "\n".join([targets(runs), legend, tables(runs), what, NOTES.read_text(encoding="utf-8")])


def tables(runs: Sequence[Figures]) -> str:
    """Markdown: a table for each set, a column for each stack, medians; the best of a row is bold."""
    parts = []
    for set in dict.fromkeys(run.set for run in runs):
        stacks = list(dict.fromkeys(run.stack for run in runs if run.set == set))
        parts.append(_table(runs, ROWS, stacks, set))
        parts.append(_circumstances([run for run in runs if run.set == set], len(stacks)))
    every = list(dict.fromkeys(run.stack for run in runs))
    parts.append(_table(runs, STACK_ROWS, every, ""))
    return "\n".join(parts)


def _circumstances(runs: Sequence[Figures], stacks: int) -> str:
    loads = [run.load for run in runs if not isnan(run.load)]
    load = f", load average {min(loads):.1f} to {max(loads):.1f} when one began" if loads else ""
    return f"Runs of each: {len(runs) / stacks:.3g}{load}.\n"


def _table(runs: Sequence[Figures], rows: Sequence[Row], stacks: Sequence[str], set: str) -> str:
    lines = [f"| {set} | " + " | ".join(stacks) + " |", "|---|" + "---:|" * len(stacks)]
    for row in rows:
        values = [median(runs, row, stack=stack, set=set) for stack in stacks]
        cells = ["" if isnan(value) else format(value, row.form) for value in values]
        known = [float(cell) for cell in cells if cell]
        if not known:
            continue
        best = max(known) if row.more_is_better else min(known)
        shown = [f"**{cell}**" if cell and float(cell) == best else cell for cell in cells]
        lines.append(f"| {row.title} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def plot(runs: Sequence[Figures], file: Path) -> None:
    """Frames, latency and quality, a group for each set; bars lie, so that each has room for its label."""
    stacks = list(dict.fromkeys(run.stack for run in runs))
    groups = list(dict.fromkeys((run.set, run.stack) for run in runs))
    sets = list(dict.fromkeys(set for set, _ in groups))
    # From the top down, with the space of a bar between two sets.
    places = {group: index + sets.index(group[0]) for index, group in enumerate(groups)}
    figure = Figure(figsize=(16, 0.26 * (len(groups) + len(sets)) + 1.2), layout="constrained")
    all_axes = figure.subplots(1, 4, sharey=True)
    for axes, row in zip(all_axes, (FRAMES, IDLE, BUSY, MOVING), strict=True):
        for stack in stacks:
            values = {
                group: median(runs, row, set=group[0], stack=stack) for group in groups if group[1] == stack
            }
            known = {places[group]: value for group, value in values.items() if not isnan(value)}
            bars = axes.barh(list(known), list(known.values()), 0.85, label=stack)
            axes.bar_label(bars, [format(value, row.form) for value in known.values()], fontsize=8, padding=2)
        axes.set_title(f"{row.title} ({'more' if row.more_is_better else 'less'} is better)", fontsize=9)
        axes.margins(x=0.15)
    middles = [np.mean([place for group, place in places.items() if group[0] == set]) for set in sets]
    all_axes[0].set_yticks(middles, [set.replace("40 ms, ", "40 ms\n") for set in sets])
    all_axes[0].invert_yaxis()
    figure.legend(*all_axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(stacks))
    figure.savefig(file, dpi=100)
