"""Runs all stacks through all links, in turn, and writes the table and the plot.

`python -m tests.desktop.bench`: three runs of each, about 25 minutes; medians are shown. `--help` says how to
run less; of one run, or of some stacks and links only, the table is printed and not written.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Error as BrowserError

from sandbox import containers, processes
from sandbox.check.browser import chromium
from tests.desktop.bench.link import loopback, slow
from tests.desktop.bench.measure import Figures, Source, measure
from tests.desktop.bench.report import plot, table, targets
from tests.desktop.bench.stacks import NAMES, stack

RESULTS = Path(__file__).parent / "results"
LINKS = {"loopback": loopback, "slow": slow}


def main(runs: int, names: list[str], links: list[str], *, write: bool) -> int:
    """Measures, prints the table and, with `write`, leaves it in RESULTS. 1 where a measurement failed."""
    was_running = processes.alive("registry")
    engine = containers.start()
    figures: list[Figures] = []
    loads: list[float] = []
    failures: list[str] = []
    try:
        stacks = [stack(engine, name) for name in names]
        todo = [
            (number, link, stack)
            for number, link, stack in itertools.product(range(1, runs + 1), links, stacks)
        ]
        with tempfile.TemporaryDirectory() as frames:
            source = Source(engine, stack(engine, "ours").image, Path(frames))
            begin = time.monotonic()
            for done, (number, link, each) in enumerate(todo):
                loads.append(os.getloadavg()[0])
                passed = time.monotonic() - begin
                left = f", {passed / done * (len(todo) - done) / 60:.0f} min left" if done else ""
                print(f"run {number} of {runs}: {each.name}, {link}{left}", flush=True)
                with tempfile.TemporaryDirectory() as scratch:
                    folder = Path(scratch)
                    try:
                        with LINKS[link](chromium(), folder) as reached:
                            figures.append(measure(engine, each, reached, source, folder))
                    except (AssertionError, BrowserError, containers.ContainersError) as error:
                        failures.append(
                            f"run {number} of {each.name}, {link}, failed: {str(error).splitlines()[0]}"
                        )
                        print(failures[-1], flush=True)
    finally:
        if not was_running:
            containers.stop()
    what = "".join(f"- **{each.name}**: {each.what}\n" for each in stacks)
    busy = f"load average {min(loads):.1f} to {max(loads):.1f} when a run began (the bench alone is about 2)"
    machine = f"{runs} runs of each, medians; {os.cpu_count()} cores, {platform.system()}, {busy}."
    text = "\n".join([table(figures), targets(figures), what, machine, *failures, ""])
    print(text)
    if write:
        RESULTS.mkdir(exist_ok=True)
        lines = ",\n".join(json.dumps(dataclasses.asdict(run)) for run in figures)
        (RESULTS / "runs.json").write_text(f"[{lines}]\n")
        notes = (Path(__file__).parent / "notes.md").read_text()
        (RESULTS / "table.md").write_text(f"{text}\n{notes}")
        plot(figures, RESULTS / "plot.png")
    return 1 if failures else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--stacks", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--links", nargs="+", choices=LINKS, default=list(LINKS))
    given = parser.parse_args()
    whole = given.runs > 1 and given.stacks == NAMES and given.links == list(LINKS)
    sys.exit(main(given.runs, given.stacks, given.links, write=whole))
