"""Runs all stacks through all links, in turn, and writes the table and the plot.

`python -m tests.desktop.bench [RUNS]`: RUNS of each, 3 by default; medians are shown.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from sandbox import containers, processes
from tests.desktop.bench.link import loopback, slow
from tests.desktop.bench.measure import Figures, measure
from tests.desktop.bench.report import plot, table
from tests.desktop.bench.stacks import ours, paper
from tests.desktop.conftest import chromium

RESULTS = Path(__file__).parent / "results"


def main(runs: int) -> None:
    """Measures, and prints where the results are."""
    was_running = processes.alive("registry")
    engine = containers.start()
    figures: list[Figures] = []
    loads: list[float] = []
    try:
        stacks = [paper(engine), ours(engine)]
        for number in range(runs):
            for link in (loopback, slow):
                for stack in stacks:
                    with tempfile.TemporaryDirectory() as scratch:
                        folder = Path(scratch)
                        with link(chromium(), folder) as reached:
                            loads.append(os.getloadavg()[0])
                            print(f"run {number + 1} of {runs}: {stack.name}, {reached.name}", flush=True)
                            figures.append(measure(engine, stack, reached, folder))
    finally:
        if not was_running:
            containers.stop()
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "runs.json").write_text(
        json.dumps([dataclasses.asdict(run) for run in figures], indent=1) + "\n"
    )
    what = "".join(f"- **{stack.name}**: {stack.what}\n" for stack in stacks)
    busy = f"load average {min(loads):.1f} to {max(loads):.1f} when a run began (the bench alone is about 2)"
    machine = f"{runs} runs of each, medians; {os.cpu_count()} cores, {platform.system()}, {busy}.\n"
    (RESULTS / "table.md").write_text(f"{table(figures)}\n{what}\n{machine}")
    plot(figures, RESULTS / "plot.png")
    print(table(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
