"""Runs all stacks through all links, in turn, and writes the table and the plot.

`python -m tests.desktop.bench`: three runs of each, about 70 minutes; medians are shown. `--help` says how to
run less; of one run, or of some stacks and links only, the table is printed and not written.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import itertools
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Error as BrowserError

from sandbox import containers
from sandbox.check.browser import chromium
from tests.desktop.bench.link import loopback, slow
from tests.desktop.bench.measure import Figures, Source, measure
from tests.desktop.bench.offer import offer
from tests.desktop.bench.report import plot, table, targets
from tests.desktop.bench.stacks import NAMES, stacks
from tests.desktop.gateway import gateway, started_engine

RESULTS = Path(__file__).parent / "results"
LINKS = {
    "loopback": loopback,
    "20": slow,
    "6": functools.partial(slow, mbit=6),
    "loss": functools.partial(slow, lost=0.02),
}


def main(runs: int, names: list[str], links: list[str], *, write: bool) -> int:
    """Measures, prints the table and, with `write`, leaves it in RESULTS. 1 where a measurement failed."""
    figures: list[Figures] = []
    loads: list[float] = []
    failures: list[str] = []
    with contextlib.ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(3)]
        print("a gateway with real nodes: starting, some minutes", flush=True)
        running = stack.enter_context(gateway(stack.enter_context(started_engine()), *folders[:2]))
        env = running.stack.env
        engine = containers.Engine(host=env["DOCKER_HOST"], registry=env["SANDBOX_REGISTRY"])
        image = running.stack.outputs()["images"]["idv-cave"]
        chosen = stacks(engine, image, names)
        offer(running, chosen)
        source = Source(engine, image, folders[2])
        todo = list(itertools.product(range(1, runs + 1), links, chosen))
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
                        figures.append(measure(running, each, reached, source, folder))
                except (AssertionError, BrowserError, containers.ContainersError) as error:
                    failures.append(
                        f"run {number} of {each.name}, {link}, failed: {str(error).splitlines()[0]}"
                    )
                    print(failures[-1], flush=True)
    what = "".join(f"- **{each.name}**: {each.what}\n" for each in chosen)
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
